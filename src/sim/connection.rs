//! The line between whoever is at the console and the port: both directions with their faults, and the cut.

use std::time::Duration;

use super::noise::Noise;
use super::options::{DisconnectOptions, NoiseOptions};

/// One line. It is connected when the machine is switched on.
#[derive(Debug)]
pub(super) struct Connection {
    options: DisconnectOptions,
    to_machine: Noise,
    from_machine: Noise,
    /// Bytes of this connection, both directions.
    bytes: u64,
    /// When this connection was made.
    since: Duration,
    /// Which one it is, from 1.
    number: u32,
    cut: bool,
    /// Whether anybody is at its other end yet.
    begun: bool,
}

impl Connection {
    pub(super) fn new(noise: &NoiseOptions, options: &DisconnectOptions) -> Self {
        Self {
            options: options.clone(),
            to_machine: Noise::new(&noise.to_machine, noise.seed),
            from_machine: Noise::new(&noise.from_machine, noise.seed ^ 1),
            bytes: 0,
            since: Duration::ZERO,
            number: 1,
            cut: false,
            begun: false,
        }
    }

    /// The first connection begins: what was before is nobody's business.
    pub(super) fn begin(&mut self, now: Duration) {
        (self.since, self.begun) = (now, true);
    }

    /// Somebody connects again.
    pub(super) fn connect(&mut self, now: Duration) {
        self.drop_all();
        (self.bytes, self.since, self.cut) = (0, now, false);
        self.number += 1;
    }

    /// Whether bytes or time may still cut it: then what it carries is to be looked at in its order.
    pub(super) fn may_be_cut(&self) -> bool {
        let limited = self.options.after_bytes > 0 || self.options.after.is_some();
        limited && self.may_end() && !self.cut
    }

    /// How many bytes were lost, altered or repeated so far, in both directions.
    pub(super) fn line_faults(&self) -> u64 {
        self.to_machine.done() + self.from_machine.done()
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// A byte is sent to the machine.
    pub(super) fn send(&mut self, at: Duration, byte: u8) {
        self.look(at);
        if !self.cut {
            self.to_machine.send(at, byte);
            self.count();
        }
    }

    /// When the next byte arrives at the machine.
    pub(super) fn next_arrival(&self) -> Option<Duration> {
        self.to_machine.next()
    }

    /// The byte that arrives at the machine by `now`.
    pub(super) fn arrival(&mut self, now: Duration) -> Option<u8> {
        self.to_machine.take(now).map(|(_, byte)| byte)
    }

    /// A byte leaves the machine.
    pub(super) fn leave(&mut self, at: Duration, byte: u8) {
        self.look(at);
        if !self.cut {
            self.from_machine.send(at, byte);
        }
    }

    /// What has come out at this end by `now`.
    pub(super) fn delivered(&mut self, now: Duration) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some((at, byte)) = self.from_machine.take(now) {
            self.look(at);
            if self.cut {
                break;
            }
            bytes.push(byte);
            self.count();
        }
        self.look(now);
        bytes
    }

    /// When something happens at this end.
    pub(super) fn next(&self) -> Option<Duration> {
        [self.from_machine.next(), self.end()].into_iter().flatten().min()
    }

    fn count(&mut self) {
        self.bytes += 1;
        let limit = self.options.after_bytes;
        if limit > 0 && self.bytes >= limit && self.may_end() {
            self.drop_all();
        }
    }

    /// Cuts the line when its time has come.
    fn look(&mut self, now: Duration) {
        if self.end().is_some_and(|end| end <= now) {
            self.drop_all();
        }
    }

    fn end(&self) -> Option<Duration> {
        let span = self.options.after.filter(|_| self.may_end() && !self.cut)?;
        Some(self.since + span.0)
    }

    fn may_end(&self) -> bool {
        self.begun && (self.options.times == 0 || self.number <= self.options.times)
    }

    fn drop_all(&mut self) {
        self.cut = true;
        self.to_machine.cut();
        self.from_machine.cut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::Span;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn line(options: &DisconnectOptions) -> Connection {
        let mut line = Connection::new(&NoiseOptions::default(), options);
        line.begin(Duration::ZERO);
        line
    }

    #[test]
    fn it_is_cut_after_so_many_bytes_of_both_directions() {
        let mut line = line(&DisconnectOptions { after_bytes: 4, ..DisconnectOptions::default() });
        line.send(seconds(1), b'a');
        b"bcde".iter().for_each(|byte| line.leave(seconds(1), *byte));
        assert_eq!(line.arrival(seconds(1)), Some(b'a'));
        assert_eq!(line.delivered(seconds(1)), b"bcd");
        assert!(line.is_cut());
        line.leave(seconds(2), b'f');
        line.send(seconds(2), b'g');
        assert_eq!((line.delivered(seconds(3)), line.arrival(seconds(3))), (vec![], None));

        // Once is the default: the next connection is good.
        line.connect(seconds(4));
        b"0123456789".iter().for_each(|byte| line.leave(seconds(5), *byte));
        assert_eq!(line.delivered(seconds(5)), b"0123456789");
        assert!(!line.is_cut());
    }

    #[test]
    fn it_is_cut_at_its_time_every_time_when_told_so() {
        let after = Some(Span::millis(10_000));
        let mut line = line(&DisconnectOptions { after, times: 0, ..DisconnectOptions::default() });
        line.begin(seconds(100));
        for start in [100, 200, 300] {
            assert_eq!(line.next(), Some(seconds(start + 10)));
            line.leave(seconds(start + 9), b'x');
            assert_eq!(line.delivered(seconds(start + 9)), b"x");
            assert!(!line.is_cut());
            line.leave(seconds(start + 10), b'y');
            assert_eq!(line.delivered(seconds(start + 11)), b"");
            assert!(line.is_cut());
            assert_eq!(line.next(), None);
            line.connect(seconds(start + 100));
        }
    }
}
