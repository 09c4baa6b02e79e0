//! The seam to the machine: somebody who types one command and says how it ended.
//!
//! The engine decides, an [`Operator`] does. The real one is a logged-in session on a serial console; tests use
//! a toy machine in memory.

use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Settled;
use crate::console::StopSign;
use crate::script::model::{Mode, Restart};
use crate::shell::dialogue::Dialogue;

/// Types commands on a machine, one at a time.
///
/// A future of this trait that is dropped leaves the line where it is; the next call proves the prompt anew
/// before anything is typed.
pub trait Operator: Send {
    /// Runs one command and returns its exit code and exact output. `timeout` is the longest it may take from
    /// the first typed character; one that takes longer is interrupted and is a [`Trouble::TimedOut`].
    ///
    /// # Errors
    /// [`OperatorError`], whose kind says whether the command was executed.
    fn run(
        &mut self,
        mode: Mode,
        command: &str,
        timeout: Duration,
    ) -> impl Future<Output = Result<Outcome, OperatorError>> + Send;

    /// How many of these commands, from the first on, [`Operator::together`] would send in one go.
    fn fitting(&self, commands: &[&str]) -> usize {
        let _ = commands;
        0
    }

    /// Runs cmd commands that only read, one after the other, sent in one go; how each ended. `timeout` is for all of
    /// them. Empty: each is to be sent alone.
    ///
    /// # Errors
    /// [`OperatorError`]; then any of them may have been executed.
    fn together(
        &mut self,
        commands: &[&str],
        timeout: Duration,
    ) -> impl Future<Output = Result<Vec<Outcome>, OperatorError>> + Send {
        let _ = (commands, timeout);
        async { Ok(Vec::new()) }
    }

    /// Runs a command that changes the machine. The machine keeps a receipt with this number of its start and its
    /// end, where it can.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn change(
        &mut self,
        mode: Mode,
        command: &str,
        timeout: Duration,
        receipt: u64,
    ) -> impl Future<Output = Result<Outcome, OperatorError>> + Send {
        let _ = receipt;
        self.run(mode, command, timeout)
    }

    /// What the machine tells of a changing command of an earlier session.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn settle(
        &mut self,
        session: &str,
        receipt: u64,
        command: (Mode, &str),
    ) -> impl Future<Output = Result<Settled, OperatorError>> + Send {
        let _ = (session, receipt, command);
        async { Ok(Settled::Unknown) }
    }

    /// Removes what a session that was not closed has left on the machine.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn sweep(&mut self, session: &str) -> impl Future<Output = Result<(), OperatorError>> + Send {
        let _ = session;
        async { Ok(()) }
    }

    /// How long the machine has been up, where it tells.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn uptime(&mut self) -> impl Future<Output = Result<Option<Duration>, OperatorError>> + Send {
        async { Ok(None) }
    }

    /// How many shells it has had: a machine that started meanwhile gave another one.
    fn shells(&self) -> u32 {
        0
    }

    /// The session, for the journal.
    fn place(&self) -> SessionPlace {
        SessionPlace::default()
    }

    /// Runs one cmd command that asks, and answers it. Its output is what it showed. The machine keeps a receipt with
    /// this number, as with [`Operator::change`].
    ///
    /// # Errors
    /// [`OperatorError`]
    fn talk(
        &mut self,
        command: &str,
        dialogue: &Dialogue,
        timeout: Duration,
        receipt: u64,
    ) -> impl Future<Output = Result<Outcome, OperatorError>> + Send {
        let _ = (command, dialogue, timeout, receipt);
        async { Err(OperatorError::unsupported("a dialogue")) }
    }

    /// Writes a file on the machine, whole or not at all. `path` may hold variables of the environment.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn upload(
        &mut self,
        path: &str,
        content: &[u8],
        timeout: Duration,
    ) -> impl Future<Output = Result<(), OperatorError>> + Send {
        let _ = (path, content, timeout);
        async { Err(OperatorError::unsupported("an upload")) }
    }

    /// Whether a person is at the terminal who can be asked.
    fn is_attended(&self) -> bool {
        false
    }

    /// Asks the person at the terminal; with `choices`, one of them. `None`: nobody is there.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn ask(
        &mut self,
        question: &str,
        choices: &[String],
    ) -> impl Future<Output = Result<Option<String>, OperatorError>> + Send {
        let _ = (question, choices);
        async { Ok(None) }
    }

    /// Restarts the machine, waits until it is back, at most `budget`, and logs in again. `reason` goes into the
    /// machine's event log, where that is possible. `stop` breaks the waiting off, never the typing.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn reboot(
        &mut self,
        by: Restart,
        reason: &str,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> impl Future<Output = Result<(), OperatorError>> + Send;

    /// Closes the channel that was opened for us; channels of others stay.
    ///
    /// # Errors
    /// [`OperatorError`]
    fn close(&mut self) -> impl Future<Output = Result<(), OperatorError>> + Send;

    /// The screen as plain text, for errors. May hold anything that the machine printed.
    fn screen(&self) -> String;

    /// Puts a mark into the recording of the session, where there is one.
    fn mark(&mut self, label: &str) {
        let _ = label;
    }
}

