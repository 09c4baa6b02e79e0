//! Exit codes: part of the interface, never renumbered.

use std::process::ExitCode;

use crate::engine::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All conditions hold (or the command did what was asked).
    pub const HOLDS: Self = Self(Verdict::Holds.exit());
    /// Conditions do not hold: findings remain.
    pub const FINDINGS: Self = Self(Verdict::Findings.exit());
    /// Wrong usage, or an error in a script. Nothing was sent.
    pub const USAGE: Self = Self(2);
    /// The target cannot be reached.
    pub const UNREACHABLE: Self = Self(Verdict::Unreachable.exit());
    /// The login was refused.
    pub const LOGIN_REFUSED: Self = Self(Verdict::LoginRefused.exit());
    /// A step failed; what was changed was taken back.
    pub const UNDONE: Self = Self(Verdict::Undone.exit());
    /// A step failed; changes remain, see the journal.
    pub const REMAINS: Self = Self(Verdict::Remains.exit());
    /// Interrupted by the user (128 + SIGINT).
    pub const INTERRUPTED: Self = Self(Verdict::Interrupted.exit());
    /// The exit code of the command of `exec` does not fit into one byte; it is told on standard error.
    pub const DOES_NOT_FIT: Self = Self(254);
    /// `exec` itself failed, as with ssh; every other code of `exec` is that of the command.
    pub const EXEC_FAILED: Self = Self(255);

    /// The code of a run that came to `verdict`.
    pub fn of(verdict: Verdict) -> Self {
        Self(verdict.exit())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
