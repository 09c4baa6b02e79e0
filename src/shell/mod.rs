//! A logged-in session in a command channel: one command in, its exit code and its exact output out.

mod bringing;
mod cabinet;
mod call;
mod carrier;
mod cmd;
pub mod dialogue;
mod escape;
mod fetch;
mod helper;
mod leaving;
mod line;
mod login;
mod machine_file;
mod pager;
pub mod powershell;
mod preparation;
mod pull;
mod push;
mod receipt;
mod restart;
mod session;
mod taking_up;
mod together;
mod way_back;

use std::time::Duration;

use thiserror::Error;

use crate::console::{Alarm, ConsoleError, seconds};
use crate::sac::SacError;
use crate::secret::Secret;

pub use cmd::refuse_too_long;
pub use escape::{carried_commands, escape_for_child};
pub use machine_file::{Entry, EntryKind};
pub use pull::{Fetched, Incoming};
pub use push::{Outgoing, Sent};
pub use receipt::Receipt;
pub use restart::Restarting;
pub use session::{Earlier, Session, SessionOptions};

/// What came over the line so far, of one file.
#[derive(Debug, Clone, Copy)]
pub struct Came<'c> {
    /// Bytes.
    pub done: u64,
    /// Of so many.
    pub total: u64,
    /// What follows what was told before, without a gap; empty where the machine gets the file.
    pub new: &'c [u8],
}

/// Is told what came over the line; false: no more is wanted.
pub type TransferProgress<'p> = dyn FnMut(Came<'_>) -> bool + Send + 'p;

/// Who logs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Account name.
    pub user: String,
    /// Domain; empty for a local account.
    pub domain: String,
    /// Password.
    pub password: Secret,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code, as `%ERRORLEVEL%` shows it.
    pub code: i32,
    /// What it wrote to standard output and standard error, byte for byte.
    pub bytes: Vec<u8>,
    /// The same as text, decoded from the machine's code page (or UTF-16 where the tool wrote that).
    pub text: String,
    /// Whether some of the bytes are no text of that code page, and stand as U+FFFD in `text`.
    pub lossy: bool,
    /// From the first typed character to the proven prompt.
    pub elapsed: Duration,
}

