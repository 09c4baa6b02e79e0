//! Exit codes: part of the interface, never renumbered.

use std::process::ExitCode;

use crate::engine::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All conditions hold (or the command did what was asked).
    pub const HOLDS: Self = Self(0);
    /// Conditions do not hold: findings remain.
    pub const FINDINGS: Self = Self(1);
    /// Wrong usage, or an error in a script. Nothing was sent.
    pub const USAGE: Self = Self(2);
    /// The target cannot be reached.
    pub const UNREACHABLE: Self = Self(3);
    /// The login was refused.
    pub const LOGIN_REFUSED: Self = Self(4);
    /// A step failed; what was changed was taken back.
    pub const UNDONE: Self = Self(5);
    /// A step failed; changes remain, see the journal.
    pub const REMAINS: Self = Self(6);
    /// Interrupted by the user (128 + SIGINT).
    pub const INTERRUPTED: Self = Self(130);
    /// `exec` itself failed, as with ssh; every other code of `exec` is that of the command.
    pub const EXEC_FAILED: Self = Self(255);

    /// The code of a run that came to `verdict`.
    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Self::HOLDS,
            Verdict::Findings => Self::FINDINGS,
            Verdict::Unreachable => Self::UNREACHABLE,
            Verdict::LoginRefused => Self::LOGIN_REFUSED,
            Verdict::Undone => Self::UNDONE,
            Verdict::Remains => Self::REMAINS,
            Verdict::Interrupted => Self::INTERRUPTED,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
