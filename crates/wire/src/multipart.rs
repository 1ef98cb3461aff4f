//! Uploads as forms send them: `multipart/form-data`, part by part, file bodies streamed.
//! It does not know what a part is for, nor where its bytes go.

mod head;
mod scanner;

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, BodyDataStream},
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use content::{ByteStream, MediaType};
use futures_util::{Stream, StreamExt, future::poll_fn};
use http::{HeaderMap, StatusCode, header};

use crate::{refusal::plain_error, request_body::BodyFault};
use head::Head;
use scanner::{Event, Scanner};

/// Most parts in one form, files and texts together.
pub const MAX_PARTS: usize = 1000;
/// Longest text part, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// All text parts of one form together, in bytes: a handler keeps them in memory.
const MAX_ALL_TEXT_BYTES: usize = 4 * 1024 * 1024;
/// What may follow the closing delimiter and is still read, in bytes, so that the connection can serve on.
const MAX_EPILOGUE_BYTES: usize = 64 * 1024;

/// Why a form cannot be read (any further).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMultipart {
    /// The request has another content type.
    #[error("the request is not multipart/form-data")]
    NotMultipart,
    /// The content type names no boundary, or one that cannot be.
    #[error("the content type has no usable boundary")]
    MissingBoundary,
    /// The body does not have the form it promises: no closing delimiter, a bad part head.
    #[error("the multipart body is malformed")]
    Malformed,
    /// There are more than [`MAX_PARTS`].
    #[error("the form has more than {MAX_PARTS} parts")]
    TooManyParts,
    /// A text part is longer than [`MAX_TEXT_BYTES`], or all together are far too long.
    #[error("a text part is longer than {MAX_TEXT_BYTES} bytes")]
    TextTooLong,
    /// The body is above the limit of its mount.
    #[error("the request body is too large")]
    TooLarge,
    /// The client went away or fell silent before the end.
    #[error("the upload broke off")]
    Interrupted,
}

impl BadMultipart {
    /// Finds the reason in an error that the body of a [`Part::File`] gave.
    #[must_use]
    pub fn within(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<BadMultipart> for io::Error {
    fn from(bad: BadMultipart) -> Self {
        let kind = match bad {
            BadMultipart::TooLarge => io::ErrorKind::FileTooLarge,
            BadMultipart::Interrupted => io::ErrorKind::ConnectionAborted,
            BadMultipart::NotMultipart
            | BadMultipart::MissingBoundary
            | BadMultipart::Malformed
            | BadMultipart::TooManyParts
            | BadMultipart::TextTooLong => io::ErrorKind::InvalidData,
        };
        Self::new(kind, bad)
    }
}

impl IntoResponse for BadMultipart {
    /// Plain words, for who has none of their own: a dialect takes `Result<Parts, BadMultipart>`.
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotMultipart => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Interrupted => StatusCode::REQUEST_TIMEOUT,
            Self::MissingBoundary | Self::Malformed | Self::TooManyParts | Self::TextTooLong => StatusCode::BAD_REQUEST,
        };
        plain_error(status, &self.to_string())
    }
}

/// One part of a form.
pub enum Part {
    /// A field.
    Text {
        /// Name of the field; empty when the part has none.
        name: String,
        /// Its value.
        value: String,
    },
    /// A file: whatever has a file name. A part with an empty name and no bytes, as browsers send for an empty field, is left out.
    File {
        /// Name of the field; empty when the part has none.
        name: String,
        /// The file's name as the client gave it, without folders.
        file_name: String,
        /// What the client says the bytes are.
        media_type: Option<MediaType>,
        /// The bytes, to be read before the next part is asked for; what is left then is skipped. Its errors are [`BadMultipart`]s within.
        body: ByteStream,
    },
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { name, value } => {
                f.debug_struct("Text").field("name", name).field("bytes", &value.len()).finish()
            }
            Self::File { name, file_name, media_type, body: _ } => f
                .debug_struct("File")
                .field("name", name)
                .field("file_name", file_name)
                .field("media_type", media_type)
                .finish_non_exhaustive(),
        }
    }
}

/// The parts of a form, in the order in which they come. An extractor; it reads nothing before the first [`Self::next`].
pub struct Parts {
    reader: Arc<Mutex<Reader>>,
    count: usize,
    left_out: usize,
    text_left: usize,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("count", &self.count).finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequest<S> for Parts {
    type Rejection = BadMultipart;

    async fn from_request(request: Request, _state: &S) -> Result<Self, BadMultipart> {
        let (parts, body) = request.into_parts();
        Self::new(&parts.headers, body)
    }
}

impl Parts {
    /// Reads a body with these headers as a form.
    ///
    /// # Errors
    /// [`BadMultipart::NotMultipart`] and [`BadMultipart::MissingBoundary`], by the content type alone.
    pub fn new(headers: &HeaderMap, body: Body) -> Result<Self, BadMultipart> {
        let content_type = headers.get(header::CONTENT_TYPE).ok_or(BadMultipart::NotMultipart)?;
        let boundary = head::boundary(content_type.as_bytes())?;
        let reader = Reader {
            source: body.into_data_stream(),
            scanner: Scanner::new(&boundary),
            part: 0,
            inside: false,
            peeked: None,
            failed: None,
            epilogue_left: MAX_EPILOGUE_BYTES,
        };
        Ok(Self { reader: Arc::new(Mutex::new(reader)), count: 0, left_out: 0, text_left: MAX_ALL_TEXT_BYTES })
    }

