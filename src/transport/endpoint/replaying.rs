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

/// What each read of a recording gives. The answer must not depend on it (law 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// As many bytes as are there.
    Whole,
    /// At the most so many, at least one.
    Most(usize),
    /// Each time another number, from 1 to 64: the same ones for the same seed.
    Seeded(u64),
    /// Cut at random places, and recorded outputs joined that came one after the other, as on a line that comes late
    /// and in bursts: the same ones for the same seed.
    Joined(u64),
    /// All that was recorded until the next input, at once.
    All,
}

impl Pieces {
    /// What [`Pieces::parse`] takes.
    pub const WANTS: &str = "a number of bytes, seed:NUMBER for cuts at random places, joined:NUMBER for cuts and joints, \
                             or all for everything that comes before the next input";

    /// Reads `whole`, `7`, `seed:42`, `joined:42` or `all`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("seed", seed)) => seed.parse().ok().map(Self::Seeded),
            Some(("joined", seed)) => seed.parse().ok().map(Self::Joined),
            Some(_) => None,
            None if text == "whole" => Some(Self::Whole),
            None if text == "all" => Some(Self::All),
            None => text.parse().ok().filter(|most| *most > 0).map(Self::Most),
        }
    }

    /// Cuts and joins, from the beginning.
    pub fn cutter(self) -> Cutter {
        // Zero is the one state that the generator cannot leave.
        let state = match self {
            Self::Seeded(seed) | Self::Joined(seed) => (seed ^ 0x9e37_79b9_7f4a_7c15).max(1),
            Self::Whole | Self::Most(_) | Self::All => 1,
        };
        Cutter { pieces: self, state }
    }
}

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Most(most) => write!(f, "{most}"),
            Self::Seeded(seed) => write!(f, "seed:{seed}"),
            Self::Joined(seed) => write!(f, "joined:{seed}"),
            Self::All => f.write_str("all"),
        }
    }
}

/// Decides, read by read, how [`Pieces`] cut and join.
#[derive(Debug, Clone)]
pub struct Cutter {
    pieces: Pieces,
    state: u64,
}

impl Cutter {
    /// How many bytes the next read may give.
    pub fn size(&mut self) -> usize {
        match self.pieces {
            Pieces::Whole | Pieces::All => usize::MAX,
            Pieces::Most(most) => most.max(1),
            Pieces::Seeded(_) => 1 + self.below(64),
            // Of every order of magnitude: one byte is as likely as all of a screen.
            Pieces::Joined(_) => {
                let magnitude = self.below(13);
                1 + self.below(1 << magnitude)
            }
        }
    }

    /// Whether nothing has to be due for what comes behind it to be said.
    pub fn is_early(&self) -> bool {
        self.pieces == Pieces::All
    }

    /// How many recorded outputs come before their time, joined to one that is due.
    pub fn joined(&mut self) -> usize {
        match self.pieces {
            Pieces::Joined(_) => self.below(8),
            Pieces::All => usize::MAX,
            Pieces::Whole | Pieces::Most(_) | Pieces::Seeded(_) => 0,
        }
    }

    /// xorshift64*.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let high = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 48;
        (high as usize * limit) >> 16
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
        for (text, pieces) in [
            ("whole", Pieces::Whole),
            ("7", Pieces::Most(7)),
            ("seed:42", Pieces::Seeded(42)),
            ("joined:42", Pieces::Joined(42)),
            ("all", Pieces::All),
        ] {
            assert_eq!((Pieces::parse(text), pieces.to_string()), (Some(pieces), text.to_owned()));
        }
        for text in ["0", "", "seed:", "joined:", "joined", "seed:all", "x", "-1"] {
            assert_eq!(Pieces::parse(text), None, "{text}");
        }
        let cut = |pieces: Pieces| {
            let mut cutter = pieces.cutter();
            (0..200).map(|_| cutter.size()).collect::<Vec<_>>()
        };
        for of in [Pieces::Seeded, Pieces::Joined] {
            assert!(cut(of(1)) == cut(of(1)) && cut(of(1)) != cut(of(2)));
            assert!(cut(of(3)).contains(&1));
        }
        assert!(cut(Pieces::Seeded(0)).iter().all(|size| (1..=64).contains(size)));
        assert!(cut(Pieces::Seeded(3)).iter().any(|size| *size > 50));
        assert!(cut(Pieces::Joined(3)).iter().any(|size| *size > 2000));
    }

    #[test]
    fn only_who_joins_says_something_before_its_time() {
        let joined = |pieces: Pieces| {
            let mut cutter = pieces.cutter();
            (0..200).map(|_| cutter.joined()).collect::<Vec<_>>()
        };
        for none in [Pieces::Whole, Pieces::Most(1), Pieces::Seeded(1)] {
            assert!(joined(none).iter().all(|events| *events == 0), "{none}");
        }
        assert!(joined(Pieces::Joined(1)).contains(&0) && joined(Pieces::Joined(1)).contains(&7));
        assert!(joined(Pieces::All).iter().all(|events| *events == usize::MAX));
    }
}