/// Why a session could not be opened or a command gave no outcome.
#[derive(Debug, Error)]
pub enum ShellError {
    /// SAC or the way to it.
    #[error(transparent)]
    Sac(SacError),
    /// The machine refused the account or its password.
    #[error("the machine refused to log in {account}: {said}")]
    LoginRefused {
        /// `DOMAIN\user` or the user.
        account: String,
        /// What it said.
        said: String,
    },
    /// The user wanted to stop. No Enter was sent on a half-typed line; a command that ran was interrupted.
    #[error("stopped by the user{}", left(channel.as_deref()))]
    Stopped {
        /// The channel of ours that could not be closed.
        channel: Option<String>,
    },
    /// The session's own helper could not be set up.
    #[error("the command channel could not be prepared: {reason}")]
    NotPrepared {
        /// What went wrong.
        reason: String,
        /// What the console shows.
        screen: String,
    },
    /// Nothing on the machine makes a hash.
    #[error(
        "the machine has no certutil that tells a hash, so nothing that is brought over this console could be proven"
    )]
    NoProof {
        /// What the console shows.
        screen: String,
    },
    /// Windows was asked to restart and refused.
    #[error("Windows did not restart, `shutdown` answered {code}: {said}")]
    RestartRefused {
        /// Its exit code: 5 is access denied.
        code: i32,
        /// What it said.
        said: String,
    },
    /// The command is too long to be typed and proven.
    #[error("a command of {length} characters is too long for this console; {longest} are possible")]
    TooLong {
        /// Its length as it would be typed.
        length: usize,
        /// The limit.
        longest: usize,
    },
    /// The command was typed, and each time the machine proved not to have started it.
    #[error("the command was not started: {reason}; nothing was executed")]
    NotStarted {
        /// Why.
        reason: String,
        /// What the console shows.
        screen: String,
    },
    /// A dialogue whose receipt the machine could not keep.
    #[error("the dialogue was not begun, since the machine could not note that it begins: {said}")]
    NoReceipt {
        /// What Windows said of the file.
        said: String,
    },
    /// The command did not end in time; it was interrupted and the prompt proven again.
    #[error("the command did not end within {} and was interrupted", seconds(*timeout))]
    TimedOut {
        /// What it had.
        timeout: Duration,
        /// What it had written, as far as that could be read.
        output: String,
        /// What the console shows.
        screen: String,
    },
    /// A dialogue with a program went wrong; it was broken off and the prompt proven again.
    #[error("the dialogue went wrong and was broken off: {reason}")]
    DialogueFailed {
        /// What went wrong.
        reason: String,
        /// What the console showed.
        screen: String,
    },
    /// A file could not be put on the machine.
    #[error("the file could not be put on the machine: {reason}")]
    NotUploaded {
        /// Why.
        reason: String,
    },
    /// A file of the machine could not be brought here.
    #[error("{path} could not be brought over: {reason}")]
    NotFetched {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// PowerShell did not run the script.
    #[error("PowerShell did not run the script{}: {reason}", if *begun { " to its end" } else { "; nothing of it was executed" })]
    NoPowerShell {
        /// Why.
        reason: String,
        /// Whether it may have begun.
        begun: bool,
    },
    /// An error that the script did not catch ended it.
    #[error("the script was ended by an error{}: {message}", at_line(*line))]
    ScriptFailed {
        /// What the error says, in the machine's language.
        message: String,
        /// The line of the script, from 1, where it is known.
        line: Option<u32>,
        /// PowerShell's name of the error, the same in every language.
        id: String,
        /// What the script had written.
        output: String,
    },
    /// The line was lost while the command was typed, and did not come back; no Enter was sent.
    #[error("nothing was started: {cause}")]
    LostBeforeEnter {
        /// What happened.
        cause: ConsoleError,
    },
    /// Enter was sent, and the way back to the machine failed, so nobody could ask what became of the command.
    #[error("the command may have been started, and nobody could find out: {cause}")]
    NotFoundOut {
        /// Why not.
        cause: Box<Self>,
    },
    /// Enter was sent; whether and how the command ended is unknown.
    #[error("the command was started, and how it ended is unknown: {cause}")]
    OutcomeUnknown {
        /// What happened.
        cause: ConsoleError,
    },
    /// More output than makes sense on a serial line.
    #[error("the command wrote {size} bytes; more than {limit} are not fetched over a console")]
    TooMuchOutput {
        /// How much.
        size: u64,
        /// The limit.
        limit: u64,
        /// The exit code, which is known.
        code: i32,
    },
    /// The output came damaged, again and again.
    #[error("the output of the command could not be read whole: {reason}")]
    OutputDamaged {
        /// How it failed.
        reason: String,
        /// The exit code, which is known.
        code: i32,
    },
}

