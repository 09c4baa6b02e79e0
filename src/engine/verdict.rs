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
    /// The changes of the run were taken back, as the user wished.
    TakenBack,
    /// They were to be taken back, and something of them remains.
    PartlyTakenBack,
}

impl Verdict {
    /// In a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Holds => "all conditions hold",
            Self::Findings => "conditions do not hold: findings remain",
            Self::Unreachable => "the machine could not be reached; nothing was changed",
            Self::LoginRefused => "the login was refused; nothing was changed",
            Self::Undone => "a step failed; no change of this run is left",
            Self::Remains => "a step failed; changes remain on the machine",
            Self::Interrupted => "stopped by the user",
            Self::TakenBack => "the changes of the run were taken back",
            Self::PartlyTakenBack => "not all changes of the run could be taken back",
        }
    }

    /// Exit code of the program. Part of the interface, never renumbered.
    pub const fn exit(self) -> u8 {
        match self {
            Self::Holds | Self::TakenBack => 0,
            Self::Findings => 1,
            Self::Unreachable => 3,
            Self::LoginRefused => 4,
            Self::Undone => 5,
            Self::Remains | Self::PartlyTakenBack => 6,
            Self::Interrupted => 130,
        }
    }
}
