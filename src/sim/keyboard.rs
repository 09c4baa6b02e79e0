//! What a console really gets of the keys that were sent to it.

use std::time::Duration;

use super::chance::Chance;
use super::options::{EqualNeighbours, KeyboardOptions};

/// The way of keys from the channel to the console of one shell.
#[derive(Debug)]
pub(super) struct Keyboard {
    options: KeyboardOptions,
    chance: Chance,
    started: Duration,
    eaten: u32,
    last: Option<(char, Duration)>,
}

impl Keyboard {
    /// The keyboard of a shell that starts at `now`.
    pub(super) fn new(options: &KeyboardOptions, now: Duration) -> Self {
        Self {
            options: options.clone(),
            chance: Chance::new(options.seed),
            started: now,
            eaten: 0,
            last: None,
        }
    }

    /// How often the console gets a key that was sent once.
    pub(super) fn times(&mut self, key: char, now: Duration) -> usize {
        if self.eaten < self.options.eaten && now < self.started + self.options.eaten_within.0 {
            self.eaten += 1;
            return 0;
        }
        let repeated =
            self.last.is_some_and(|(last, at)| last == key && now < at + self.options.equal_within.0);
        self.last = Some((key, now));
        // Enter twice is two lines, always: nobody reports otherwise.
        if !repeated || key == '\r' || !self.chance.one_in(self.options.equal_one_in) {
            return 1;
        }
        match self.options.equal_neighbours {
            EqualNeighbours::Kept => 1,
            EqualNeighbours::Dropped => 0,
            EqualNeighbours::Doubled => 2,
            EqualNeighbours::Tripled => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::Span;

    fn typed(options: &KeyboardOptions, keys: &str, pause: u64) -> String {
        let mut keyboard = Keyboard::new(options, Duration::from_secs(9));
        keys.chars()
            .zip(0..)
            .map(|(key, at)| {
                let now = Duration::from_secs(9) + Duration::from_millis(at * pause);
                key.to_string().repeat(keyboard.times(key, now))
            })
            .collect()
    }

    #[test]
    fn equal_neighbours() {
        for (equal_neighbours, pause, typed_text) in [
            (EqualNeighbours::Kept, 1, "booot"),
            (EqualNeighbours::Dropped, 1, "bot"),
            (EqualNeighbours::Doubled, 1, "booooot"),
            (EqualNeighbours::Tripled, 1, "booooooot"),
            (EqualNeighbours::Dropped, 1500, "booot"),
        ] {
            let options = KeyboardOptions { equal_neighbours, ..KeyboardOptions::default() };
            assert_eq!(typed(&options, "booot", pause), typed_text, "{equal_neighbours:?} {pause}");
            assert_eq!(typed(&options, "\r\r", pause), "\r\r");
        }
    }

    #[test]
    fn the_first_keys_may_be_eaten_for_a_while() {
        let options =
            KeyboardOptions { eaten: 3, eaten_within: Span::millis(50), ..KeyboardOptions::default() };
        assert_eq!(typed(&options, "abcdef", 10), "def");
        assert_eq!(typed(&options, "abcdef", 40), "cdef");
    }
}
