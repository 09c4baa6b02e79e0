//! Names of calls: each command and each page that is asked for has one that never comes again in the session.

use sha2::{Digest, Sha256};

/// The calls of a session so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    last: u32,
}

impl Calls {
    /// Calls whose numbers follow `last`.
    pub(super) fn from(last: u32) -> Self {
        Self { last }
    }

    /// A name: a number for people, three letters that make it differ from every other in more than one place, and
    /// no two equal neighbours, which some consoles lose. A byte that the line alters never makes one name another.
    pub(super) fn next(&mut self) -> String {
        loop {
            self.last += 1;
            let name = name(self.last);
            if name.as_bytes().windows(2).all(|pair| pair[0] != pair[1]) {
                return name;
            }
        }
    }

    /// Whether this is the name of an earlier call than `call`, of this session or the one it goes on with.
    pub(super) fn is_before(&self, earlier: &str, call: &str) -> bool {
        let number = |text: &str| {
            let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|number| name(*number) == text)
        };
        matches!((number(earlier), number(call)), (Some(earlier), Some(call)) if earlier < call && call <= self.last)
    }
}

/// The name of the call with this number.
fn name(number: u32) -> String {
    let hash = Sha256::digest(number.to_be_bytes());
    let mut name = number.to_string();
    name.extend(hash.iter().take(3).map(|byte| char::from(b'a' + byte % 26)));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_typable_and_far_from_each_other() {
        let mut calls = Calls::default();
        let names: Vec<String> = (0..500).map(|_| calls.next()).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(name.as_bytes().windows(2).all(|pair| pair[0] != pair[1]), "{name}");
            for other in &names[..index] {
                let differ = name.bytes().zip(other.bytes()).filter(|(a, b)| a != b).count();
                assert!(name.len() != other.len() || differ > 1, "{name} {other}");
            }
        }
        assert!(calls.is_before(&names[3], &names[4]));
        assert!(!calls.is_before(&names[4], &names[4]) && !calls.is_before("3", &names[4]));
    }
}
