//! A file on its way in, over as many answers as it takes.

use std::{io, time::Duration};

use bytes::{Buf, Bytes};
use content::ByteStream;
use futures_util::{StreamExt as _, stream};
use reqwest::{
    Response, StatusCode,
    header::{HeaderValue, IF_RANGE, RANGE},
};
use tokio::time::{sleep, timeout};

use super::{
    Limits, MAX_RESUMPTIONS,
    head::{Head, Version},
    too_large,
};
use crate::{
    Failure,
    http::{self, Http, NamedBy, Request},
};

/// A file of which [`Self::received`] bytes have been handed out.
pub(super) struct Download {
    http: Http,
    /// For the whole file, at the address that was named.
    request: Request,
    limits: Limits,
    pauses: &'static [Duration],
    media_type: Option<String>,
    version: Version,
    /// How many bytes the file has, where that is known.
    total: Option<u64>,
    received: u64,
    part: Part,
    resumptions: usize,
    /// How many of them since the last byte.
    in_a_row: usize,
}

/// One answer that is being read.
struct Part {
    answer: Response,
    /// How many of its next bytes have been handed out before.
    skip: u64,
    /// How many bytes it has yet to give, where that is known.
    left: Option<u64>,
}

/// Why there are no more bytes.
enum Trouble {
    /// The file can be asked for again.
    Again(Failure),
    /// That would not help.
    Over(io::Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Later(_) => Self::Again(failure),
            Failure::Refused(_) => Self::Over(io::Error::other(failure)),
        }
    }
}

impl Download {
    pub(super) fn new(
        http: Http,
        request: Request,
        limits: Limits,
        pauses: &'static [Duration],
        head: Head,
        answer: Response,
    ) -> Self {
        let Head { len, media_type, version, .. } = head;
        let part = Part { answer, skip: 0, left: len };
        let (received, resumptions, in_a_row) = (0, 0, 0);
        Self { http, request, limits, pauses, media_type, version, total: len, received, part, resumptions, in_a_row }
    }

