//! The reader between socket and hyper: escapes in request lines what clients send raw and hyper refuses (`/foo.jpg?size=640>?`).
//! It knows where a request line is and nothing else; every other byte passes as it came.

mod framing;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use framing::Phase;
use framing::{Framing, Run};

/// A pending buffer that has grown beyond this is given back once it is empty, in bytes.
const KEPT_PENDING_BYTES: usize = 16 * 1024;

/// A connection whose request lines come out escaped.
///
/// Bytes go straight into the reader's own buffer. Only where something is escaped they are copied, from there to the end of that one
/// read; what then no longer fits waits here, at most three times what was read.
pub(crate) struct EscapedIo<T> {
    inner: T,
    framing: Framing,
    pending: Vec<u8>,
    /// How much of `pending` has been handed on.
    handed: usize,
}

impl<T> EscapedIo<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, framing: Framing::new(), pending: Vec::new(), handed: 0 }
    }

    /// Where in the conversation the client is.
    pub(crate) fn phase(&self) -> Phase {
        self.framing.phase()
    }

    /// Counts the request heads that have begun.
    pub(crate) fn heads_begun(&self) -> u64 {
        self.framing.heads_begun()
    }

    /// The connection itself, for reads that nobody parses.
    pub(crate) fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    fn hand_on(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = &self.pending[self.handed..];
        let now = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..now]);
        self.handed += now;
        if self.handed == self.pending.len() {
            self.handed = 0;
            self.pending.clear();
            self.pending.shrink_to(KEPT_PENDING_BYTES);
        }
    }

    /// Follows the bytes behind `start` and escapes where that is due.
    fn follow(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        let fresh = &buf.filled()[start..];
        let mut at = 0;
        while at < fresh.len() {
            let Run { len, is_target } = self.framing.next_run(&fresh[at..]);
            let first = if is_target { fresh[at..at + len].iter().position(|&b| is_escaped(b)) } else { None };
            if let Some(first) = first {
                push_escaped(&mut self.pending, &fresh[at + first..at + len]);
                push_followed(&mut self.pending, &mut self.framing, &fresh[at + len..]);
                buf.set_filled(start + at + first);
                self.hand_on(buf);
                return;
            }
            at += len;
        }
    }
}

/// Takes over the rest of a read behind the first escaped byte.
fn push_followed(out: &mut Vec<u8>, framing: &mut Framing, mut rest: &[u8]) {
    while !rest.is_empty() {
        let Run { len, is_target } = framing.next_run(rest);
        let (run, after) = rest.split_at(len);
        if is_target {
            push_escaped(out, run);
        } else {
            out.extend_from_slice(run);
        }
        rest = after;
    }
}

fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if is_escaped(byte) {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            out.push(byte);
        }
    }
}

/// Bytes above ASCII are escaped even where they are UTF-8: it means the same, and needs no look at what is around them.
fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'`' | b'"' | 0x80..)
}

impl<T: AsyncRead + Unpin> AsyncRead for EscapedIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.pending.is_empty() {
            this.hand_on(buf);
            return Poll::Ready(Ok(()));
        }
        let start = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        if this.framing.phase() != Phase::Opaque {
            this.follow(buf, start);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for EscapedIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
