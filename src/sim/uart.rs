//! The receiving side of the port: bytes wait in the UART, a timer moves them into the driver's ring.

use std::collections::VecDeque;
use std::time::Duration;

use super::options::{PollOptions, Receiver};

/// Size of the driver's ring.
const RING: usize = 1024;
/// From the driver's start to its first poll.
const FIRST_POLL: Duration = Duration::from_micros(400);
/// From poll to poll.
const PERIOD: Duration = Duration::from_millis(4);
/// What a 16550 holds.
const FIFO: usize = 16;

/// Bytes that arrived and were not polled yet.
#[derive(Debug)]
pub(super) struct Uart {
    arrived: VecDeque<(Duration, u8)>,
    receiver: Receiver,
    /// When the timer stands still.
    late: PollOptions,
    /// Machine time of the first poll.
    first: Duration,
    /// Machine time of the last poll.
    polled: Option<Duration>,
}

/// The driver's ring. Nobody checks whether the writer overtakes the reader: 1024 unread bytes look like none.
#[derive(Debug)]
pub(super) struct Ring {
    bytes: [u8; RING],
    write: usize,
    read: usize,
}

impl Uart {
    /// The port of a driver that starts at `now`.
    pub(super) fn new(receiver: Receiver, late: PollOptions, now: Duration) -> Self {
        Self { arrived: VecDeque::new(), receiver, late, first: now + FIRST_POLL, polled: None }
    }

    /// A byte arrives.
    pub(super) fn arrive(&mut self, at: Duration, byte: u8) {
        self.arrived.push_back((at, byte));
    }

    /// When the next poll finds something. A poll finds what arrived before it, never what arrives with it: so it
    /// does not matter in how many pieces that comes.
    pub(super) fn next_poll(&self) -> Option<Duration> {
        let (arrived, _) = self.arrived.front()?;
        let mut poll = self.first;
        if let Some(late) = arrived.checked_sub(self.first) {
            let periods = late.as_nanos() / PERIOD.as_nanos() + 1;
            poll += PERIOD * u32::try_from(periods).unwrap_or(u32::MAX);
        }
        Some(self.on_time(match self.polled {
            Some(last) => poll.max(last + PERIOD),
            None => poll,
        }))
    }

    /// A poll at a time when the timer stands still comes at the end of that time.
    fn on_time(&self, poll: Duration) -> Duration {
        let Some(every) = self.late.late_every.map(|span| span.0).filter(|every| !every.is_zero()) else {
            return poll;
        };
        let since = poll.saturating_sub(self.first);
        let round = u32::try_from(since.as_nanos() / every.as_nanos()).unwrap_or(u32::MAX);
        let end = every * round + self.late.late_by.0.min(every);
        if round == 0 || since >= end { poll } else { self.first + end }
    }

    /// The timer: moves what arrived before `now` until nothing is there. A NUL looks like nothing.
    pub(super) fn poll(&mut self, now: Duration) -> Vec<u8> {
        self.polled = Some(now);
        if self.receiver == Receiver::Fifo16 {
            let waiting = self.arrived.iter().take_while(|(at, _)| *at < now).count();
            if waiting > FIFO {
                self.arrived.drain(FIFO..waiting);
            }
        }
        let mut moved = Vec::new();
        while let Some((_, byte)) = self.arrived.pop_front_if(|(at, _)| *at < now) {
            if byte == 0 {
                break;
            }
            moved.push(byte);
        }
        moved
    }
}

impl Ring {
    pub(super) fn new() -> Self {
        Self { bytes: [0; RING], write: 0, read: 0 }
    }

    /// How many unread bytes were lost by it: all, when the writer has overtaken the reader.
    pub(super) fn push(&mut self, byte: u8) -> usize {
        self.bytes[self.write] = byte;
        self.write = (self.write + 1) % RING;
        if self.is_empty() { RING } else { 0 }
    }

    pub(super) fn pop(&mut self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let byte = self.bytes[self.read];
        self.read = (self.read + 1) % RING;
        Some(byte)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read == self.write
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::Span;

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn polls_come_every_4_ms_after_the_first_and_only_when_something_arrived() {
        let mut uart = Uart::new(Receiver::Virtual, PollOptions::default(), micros(1_000_000));
        assert_eq!(uart.next_poll(), None);
        for (arrival, poll) in
            [(1_000_000, 1_000_400), (1_000_400, 1_004_400), (1_004_399, 1_004_400 + 4_000)]
        {
            uart.arrive(micros(arrival), b'x');
            assert_eq!(uart.next_poll(), Some(micros(poll)), "{arrival}");
            assert_eq!(uart.poll(micros(poll)), b"x");
        }
        uart.arrive(micros(1_050_000), b'y');
        assert_eq!(uart.next_poll(), Some(micros(1_052_400)));
    }

    #[test]
    fn a_nul_ends_the_poll() {
        let mut uart = Uart::new(Receiver::Virtual, PollOptions::default(), Duration::ZERO);
        for byte in *b"a\0b" {
            uart.arrive(Duration::ZERO, byte);
        }
        assert_eq!(uart.poll(micros(400)), b"a");
        assert_eq!(uart.next_poll(), Some(micros(4_400)));
        assert_eq!(uart.poll(micros(4_400)), b"b");
        assert_eq!(uart.next_poll(), None);
    }

    #[test]
    fn a_16550_keeps_16_bytes_between_two_polls() {
        let mut uart = Uart::new(Receiver::Fifo16, PollOptions::default(), Duration::ZERO);
        for byte in 1..=40 {
            uart.arrive(Duration::ZERO, byte);
        }
        uart.arrive(micros(400), 99);
        assert_eq!(uart.poll(micros(400)), (1..=16).collect::<Vec<u8>>());
        assert_eq!(uart.poll(micros(4_400)), [99]);
    }

    #[test]
    fn a_timer_that_stands_still_polls_afterwards() {
        let late = PollOptions { late_every: Some(Span::millis(1_000)), late_by: Span::millis(300) };
        let mut uart = Uart::new(Receiver::Virtual, late, Duration::ZERO);
        for (arrival, poll) in
            [(100_000, 100_400), (999_000, 1_300_400), (1_200_000, 1_300_400), (1_300_400, 1_304_400)]
        {
            uart.arrive(micros(arrival), b'x');
            assert_eq!(uart.next_poll(), Some(micros(poll)), "{arrival}");
            if poll > 1_300_400 || arrival < 900_000 {
                uart.poll(micros(poll));
            } else {
                uart.arrived.clear();
            }
        }
    }

    #[test]
    fn the_ring_loses_everything_when_it_is_exactly_full() {
        let drained = |pushed: usize| {
            let mut ring = Ring::new();
            let lost: usize = (0..pushed).map(|n| ring.push((n % 251) as u8)).sum();
            assert_eq!(lost, if pushed < RING { 0 } else { RING });
            std::iter::from_fn(|| ring.pop()).collect::<Vec<u8>>()
        };
        assert_eq!(drained(1023).len(), 1023);
        assert!(drained(1024).is_empty());
        assert_eq!(drained(1027), [(1024 % 251) as u8, (1025 % 251) as u8, (1026 % 251) as u8]);
    }
}
