//! Bytes that fuzzing found (`fuzz/corpus`), replayed: nothing panics, and the laws of each target hold.
//!
//! With any compiler, bytes of the corpus altered by chance, so many seconds for each target; a seed repeats it:
//! `SACPILOT_FUZZ=60 cargo test --release --test it fuzz::search -- --ignored --nocapture`. libFuzzer:
//! `fuzz/README.md`.

mod targets;

use std::fs;
use std::time::Duration;

use crate::stored::repository;

#[test]
fn what_fuzzing_found_is_replayed() {
    for (name, target) in targets::TARGETS {
        let folder = repository("fuzz/corpus").join(name);
        let files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.len() >= 10, "{name}: {}", files.len());
        for file in files {
            let bytes = fs::read(&file).unwrap();
            // The test's output names the file that panics.
            println!("{}", file.display());
            target(&bytes);
        }
    }
}

/// Chance from a seed (SplitMix64, Steele 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }

    /// Alters, repeats, takes away, and joins with another.
    fn altered(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            let (at, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (at, to) = (at.min(to), at.max(to));
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                2 => drop(bytes.drain(at..to.min(at + 16))),
                3 => {
                    let piece = bytes[at..to.min(at + 32)].to_vec();
                    bytes.splice(at..at, piece);
                }
                4 => {
                    let other = &seeds[self.below(seeds.len())];
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
                }
                _ => bytes.insert(at, [0, 0x1b, b'\r', b'\n', 0xff, b'[', b';', b'9'][self.below(8)]),
            }
        }
        bytes.truncate(2_000);
        bytes
    }
}

#[test]
#[ignore = "SACPILOT_FUZZ seconds for each target"]
#[expect(clippy::disallowed_methods, reason = "so many seconds of work are what is asked for")]
fn search() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (span, seed) = (Duration::from_secs(number("SACPILOT_FUZZ", 10)), number("SACPILOT_FUZZ_SEED", 1));
    for (name, target) in targets::TARGETS {
        let files = fs::read_dir(repository("fuzz/corpus").join(name)).unwrap();
        let mut paths: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        let mut chance = Chance(seed);
        let (began, mut runs) = (std::time::Instant::now(), 0_u64);
        while began.elapsed() < span {
            let bytes = chance.altered(&seeds);
            if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
                println!("{name}, run {runs} of seed {seed}: {bytes:?}");
                std::panic::resume_unwind(panic);
            }
            runs += 1;
        }
        println!("{name}: {runs} runs in {} s, nothing found", span.as_secs());
    }
}
