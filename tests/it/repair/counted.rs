//! A line that counts what goes over it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use sacpilot::transport::{Line, SimLine};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(super) struct Counted {
    line: SimLine,
    counts: Arc<Counts>,
}

/// What went over a line.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Both ways.
    bytes: AtomicU64,
    turns: AtomicU64,
    answered: AtomicBool,
}

impl Counts {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How often something was sent after something had come: the answers that were waited for.
    pub(super) fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    fn came(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.answered.fetch_or(bytes > 0, Ordering::Relaxed);
    }

    fn went(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if self.answered.swap(false, Ordering::Relaxed) {
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Counted {
    pub(super) fn new(line: SimLine, counts: Arc<Counts>) -> Self {
        Self { line, counts }
    }
}

impl Line for Counted {
    fn describe(&self) -> String {
        self.line.describe()
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.line).poll_read(context, buffer);
        self.counts.came(buffer.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.line).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.counts.went(*written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(context)
    }
}
