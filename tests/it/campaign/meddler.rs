//! A line to a simulated machine that can be hung up and made again: the machine goes on without it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use sacpilot::transport::{Line, Reopen, Reopening, SimLine};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Chance of the campaign's own (SplitMix64, Steele 2014), so that it shares nothing with the machine's.
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

/// The place where lines to the machine are plugged in.
#[derive(Clone)]
pub(super) struct Socket {
    machine: Arc<Mutex<SimLine>>,
    dice: Arc<Mutex<Dice>>,
    /// A line lives for at most twice as many bytes; 0: for ever.
    lives: u64,
    hung_up: Arc<AtomicU64>,
}

impl Socket {
    pub(super) fn new(machine: SimLine, lives: u64, seed: u64) -> Self {
        Self {
            machine: Arc::new(Mutex::new(machine)),
            dice: Arc::new(Mutex::new(Dice(seed))),
            lives,
            hung_up: Arc::default(),
        }
    }

    /// A new line.
    pub(super) fn plug(&self) -> Meddler {
        let left = (self.lives > 0).then(|| 1 + self.dice.lock().unwrap().below(2 * self.lives));
        Meddler { socket: self.clone(), left }
    }

    /// How often lines were hung up.
    pub(super) fn hung_up(&self) -> u64 {
        self.hung_up.load(Ordering::Relaxed)
    }
}

impl Reopen for Socket {
    fn reopen(&mut self) -> Reopening<'_> {
        Box::pin(async { Ok(Box::new(self.plug()) as Box<dyn Line>) })
    }
}

/// A line that hangs up after so many bytes, in the middle of whatever it is.
pub(super) struct Meddler {
    socket: Socket,
    left: Option<u64>,
}

impl Meddler {
    /// How many of `count` bytes still go through.
    fn spend(&mut self, count: usize) -> usize {
        let Some(left) = &mut self.left else { return count };
        let through = count.min(usize::try_from(*left).unwrap());
        *left -= through as u64;
        if *left == 0 && through > 0 {
            self.socket.hung_up.fetch_add(1, Ordering::Relaxed);
        }
        through
    }
}

impl AsyncRead for Meddler {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == Some(0) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let machine = Arc::clone(&self.socket.machine);
        let read = Pin::new(&mut *machine.lock().unwrap()).poll_read(context, buffer);
        let through = self.spend(buffer.filled().len() - before);
        buffer.set_filled(before + through);
        read
    }
}

impl AsyncWrite for Meddler {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let through = self.spend(bytes.len());
        if through == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let machine = Arc::clone(&self.socket.machine);
        Pin::new(&mut *machine.lock().unwrap()).poll_write(context, &bytes[..through])
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line for Meddler {
    fn describe(&self) -> String {
        "a line that is hung up".to_owned()
    }
}
