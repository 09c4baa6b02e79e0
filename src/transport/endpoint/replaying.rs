//! How a recording is played: how fast, how its reads are cut, and what is played wrong.

use std::fmt;

/// How fast the time of a recording goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayPace {
    /// Waiting takes no time at all.
    Instant,
    /// So many times as fast as recorded; 1 is real time.
    Times(u32),
}

impl ReplayPace {
    /// What [`ReplayPace::parse`] takes.
    pub const WANTS: &str = "instant, real, or a number from 1 to 1000";

    /// Reads `instant`, `real`, or a number from 1 to 1000.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "instant" => Some(Self::Instant),
            "real" => Some(Self::Times(1)),
            _ => text.parse().ok().filter(|times| (1..=1000).contains(times)).map(Self::Times),
        }
    }

    /// How many times faster recorded time goes on the clock that is in use; where waiting takes no time, that clock
    /// is a stopped one, and recorded time goes as fast as it.
    pub fn speed(self) -> u32 {
        match self {
            Self::Instant => 1,
            Self::Times(times) => times,
        }
    }
}

impl fmt::Display for ReplayPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant => f.write_str("instant"),
            Self::Times(1) => f.write_str("real"),
            Self::Times(times) => write!(f, "{times}"),
        }
    }
}

/// How many bytes each read of a recording gives. The answer must not depend on it (law 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// As many as are there.
    Whole,
    /// At the most so many, at least one.
    Most(usize),
    /// Each time another number, from 1 to 64: the same ones for the same seed.
    Seeded(u64),
}

impl Pieces {
    /// What [`Pieces::parse`] takes.
    pub const WANTS: &str = "a number of bytes, or seed:NUMBER for cuts at random places";

    /// Reads `whole`, `7` or `seed:42`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "whole" {
            return Some(Self::Whole);
        }
        match text.strip_prefix("seed:") {
            Some(seed) => seed.parse().ok().map(Self::Seeded),
            None => text.parse().ok().filter(|most| *most > 0).map(Self::Most),
        }
    }

    /// The sizes, one after the other.
    pub fn sizes(self) -> impl FnMut() -> usize + Send {
        // xorshift64*; zero is the one state that it cannot leave.
        let mut state = match self {
            Self::Seeded(seed) => (seed ^ 0x9e37_79b9_7f4a_7c15).max(1),
            Self::Whole | Self::Most(_) => 1,
        };
        move || match self {
            Self::Whole => usize::MAX,
            Self::Most(most) => most.max(1),
            Self::Seeded(_) => {
                state ^= state >> 12;
                state ^= state << 25;
                state ^= state >> 27;
                1 + (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 58) as usize
            }
        }
    }
}

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Most(most) => write!(f, "{most}"),
            Self::Seeded(seed) => write!(f, "seed:{seed}"),
        }
    }
}

/// A fault of the driver that is played: for proofs that a recording would notice it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// Byte number so many (from 1) that it sends is another one.
    Byte(u64),
    /// It never sees this text, where that comes first.
    Miss(String),
}

impl Mutation {
    /// What [`Mutation::parse`] takes.
    pub const WANTS: &str = "byte:NUMBER (that byte is sent wrong) or miss:TEXT (that text is not seen)";

    /// Reads `byte:120` or `miss:EVENT: The CMD command`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("byte", number) => number.parse().ok().filter(|number| *number > 0).map(Self::Byte),
            ("miss", text) if !text.is_empty() => Some(Self::Miss(text.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(number) => write!(f, "byte:{number}"),
            Self::Miss(text) => write!(f, "miss:{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_are_read() {
        for text in ["byte:1", "miss:EVENT: The CMD command"] {
            assert_eq!(Mutation::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "byte", "byte:0", "byte:x", "miss:", "other:1"] {
            assert_eq!(Mutation::parse(text), None, "{text}");
        }
    }

    #[test]
    fn pieces_are_read_and_cut() {
        for (text, pieces) in [("7", Some(Pieces::Most(7))), ("seed:42", Some(Pieces::Seeded(42)))] {
            assert_eq!((Pieces::parse(text), pieces.unwrap().to_string()), (pieces, text.to_owned()));
        }
        for text in ["0", "", "seed:", "x", "-1"] {
            assert_eq!(Pieces::parse(text), None, "{text}");
        }
        let cut = |seed| {
            let mut size = Pieces::Seeded(seed).sizes();
            (0..200).map(|_| size()).collect::<Vec<_>>()
        };
        assert!(cut(1) == cut(1) && cut(1) != cut(2) && cut(0).iter().all(|size| (1..=64).contains(size)));
        assert!(cut(3).contains(&1) && cut(3).iter().any(|size| *size > 50));
    }
}
