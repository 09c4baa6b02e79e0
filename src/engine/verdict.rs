//! What a run comes to.

use serde::{Deserialize, Serialize};

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All conditions hold, perhaps after changes that were proven.
    Holds,
    /// Conditions do not hold: findings remain.
    Findings,
    /// The machine could not be reached; nothing was changed.
    Unreachable,
    /// The login was refused; nothing was changed.
    LoginRefused,
    /// A step failed; what was changed was taken back.
    Undone,
    /// A step failed; changes remain on the machine.
    Remains,
    /// The user stopped it.
    Interrupted,
}

impl Verdict {
    /// Exit code of the program. Part of the interface, never renumbered.
    pub const fn exit(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Findings => 1,
            Self::Unreachable => 3,
            Self::LoginRefused => 4,
            Self::Undone => 5,
            Self::Remains => 6,
            Self::Interrupted => 130,
        }
    }
}