    pub(super) fn into_stream(self) -> ByteStream {
        let chunks = stream::unfold(Some(self), |download| async move {
            let mut download = download?;
            match download.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(download))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        chunks.boxed()
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        // Who reads the last byte late has read it all the same.
        if self.total == Some(self.received) {
            return Ok(None);
        }
        let left = self.limits.left();
        // Bytes that are there already are never waited for, so that a wait with a limit would not notice.
        let next = if left.is_zero() { None } else { timeout(left, self.chunk()).await.ok() };
        next.unwrap_or_else(|| {
            let why = format!("not all of it came within {:?}", self.limits.timeout);
            Err(io::Error::new(io::ErrorKind::TimedOut, Failure::Later(why)))
        })
    }

    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let cut = match self.part.chunk(self.limits.idle).await {
                Ok(Some(chunk)) => return self.hand_out(chunk).map(Some),
                Ok(None) if self.is_whole() => return Ok(None),
                Ok(None) => Failure::Later("the answer ended before the file did".to_owned()),
                Err(Trouble::Again(failure)) => failure,
                Err(Trouble::Over(error)) => return Err(error),
            };
            self.resume(cut).await?;
        }
    }

    fn hand_out(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        let received = self.received.saturating_add(chunk.len() as u64);
        if received > self.limits.max_bytes {
            return Err(over_limit(self.limits.max_bytes));
        }
        self.received = received;
        self.in_a_row = 0;
        Ok(chunk)
    }

    /// Whether the file ends where the answer does.
    fn is_whole(&self) -> bool {
        self.total.is_none_or(|total| total == self.received) && self.part.skip == 0
    }

    /// Asks again until there is an answer with the bytes that come next. What is said in the end is what went wrong last.
    async fn resume(&mut self, mut cut: Failure) -> io::Result<()> {
        loop {
            let pause = self.pauses.get(self.in_a_row).filter(|_| self.resumptions < MAX_RESUMPTIONS);
            let (Some(pause), Some(request)) = (pause, self.rest_request()) else {
                return Err(io::Error::other(cut));
            };
            self.in_a_row += 1;
            self.resumptions += 1;
            sleep(*pause).await;
            match self.ask_again(request).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Again(failure)) => cut = failure,
                Err(Trouble::Over(error)) => return Err(error),
            }
        }
    }

    /// The request for what is still to come; `None` if nothing says which version that has to be of. From the address that was named,
    /// because those that it redirects to may hold for minutes only.
    fn rest_request(&self) -> Option<Request> {
        let mut request = self.request.clone();
        if self.received > 0 {
            let range = format!("bytes={}-", self.received);
            request.headers.insert(RANGE, HeaderValue::try_from(range).expect("digits make a header"));
            request.headers.insert(IF_RANGE, self.version.if_range()?.clone());
        }
        Some(request)
    }

    async fn ask_again(&mut self, request: Request) -> Result<(), Trouble> {
        let answer = self.http.exchange(request, NamedBy::User, self.limits.idle).await?;
        if self.received == 0 {
            return self.begin_anew(answer);
        }
        // There is less of it than there was, or another version.
        if matches!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PRECONDITION_FAILED) {
            return Err(changed());
        }
        let head = Head::of_rest(&answer)?;
        if !self.version.is(&head.version) {
            return Err(changed());
        }
        if head.status == StatusCode::PARTIAL_CONTENT { self.go_on(&head, answer) } else { self.skip_to(&head, answer) }
    }

    /// Nothing was handed out yet but the media type: any version of that will do.
    fn begin_anew(&mut self, answer: Response) -> Result<(), Trouble> {
        let head = Head::of_whole(&answer)?;
        if head.media_type != self.media_type {
            return Err(changed());
        }
        self.set_total(head.len)?;
        self.version = head.version;
        self.part = Part { answer, skip: 0, left: head.len };
        Ok(())
    }

    /// The bytes that come next, or some of them.
    fn go_on(&mut self, head: &Head, answer: Response) -> Result<(), Trouble> {
        let Some(range) = head.range else {
            return Err(over("answered a part of the file and not which"));
        };
        let as_said = head.len.is_none_or(|len| len == range.len());
        if range.first != self.received || !as_said {
            return Err(over("answered another part of the file than was asked for"));
        }
        if self.total.is_some_and(|total| total != range.total) {
            return Err(changed());
        }
        self.set_total(Some(range.total))?;
        self.part = Part { answer, skip: 0, left: Some(range.len()) };
        Ok(())
    }

    /// All of the file once more, because the server does not do ranges. Only a strong tag vouches for the bytes that are skipped.
    fn skip_to(&mut self, head: &Head, answer: Response) -> Result<(), Trouble> {
        if self.version.strong_tag().is_none() {
            return Err(over("the server begins at the beginning again"));
        }
        let total = self.total.or(head.len);
        if head.len.is_some_and(|len| total != Some(len)) || total.is_some_and(|total| total < self.received) {
            return Err(changed());
        }
        self.set_total(total)?;
        self.part = Part { answer, skip: self.received, left: total };
        Ok(())
    }

    fn set_total(&mut self, total: Option<u64>) -> Result<(), Trouble> {
        if total.is_some_and(|total| total > self.limits.max_bytes) {
            return Err(Trouble::Over(over_limit(self.limits.max_bytes)));
        }
        self.total = total;
        Ok(())
    }
}

impl Part {
    /// The next bytes that are new; `None` at the end.
    async fn chunk(&mut self, idle: Duration) -> Result<Option<Bytes>, Trouble> {
        while self.left != Some(0) {
            let read = timeout(idle, self.answer.chunk()).await;
            let read = read.map_err(|_| Failure::Later(format!("no byte came within {idle:?}")))?;
            let read = read.map_err(|error| http::failure(&error, self.answer.url()))?;
            let Some(mut chunk) = read else { return Ok(None) };
            if let Some(left) = &mut self.left {
                let longer = || over("the answer is longer than it said");
                *left = left.checked_sub(chunk.len() as u64).ok_or_else(longer)?;
            }
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
            chunk.advance(skipped);
            self.skip -= skipped as u64;
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }
}

fn over(why: &str) -> Trouble {
    // A new fetch may do better: it begins with whatever there is then.
    Trouble::Over(io::Error::other(Failure::Later(why.to_owned())))
}

fn changed() -> Trouble {
    over("the file changed while it was fetched")
}

fn over_limit(max_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, too_large(max_bytes))
}
