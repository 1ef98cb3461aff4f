//! A connection with patience and its limits: idle ones, slow heads and stalled readers are cut off, and unread uploads are heard out.
//! It knows no HTTP but the phase that the reader beneath it tells.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::coop::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    activity::Activity,
    escape::{EscapedIo, Phase},
};

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a head to be complete, once it has begun.
    pub(crate) head: Duration,
    /// For the next head to begin.
    pub(crate) idle: Duration,
    /// For the client to take anything of what is written.
    pub(crate) write: Duration,
}

/// After an answer that came before the upload was over, so long the client may go on sending until it has seen the answer. Closing at
/// once would make its system throw away the answer together with the unread bytes.
const LINGER: Duration = Duration::from_secs(5);

/// A connection whose waits end.
pub(crate) struct PacedIo<T> {
    inner: EscapedIo<T>,
    activity: Activity,
    patience: Patience,
    reading: Alarm,
    writing: Alarm,
    /// Which head is being read, and since when.
    head: (u64, Instant),
    write_stalled_since: Option<Instant>,
    /// Set while lingering: its end.
    linger_until: Option<Instant>,
}

/// A timer that is moved forward only when it rings: most deadlines never come, so most moves are saved.
#[derive(Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom it wakes.
    waker: Option<Waker>,
}

impl Alarm {
    /// When it is going to wake this very task; `None` when it is not.
    fn rings_at(&self, cx: &Context<'_>) -> Option<Instant> {
        let sleep = self.sleep.as_ref().filter(|sleep| !sleep.is_elapsed())?;
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        known.then(|| sleep.deadline())
    }

    /// Ready once `deadline` has passed; else the task is woken then, or earlier.
    fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        // To ask a timer costs more than all else here, and this is asked twice for each request.
        if self.rings_at(cx).is_some_and(|at| at <= deadline) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        // Unconstrained, because a timer that is asked when the task's budget is used up notes no waker: it would never ring.
        while pin!(unconstrained(sleep.as_mut())).poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl<T> PacedIo<T> {
    pub(crate) fn new(inner: T, activity: Activity, patience: Patience) -> Self {
        Self {
            inner: EscapedIo::new(inner),
            activity,
            patience,
            reading: Alarm::default(),
            writing: Alarm::default(),
            head: (0, Instant::now()),
            write_stalled_since: None,
            linger_until: None,
        }
    }

    /// Ready when this client has been waited for long enough; whether that is worth an error.
    fn poll_read_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let idle = self.patience.idle;
        let Some(idle_since) = self.activity.idle_since() else {
            // Its turn is not now. Look again later; a request that ends wakes nobody here.
            if self.reading.rings_at(cx).is_some() {
                return Poll::Pending;
            }
            ready!(self.reading.poll(Instant::now() + idle.min(self.patience.head), cx));
            return Poll::Pending;
        };
        match self.inner.phase() {
            Phase::Head => {
                ready!(self.reading.poll(self.head.1.max(idle_since) + self.patience.head, cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            // A body is waited for by whoever reads it; here it is one that nobody reads any more.
            Phase::Idle | Phase::Body | Phase::Opaque => {
                ready!(self.reading.poll(idle_since + idle, cx));
                Poll::Ready(Ok(()))
            }
        }
    }

    fn note_head(&mut self) {
        let begun = self.inner.heads_begun();
        if begun != self.head.0 {
            self.head = (begun, Instant::now());
        }
    }

    /// Passes on the outcome of a write, unless nothing has been written for too long.
    fn pace_write<R>(&mut self, outcome: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if outcome.is_ready() {
            self.write_stalled_since = None;
            return outcome;
        }
        let since = *self.write_stalled_since.get_or_insert_with(Instant::now);
        ready!(self.writing.poll(since + self.patience.write, cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PacedIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_read(cx, buf);
        if outcome.is_ready() {
            this.note_head();
            return outcome;
        }
        // Patience that ends without an error leaves the buffer as it is, which reads as the end of the stream.
        this.poll_read_patience(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> PacedIo<T> {
    /// Reads what still comes, and throws it away, until the client has closed or the time is up.
    fn poll_linger(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut storage = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut storage);
            match Pin::new(self.inner.inner_mut()).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.reading.poll(until, cx),
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PacedIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.pace_write(outcome, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_flush(cx);
        this.pace_write(outcome, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let until = match this.linger_until {
            Some(until) => until,
            None => {
                let outcome = Pin::new(&mut this.inner).poll_shutdown(cx);
                ready!(this.pace_write(outcome, cx))?;
                if this.inner.phase() != Phase::Body {
                    return Poll::Ready(Ok(()));
                }
                *this.linger_until.insert(Instant::now() + LINGER)
            }
        };
        this.poll_linger(until, cx).map(Ok)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.pace_write(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{
        task::coop::{consume_budget, has_budget_remaining},
        time::timeout,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_that_was_set_by_a_task_without_budget() {
        let mut alarm = Alarm::default();
        let deadline = Instant::now() + Duration::from_secs(9);
        let rung = poll_fn(|cx| {
            while has_budget_remaining() {
                let _ = pin!(consume_budget()).poll(cx);
            }
            alarm.poll(deadline, cx)
        });
        assert!(timeout(Duration::from_secs(60), rung).await.is_ok());
        assert_eq!(Instant::now(), deadline);
    }
}
