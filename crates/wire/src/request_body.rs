//! The body of a request on its way to a handler: counted against its limit, and cut off when the client falls silent.
//! It does not know what the bytes are.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use prometheus::IntCounter;
use tokio::time::{Instant, Sleep, sleep_until};

/// Why the body of a request stopped, beside the connection itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// It is longer than its mount allows.
    #[error("the request body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// Nothing came for too long.
    #[error("the client stopped sending")]
    Silent,
}

impl BodyFault {
    /// Finds the fault in whatever error a handler got from reading its body.
    #[must_use]
    pub fn within(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref() {
                return Some(*fault);
            }
            next = error.source();
        }
        None
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// A body with a limit and a deadline.
pub(crate) struct RequestBody<B> {
    inner: B,
    limit_bytes: u64,
    left: u64,
    silence: Duration,
    /// Made when the client first lets us wait, then kept.
    deadline: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    received: IntCounter,
}

impl<B> RequestBody<B> {
    /// Wraps a body of at most `limit_bytes`, whose client may be silent for `silence` while it is waited for. What comes is counted.
    pub(crate) fn new(inner: B, limit_bytes: u64, silence: Duration, received: IntCounter) -> Self {
        Self { inner, limit_bytes, left: limit_bytes, silence, deadline: None, waiting: false, received }
    }

    /// Ready when the client has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let silence = self.silence;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + silence)));
        if !self.waiting {
            deadline.as_mut().reset(Instant::now() + silence);
            self.waiting = true;
        }
        deadline.as_mut().poll(cx)
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            ready!(this.poll_silence(cx));
            return Poll::Ready(Some(Err(BodyFault::Silent.into())));
        };
        this.waiting = false;
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame.map_err(Into::into)?;
        let len = frame.data_ref().map_or(0, |data| data.len() as u64);
        this.received.inc_by(len);
        match this.left.checked_sub(len) {
            Some(left) => this.left = left,
            None => return Poll::Ready(Some(Err(BodyFault::TooLarge { limit_bytes: this.limit_bytes }.into()))),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