/// Where commands are typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPlace {
    /// Name of the session; empty when it has none.
    pub session: String,
    /// Its channel.
    pub channel: String,
    /// Whether it is the session of before the run was taken up again.
    pub kept: bool,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// Its whole output, unaltered, with the line ends of the machine.
    pub output: String,
    /// From the first typed character to the proven prompt.
    pub elapsed: Duration,
}

/// What kept a command from ending as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// No prompt could be reached: nothing was executed.
    Unreachable,
    /// The machine refused the account or the password.
    LoginRefused,
    /// The line never showed what was typed: nothing was executed.
    NotTyped,
    /// The command took too long and was interrupted; the prompt is proven again.
    TimedOut,
    /// Enter was sent, how the command ended cannot be said.
    OutcomeUnknown,
    /// The line ended or stayed silent.
    LineLost,
    /// The machine stopped, crashed or shut down on its own.
    MachineDown,
    /// An error that nothing caught ended the script; the prompt is proven.
    ScriptFailed,
    /// This session cannot do that (a mode that the machine does not have, a restart that it refuses).
    Unsupported,
}

/// What a failed command left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// Nothing: it never got its Enter.
    No,
    /// It was started; how far it got is not known.
    Perhaps,
}

impl Trouble {
    /// Whether the command may have done something.
    pub fn executed(self) -> Executed {
        match self {
            Self::Unreachable | Self::LoginRefused | Self::NotTyped | Self::Unsupported => Executed::No,
            Self::TimedOut
            | Self::ScriptFailed
            | Self::OutcomeUnknown
            | Self::LineLost
            | Self::MachineDown => Executed::Perhaps,
        }
    }

    /// Whether more commands can be sent on this session.
    pub fn ends_session(self) -> bool {
        matches!(self, Self::Unreachable | Self::LoginRefused | Self::LineLost | Self::MachineDown)
    }

    /// Whether the machine may tell later how the command ended.
    pub fn leaves_open(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::LineLost | Self::MachineDown)
    }

    /// Stable code, for logs and reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::LoginRefused => "login-refused",
            Self::NotTyped => "not-typed",
            Self::TimedOut => "timed-out",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::LineLost => "line-lost",
            Self::MachineDown => "machine-down",
            Self::ScriptFailed => "script-failed",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A command, a restart or a close that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OperatorError {
    /// What kind of failure.
    pub kind: Trouble,
    /// Stable code, for documents and machines; finer than the kind.
    pub code: &'static str,
    /// What happened, lower case, fits after "error: ".
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The screen when it happened, plain text.
    pub screen: String,
}

impl OperatorError {
    /// Says what allows more time, where that was too short.
    pub(super) fn allow(self, more: String) -> Self {
        let too_short = matches!(self.code, "command-timed-out" | "timed-out");
        Self { help: if too_short { Some(more) } else { self.help }, ..self }
    }

    /// Whether the machine, or the session on it, went away under a command, and both may be back for the next one. A
    /// line that could not be made anew within its time, and a prompt that was not reached, are not awaited twice.
    pub(super) fn was_cut_off(&self) -> bool {
        self.kind == Trouble::MachineDown || self.code == Trouble::OutcomeUnknown.code()
    }

    /// Whether the machine stood at its bug check, so that nothing was typed.
    pub(super) fn was_stopped(&self) -> bool {
        self.kind == Trouble::MachineDown && matches!(self.code, "bug-check" | "interrupted-by-machine")
    }

    /// This session has no way to do it.
    fn unsupported(what: &str) -> Self {
        Self {
            kind: Trouble::Unsupported,
            code: Trouble::Unsupported.code(),
            message: format!("{what} is not possible on this session"),
            help: None,
            screen: String::new(),
        }
    }
}

/// Something that the operator waits for, told while it waits: "the login prompt", "the CMD command".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// What.
    pub what: String,
    /// How long at the most.
    pub budget: Option<Duration>,
}