impl ShellError {
    /// A stable code for documents and machines.
    pub fn code(&self) -> &'static str {
        match self {
            error if error.is_stop() => "stopped",
            Self::Sac(error) => error.code(),
            Self::LoginRefused { .. } => "login-refused",
            Self::Stopped { .. } => "stopped",
            Self::NotPrepared { .. } => "channel-not-prepared",
            Self::NoProof { .. } => "no-certutil",
            Self::RestartRefused { .. } => "restart-refused",
            Self::TooLong { .. } => "command-too-long",
            Self::LostBeforeEnter { .. } => "line-lost",
            Self::NotStarted { .. } => "command-not-started",
            Self::NoReceipt { .. } => "no-receipt",
            Self::TimedOut { .. } => "command-timed-out",
            Self::DialogueFailed { .. } => "dialogue-failed",
            Self::NotUploaded { .. } => "not-uploaded",
            Self::NotFetched { .. } => "not-fetched",
            Self::NoPowerShell { .. } => "powershell-not-run",
            Self::ScriptFailed { .. } => "powershell-error",
            Self::OutcomeUnknown { .. } | Self::NotFoundOut { .. } => "outcome-unknown",
            Self::TooMuchOutput { .. } => "too-much-output",
            Self::OutputDamaged { .. } => "output-damaged",
        }
    }

    /// What the user can do next.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Sac(error) => error.help(),
            Self::LoginRefused { .. } => Some(
                "check --user, --domain and the password; it is tried once, and a second time only on a line that was seen \
                 to alter what is typed, so as not to lock the account",
            ),
            Self::Stopped { channel } => channel.as_ref().map(|_| {
                "close it with `sacpilot connect`: ch, then ch -ci and its number; a login in it may be open to others"
            }),
            Self::NotPrepared { .. } | Self::NoReceipt { .. } => {
                Some("the account needs the right to write to %SystemRoot%\\Temp, and the disk some space")
            }
            Self::NoProof { .. } => Some(
                "use `sacpilot connect`, or commands of SAC; every Windows since 2008 has a certutil.exe that tells hashes in \
                 its System32, Wine's does not",
            ),
            Self::RestartRefused { .. } => Some(
                "the account needs the right to shut the system down (5: access denied); SAC's own restart asks no account",
            ),
            Self::TooLong { .. } => Some("put it into a script file on the machine, or split it"),
            Self::LostBeforeEnter { cause } => Some(cause.help()),
            Self::NotStarted { .. } => Some("run it again; on a line that loses bytes, try a lower speed"),
            Self::TimedOut { .. } => Some("allow more with --timeout"),
            Self::DialogueFailed { .. } => {
                Some("compare what the screen shows with the answers of the script")
            }
            Self::NotUploaded { .. } => {
                Some("look at the path, the rights of the account, and the space on the disk")
            }
            Self::NotFetched { .. } => {
                Some("look at the path, the rights of the account, and the space on the disk of the machine")
            }
            Self::NoPowerShell { .. } => Some(
                "it needs Windows PowerShell 3 or newer, and a policy that lets scripts run; write the step with `in: cmd`",
            ),
            Self::ScriptFailed { .. } => Some(
                "where such an error is expected, catch it in the script (try, -ErrorAction SilentlyContinue)",
            ),
            Self::OutcomeUnknown { .. } | Self::NotFoundOut { .. } => {
                Some("look at the machine before you run it again")
            }
            Self::TooMuchOutput { .. } => {
                Some("let the command select what you need (findstr, a narrower query)")
            }
            Self::OutputDamaged { .. } => {
                Some("free some disk space if it is full; on a line that loses bytes, try a lower speed")
            }
        }
    }

    /// What the console showed.
    pub fn screen(&self) -> Option<&str> {
        match self {
            Self::Sac(error) => error.screen(),
            Self::NotPrepared { screen, .. }
            | Self::NoProof { screen }
            | Self::NotStarted { screen, .. }
            | Self::TimedOut { screen, .. }
            | Self::DialogueFailed { screen, .. } => Some(screen),
            Self::OutcomeUnknown { cause } | Self::LostBeforeEnter { cause } => cause.screen(),
            Self::NotFoundOut { cause } => cause.screen(),
            Self::LoginRefused { .. }
            | Self::RestartRefused { .. }
            | Self::NotUploaded { .. }
            | Self::NotFetched { .. }
            | Self::NoPowerShell { .. }
            | Self::ScriptFailed { .. }
            | Self::Stopped { .. }
            | Self::TooLong { .. }
            | Self::NoReceipt { .. }
            | Self::TooMuchOutput { .. }
            | Self::OutputDamaged { .. } => None,
        }
    }

    /// Whether the machine may have begun to execute the command. False only where that is proven.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Sac(_)
            | Self::LoginRefused { .. }
            | Self::RestartRefused { .. }
            | Self::NotPrepared { .. }
            | Self::NoProof { .. }
            | Self::NotStarted { .. }
            | Self::LostBeforeEnter { .. }
            | Self::NoReceipt { .. }
            | Self::TooLong { .. } => false,
            Self::NoPowerShell { begun, .. } => *begun,
            Self::TimedOut { .. }
            | Self::Stopped { .. }
            | Self::DialogueFailed { .. }
            | Self::NotUploaded { .. }
            | Self::NotFetched { .. }
            | Self::ScriptFailed { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NotFoundOut { .. }
            | Self::TooMuchOutput { .. }
            | Self::OutputDamaged { .. } => true,
        }
    }

    /// The same failure where Enter was sent before: never one that says that nothing ran.
    pub(super) fn after_enter(self) -> Self {
        if self.may_have_run() || self.is_stop() { self } else { Self::NotFoundOut { cause: Box::new(self) } }
    }

    /// The same failure where a line was typed and no Enter was sent: a line that stays lost says so.
    pub(super) fn without_enter(self) -> Self {
        match self {
            Self::OutcomeUnknown { cause: cause @ ConsoleError::HungUp { .. } } => {
                Self::LostBeforeEnter { cause }
            }
            other => other,
        }
    }

    /// The same failure where the command proves not to have been started: never one that says that it may have been.
    pub(super) fn before_start(self) -> Self {
        let cause = match self {
            Self::OutcomeUnknown { cause } => Self::Sac(SacError::Console(cause)),
            Self::NotFoundOut { cause } => *cause,
            error => error,
        };
        if cause.may_have_run() && !cause.is_stop() {
            let screen = cause.screen().unwrap_or_default().to_owned();
            return Self::NotStarted { reason: cause.to_string(), screen };
        }
        cause
    }

    /// Whether the line was lost.
    pub fn is_lost_line(&self) -> bool {
        matches!(
            self,
            Self::Sac(
                SacError::Console(ConsoleError::HungUp { .. })
                    | SacError::OutcomeUnknown { cause: ConsoleError::HungUp { .. } }
            ) | Self::OutcomeUnknown { cause: ConsoleError::HungUp { .. } }
                | Self::LostBeforeEnter { cause: ConsoleError::HungUp { .. } }
        )
    }

    /// The bad news behind it, when the machine or the channel went away.
    pub fn alarm(&self) -> Option<Alarm> {
        match self {
            Self::Sac(SacError::Console(ConsoleError::Alarm { alarm, .. }))
            | Self::OutcomeUnknown { cause: ConsoleError::Alarm { alarm, .. } } => Some(*alarm),
            _ => None,
        }
    }
}

impl ShellError {
    /// Whether the user stopped it.
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Stopped { .. }
                | Self::Sac(SacError::Console(ConsoleError::Stopped { .. }))
                | Self::OutcomeUnknown { cause: ConsoleError::Stopped { .. } }
        )
    }
}

fn at_line(line: Option<u32>) -> String {
    line.map_or_else(String::new, |line| format!(" in its line {line}"))
}

fn left(channel: Option<&str>) -> String {
    channel.map_or_else(String::new, |channel| format!("; the channel {channel} may still be open"))
}

impl From<SacError> for ShellError {
    fn from(error: SacError) -> Self {
        match error {
            SacError::OutcomeUnknown { cause } => Self::OutcomeUnknown { cause },
            error @ SacError::TooMuch { .. } => Self::NotFoundOut { cause: Box::new(Self::Sac(error)) },
            error => Self::Sac(error),
        }
    }
}

impl From<ConsoleError> for ShellError {
    fn from(error: ConsoleError) -> Self {
        Self::Sac(SacError::Console(error))
    }
}
