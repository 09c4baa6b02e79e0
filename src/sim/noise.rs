//! A line that loses, alters and repeats bytes.

use super::chance::Chance;
use super::options::Faults;

/// One direction of the line.
#[derive(Debug)]
pub(super) struct Noise {
    faults: Faults,
    chance: Chance,
    /// Bytes of a burst that are still to be lost.
    lost: u32,
}

impl Noise {
    pub(super) fn new(faults: &Faults, seed: u64) -> Self {
        Self { faults: faults.clone(), chance: Chance::new(seed), lost: 0 }
    }

    /// What arrives of a byte.
    pub(super) fn byte(&mut self, byte: u8) -> impl Iterator<Item = u8> + use<> {
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
        arrives.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(faults: &Faults, bytes: &[u8]) -> Vec<u8> {
        let mut noise = Noise::new(faults, 5);
        bytes.iter().flat_map(|byte| noise.byte(*byte)).collect()
    }

    #[test]
    fn a_clean_line_changes_nothing() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        assert_eq!(through(&Faults::default(), &bytes), bytes);
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
}