    /// The next part; `None` after the last one.
    ///
    /// # Errors
    /// [`BadMultipart`]; the same again at every further call.
    pub async fn next(&mut self) -> Result<Option<Part>, BadMultipart> {
        loop {
            let Some(head) = poll_fn(|cx| lock(&self.reader).poll_head(cx)).await? else { return Ok(None) };
            self.count += 1;
            if self.count > MAX_PARTS {
                return Err(lock(&self.reader).fail(BadMultipart::TooManyParts));
            }
            let Head { name, file_name, media_type } = head;
            let Some(file_name) = file_name else {
                return Ok(Some(Part::Text { name, value: self.text().await? }));
            };
            if file_name.is_empty() && poll_fn(|cx| lock(&self.reader).poll_is_empty(cx)).await? {
                self.left_out += 1;
                continue;
            }
            let part = lock(&self.reader).part;
            let body = FileBody { reader: Arc::clone(&self.reader), part }.boxed();
            return Ok(Some(Part::File { name, file_name, media_type, body }));
        }
    }

    /// How many parts were left out so far because nobody had chosen a file for them.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    async fn text(&mut self) -> Result<String, BadMultipart> {
        let mut value = Vec::new();
        let limit = MAX_TEXT_BYTES.min(self.text_left);
        while let Some(chunk) = poll_fn(|cx| lock(&self.reader).poll_data(cx)).await? {
            if value.len() + chunk.len() > limit {
                return Err(lock(&self.reader).fail(BadMultipart::TextTooLong));
            }
            value.extend_from_slice(&chunk);
        }
        self.text_left -= value.len();
        Ok(head::text(&value))
    }
}

fn lock(reader: &Mutex<Reader>) -> MutexGuard<'_, Reader> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`Parts`] and the body of the current file share: never both at work at once, so the lock is always free.
struct Reader {
    source: BodyDataStream,
    scanner: Scanner,
    /// Number of the current part, by which a body knows that its time is over.
    part: u64,
    /// Between the head and the end of a part.
    inside: bool,
    /// The first bytes of a part, read to see whether there are any.
    peeked: Option<Bytes>,
    failed: Option<BadMultipart>,
    epilogue_left: usize,
}

impl Reader {
    fn fail(&mut self, bad: BadMultipart) -> BadMultipart {
        *self.failed.get_or_insert(bad)
    }

    /// The next event, with as much read from the source as it takes.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, BadMultipart>> {
        loop {
            if let Some(bad) = self.failed {
                return Poll::Ready(Err(bad));
            }
            match self.scanner.next_event() {
                Ok(Event::NeedMore) => {}
                Ok(event) => return Poll::Ready(Ok(event)),
                Err(bad) => return Poll::Ready(Err(self.fail(bad))),
            }
            match ready!(self.source.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => self.scanner.feed(chunk),
                Some(Err(error)) => return Poll::Ready(Err(self.fail(reason(&error)))),
                None => return Poll::Ready(Err(self.fail(BadMultipart::Malformed))),
            }
        }
    }

    /// The next bytes of the current part; `None` at its end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BadMultipart>> {
        if let Some(bytes) = self.peeked.take() {
            return Poll::Ready(Ok(Some(bytes)));
        }
        if !self.inside {
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(match ready!(self.poll_event(cx))? {
            Event::Data(bytes) => Ok(Some(bytes)),
            Event::PartEnd => {
                self.inside = false;
                Ok(None)
            }
            Event::NeedMore | Event::Head(_) | Event::End => unreachable!("a part is ended before anything else comes"),
        })
    }

    fn poll_is_empty(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, BadMultipart>> {
        let first = ready!(self.poll_data(cx))?;
        self.peeked = first;
        Poll::Ready(Ok(self.peeked.is_none()))
    }

    /// Skips what is left of the current part and reads the head of the next; `None` after the last.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Head>, BadMultipart>> {
        while ready!(self.poll_data(cx))?.is_some() {}
        match ready!(self.poll_event(cx))? {
            Event::Head(bytes) => {
                self.part += 1;
                self.inside = true;
                Poll::Ready(Head::parse(&bytes).map(Some).map_err(|bad| self.fail(bad)))
            }
            Event::End => {
                ready!(self.poll_epilogue(cx));
                Poll::Ready(Ok(None))
            }
            Event::NeedMore | Event::Data(_) | Event::PartEnd => unreachable!("no part is open"),
        }
    }

    /// Reads to the end of the body, if that is near. Whatever it says no longer matters.
    fn poll_epilogue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.epilogue_left > 0 {
            match ready!(self.source.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => self.epilogue_left = self.epilogue_left.saturating_sub(chunk.len()),
                _ => self.epilogue_left = 0,
            }
        }
        Poll::Ready(())
    }
}

fn reason(error: &axum::Error) -> BadMultipart {
    match BodyFault::within(error) {
        Some(BodyFault::TooLarge { .. }) => BadMultipart::TooLarge,
        Some(BodyFault::Silent) | None => BadMultipart::Interrupted,
    }
}

/// The bytes of one file.
struct FileBody {
    reader: Arc<Mutex<Reader>>,
    part: u64,
}

impl Stream for FileBody {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let mut reader = lock(&self.reader);
        if reader.part != self.part {
            return Poll::Ready(Some(Err(io::Error::other("a later part of the form has been asked for"))));
        }
        reader.poll_data(cx).map(|data| data.map_err(io::Error::from).transpose())
    }
}
