//! The sending side of the port: bytes leave it at the port's speed, and the driver waits for them.

use std::collections::VecDeque;
use std::time::Duration;

/// Bytes on their way out.
#[derive(Debug)]
pub(super) struct Wire {
    leaving: VecDeque<(Duration, u8)>,
    /// Time of one byte, in nanoseconds.
    byte_nanos: u64,
    free: Duration,
}

impl Wire {
    /// A port with that many bits a second, 10 bits a byte; none: no time at all.
    pub(super) fn new(baud: Option<u32>) -> Self {
        let byte_nanos = baud.map_or(0, |baud| 10_000_000_000 / u64::from(baud.max(1)));
        Self { leaving: VecDeque::new(), byte_nanos, free: Duration::ZERO }
    }

    /// Sends bytes after all that were sent before.
    pub(super) fn send(&mut self, now: Duration, bytes: &[u8]) {
        for byte in bytes {
            self.free = self.free.max(now) + Duration::from_nanos(self.byte_nanos);
            self.leaving.push_back((self.free, *byte));
        }
    }

    /// When the last byte has left.
    pub(super) fn free(&self) -> Duration {
        self.free
    }

    /// When the next byte has left.
    pub(super) fn next(&self) -> Option<Duration> {
        self.leaving.front().map(|(at, _)| *at)
    }

    /// The bytes that have left by `now`, and when they did.
    pub(super) fn take(&mut self, now: Duration) -> Vec<(Duration, u8)> {
        let count = self.leaving.partition_point(|(at, _)| *at <= now);
        self.leaving.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_speed_bytes_leave_at_once() {
        let mut wire = Wire::new(None);
        wire.send(Duration::from_secs(3), b"abc");
        let at = Duration::from_secs(3);
        assert_eq!(wire.take(at), b"abc".map(|byte| (at, byte)));
        assert_eq!(wire.next(), None);
    }

    #[test]
    fn a_byte_takes_ten_bits() {
        let mut wire = Wire::new(Some(115_200));
        wire.send(Duration::ZERO, &[b'x'; 11_520]);
        assert_eq!(wire.take(Duration::from_millis(500)).len(), 5_760);
        assert!(wire.free().abs_diff(Duration::from_secs(1)) < Duration::from_micros(100));
        assert!(wire.next() > Some(Duration::from_millis(500)));
    }
}
