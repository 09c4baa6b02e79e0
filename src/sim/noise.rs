//! A line that loses, alters and repeats bytes, and takes its time.

use std::collections::VecDeque;
use std::time::Duration;

use super::chance::Chance;
use super::options::Faults;

/// One direction of the line.
#[derive(Debug)]
pub(super) struct Noise {
    faults: Faults,
    chance: Chance,
    /// Bytes of a burst that are still to be lost.
    lost: u32,
    /// Bytes under way, and when they arrive. None overtakes another.
    under_way: VecDeque<(Duration, u8)>,
    /// When the last byte arrives.
    last: Duration,
    done: u64,
}

impl Noise {
    pub(super) fn new(faults: &Faults, seed: u64) -> Self {
        Self {
            faults: faults.clone(),
            chance: Chance::new(seed),
            lost: 0,
            under_way: VecDeque::new(),
            last: Duration::ZERO,
            done: 0,
        }
    }

    /// How many bytes were lost, altered or repeated.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// A byte is sent.
    pub(super) fn send(&mut self, at: Duration, byte: u8) {
        if self.chance.one_in(self.faults.stall) {
            self.last = self.last.max(at) + self.faults.stall_time.0;
        }
        let jitter = u32::try_from(self.faults.jitter.0.as_micros()).unwrap_or(u32::MAX);
        let late = if jitter == 0 { 0 } else { self.chance.below(jitter.saturating_add(1)) };
        let arrives = at + self.faults.latency.0 + Duration::from_micros(late.into());
        self.last = self.last.max(arrives);
        for byte in self.altered(byte) {
            self.under_way.push_back((self.last, byte));
        }
    }

    /// When the next byte arrives.
    pub(super) fn next(&self) -> Option<Duration> {
        self.under_way.front().map(|(at, _)| *at)
    }

    /// The next byte that has arrived by `now`, and when it did.
    pub(super) fn take(&mut self, now: Duration) -> Option<(Duration, u8)> {
        self.under_way.pop_front_if(|(at, _)| *at <= now)
    }

    /// What is under way gets lost.
    pub(super) fn cut(&mut self) {
        self.under_way.clear();
    }

    /// What becomes of a byte.
    fn altered(&mut self, byte: u8) -> impl Iterator<Item = u8> + use<> {
        let mut arrives = [Some(byte), None];
        if self.chance.one_in(self.faults.loss) {
            self.lost = self.faults.burst.max(1);
        }
        if self.lost > 0 {
            self.lost -= 1;
            arrives[0] = None;
        } else if self.chance.one_in(self.faults.corruption) {
            arrives[0] = Some(byte ^ 1 << self.chance.below(8));
        } else if self.chance.one_in(self.faults.duplication) {
            arrives[1] = Some(byte);
        }
        self.done += u64::from(arrives != [Some(byte), None]);
        arrives.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::Span;

    /// Sends bytes a millisecond apart; what arrives, and when (in milliseconds).
    fn timed(faults: &Faults, bytes: &[u8]) -> Vec<(u64, u8)> {
        let mut noise = Noise::new(faults, 5);
        for (byte, at) in bytes.iter().zip(0..) {
            noise.send(Duration::from_millis(at), *byte);
        }
        let arrived = std::iter::from_fn(|| noise.take(Duration::MAX));
        arrived.map(|(at, byte)| (at.as_millis() as u64, byte)).collect()
    }

    fn through(faults: &Faults, bytes: &[u8]) -> Vec<u8> {
        timed(faults, bytes).into_iter().map(|(_, byte)| byte).collect()
    }

    #[test]
    fn a_clean_line_changes_nothing() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let at_once: Vec<(u64, u8)> = (0..).zip(bytes.iter().copied()).collect();
        assert_eq!(timed(&Faults::default(), &bytes), at_once);
    }

    #[test]
    fn each_fault_does_what_it_says() {
        let bytes = vec![b'U'; 20_000];
        let lost = through(&Faults { loss: 200, ..Faults::default() }, &bytes);
        assert!((19_840..19_960).contains(&lost.len()), "{}", lost.len());
        let bursts = through(&Faults { loss: 200, burst: 10, ..Faults::default() }, &bytes);
        assert!((18_700..19_400).contains(&bursts.len()), "{}", bursts.len());
        let twice = through(&Faults { duplication: 200, ..Faults::default() }, &bytes);
        assert!((20_040..20_160).contains(&twice.len()), "{}", twice.len());
        let altered = through(&Faults { corruption: 200, ..Faults::default() }, &bytes);
        assert_eq!(altered.len(), bytes.len());
        let wrong: Vec<u32> =
            altered.iter().map(|byte| (byte ^ b'U').count_ones()).filter(|bits| *bits > 0).collect();
        assert!((40..160).contains(&wrong.len()) && wrong.iter().all(|bits| *bits == 1), "{wrong:?}");
    }

    #[test]
    fn bytes_are_late_and_stay_in_order() {
        let bytes: Vec<u8> = (0..=255).collect();
        let late = timed(&Faults { latency: Span::millis(200), ..Faults::default() }, &bytes);
        assert_eq!(late, (200..).zip(bytes.iter().copied()).collect::<Vec<_>>());

        let faults = Faults { latency: Span::millis(100), jitter: Span::millis(50), ..Faults::default() };
        let uneven = timed(&faults, &bytes);
        assert!(uneven.is_sorted_by_key(|(at, _)| *at));
        assert_eq!(uneven.iter().map(|(_, byte)| *byte).collect::<Vec<_>>(), bytes);
        let waits: Vec<u64> = uneven.iter().zip(0..).map(|((at, _), sent)| at - sent).collect();
        assert!(waits.iter().all(|wait| (100..=151).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < 130) && waits.iter().any(|wait| *wait > 140), "{waits:?}");
    }

    #[test]
    fn a_line_that_stands_still_goes_on_where_it_was() {
        let bytes = [b'x'; 1000];
        let faults = Faults { stall: 300, stall_time: Span::millis(5_000), ..Faults::default() };
        let arrived = timed(&faults, &bytes);
        assert_eq!(arrived.len(), bytes.len());
        let pauses = arrived.windows(2).filter(|pair| pair[1].0 - pair[0].0 >= 5_000).count();
        assert!((1..10).contains(&pauses), "{pauses}");
    }
}
