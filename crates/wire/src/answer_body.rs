//! The body of an answer on its way out: counted for the access log, and seen to its end.
//! It does not know what the bytes are.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http_body::{Body as _, Frame, SizeHint};

use crate::{access_log::Line, activity::InFlight};

/// The body of an answer. When it is over or given up, the request's line goes to the access log.
pub struct AnswerBody {
    inner: Body,
    line: Line,
    ended: bool,
    /// Held until the end, so that the connection does not count as idle.
    in_flight: Option<InFlight>,
}

impl AnswerBody {
    pub(crate) fn new(inner: Body, line: Line) -> Self {
        Self { inner, line, ended: false, in_flight: None }
    }

    /// Keeps the connection busy until this body is done.
    pub(crate) fn holding(mut self, in_flight: InFlight) -> Self {
        self.in_flight = Some(in_flight);
        self
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.inner).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                let len = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.line.bytes += len;
                this.line.traffic.sent.inc_by(len);
            }
            Poll::Ready(None) => this.ended = true,
            Poll::Ready(Some(Err(error))) => {
                tracing::warn!(request_id = %this.line.request_id, %error, "the answer broke off");
            }
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.line.complete = self.ended || self.inner.is_end_stream();
    }
}
