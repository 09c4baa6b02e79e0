//! The Special Administration Console: what it prints, where we are, and the way from any state to the prompt that
//! is wanted.

mod channel;
mod command;
mod place;
mod prompt;
pub mod text;
mod watch;

use std::time::Duration;

use thiserror::Error;

pub use channel::{channels, close_channel, newest, open_channel, view_again, view_channel, viewed};
pub use command::{command, only_looks, restart};
pub use place::{Field, Place, cmd_prompt_at_cursor, login_at_cursor, recognise, switch_screen};
pub use prompt::{AtSac, await_boot, pause, reach_prompt};
pub use watch::in_channel;

use crate::console::{ConsoleError, seconds};

/// Why a prompt could not be reached.
#[derive(Debug, Error)]
pub enum SacError {
    /// The line itself.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// A command of SAC was entered; what became of it is unknown.
    #[error("SAC got the command, and what became of it is unknown: {cause}")]
    OutcomeUnknown {
        /// What happened.
        cause: ConsoleError,
    },
    /// Nothing answers.
    #[error("the console did not show a SAC prompt within {}: {seen}", seconds(*waited))]
    NoPrompt {
        /// How long it was tried.
        waited: Duration,
        /// What was seen instead.
        seen: Seen,
        /// The screen.
        screen: String,
    },
    /// The prompt is there and no key has an effect.
    #[error("the console shows SAC's prompt and takes no key")]
    Deaf,
    /// There is no channel of that name any more.
    #[error("the command channel {name} is gone")]
    NoSuchChannel {
        /// Its name.
        name: String,
    },
    /// What SAC shows came altered, again and again.
    #[error("{what} could not be read: it came altered every time")]
    Unreadable {
        /// What.
        what: &'static str,
        /// The screen.
        screen: String,
    },
    /// It printed more than is kept.
    #[error("SAC ran {command} and printed more than is kept of it (64 KiB)")]
    TooMuch {
        /// The command.
        command: String,
    },
    /// Azure's health report is all that comes: SAC is off.
    #[error(
        "this machine prints Azure's health report only: SAC (EMS) is switched off in its boot configuration"
    )]
    Off,
    /// `!SAC>`.
    #[error("the machine stopped with a bug check (blue screen) and shows !SAC>")]
    Stopped {
        /// The screen.
        screen: String,
    },
    /// The boot manager's menu, which did not boot anything by itself.
    #[error("the machine waits at its boot menu")]
    BootMenu {
        /// The screen.
        screen: String,
    },
    /// `cmd` was refused for good.
    #[error("SAC could not open a command channel: {reason}")]
    Refused {
        /// In SAC's words, or nearly.
        reason: String,
        /// What the user can do.
        help: &'static str,
    },
}

/// What was seen while a SAC prompt was awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not one byte.
    Nothing,
    /// Something, but no answer to ESC TAB 0.
    NoAnswer,
    /// Boot text.
    Booting,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "not one byte came",
            Self::NoAnswer => "something else is shown, and ESC TAB 0 is not answered",
            Self::Booting => "it was still booting",
        })
    }
}

impl SacError {
    /// A stable code for documents and machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Console(ConsoleError::HungUp { .. }) => "line-lost",
            Self::Console(ConsoleError::Stopped { .. }) => "stopped",
            Self::Console(ConsoleError::Alarm { .. }) => "interrupted-by-machine",
            Self::Console(_) => "console",
            Self::NoSuchChannel { .. } => "channel-gone",
            Self::Unreadable { .. } => "line-too-noisy",
            Self::OutcomeUnknown { .. } => "outcome-unknown",
            Self::TooMuch { .. } => "too-much-output",
            Self::NoPrompt { .. } => "no-sac-prompt",
            Self::Deaf => "deaf",
            Self::Off => "sac-off",
            Self::Stopped { .. } => "bug-check",
            Self::BootMenu { .. } => "boot-menu",
            Self::Refused { .. } => "no-command-channel",
        }
    }

    /// What the user can do next.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Console(error) => Some(error.help()),
            Self::NoSuchChannel { .. } => Some("run it again: a new channel is opened"),
            Self::Unreadable { .. } => Some("try a lower speed; on real hardware check cable and ground"),
            Self::OutcomeUnknown { .. } => Some("look at the machine before you run it again"),
            Self::TooMuch { .. } => {
                Some("ask for less (`t` has a switch for threads: f), or ask Windows by a step in cmd")
            }
            Self::NoPrompt { seen: Seen::Nothing, .. } => Some(
                "check that the machine runs and that this is its COM1 (115200 8N1); a machine with kernel debugging \
                 on the port takes no input (bcdedit /debug {current} off); if somebody left a long list of SAC \
                 standing, its pager takes Enter only: press it in `sacpilot connect`",
            ),
            Self::NoPrompt { seen: Seen::NoAnswer, .. } => Some(
                "look with `sacpilot connect`: if Windows runs and SAC stays silent, EMS may be off (bcdedit /ems \
                 {current} on, then a restart) or the kernel debugger owns the port",
            ),
            Self::NoPrompt { seen: Seen::Booting, .. } => Some("wait longer with --wait"),
            Self::Deaf => Some(
                "kernel debugging owns the input of the port: bcdedit /debug {current} off by another way, then restart; \
                 on real hardware check the transmit wire and flow control; if news of SAC came while a long list stood \
                 at its pager, which takes Enter only: press it in `sacpilot connect`",
            ),
            Self::Off => Some(
                "switch it on by another way (Run Command, or offline on a rescue VM): bcdedit /ems {current} on; \
                 bcdedit /emssettings EMSPORT:1 EMSBAUDRATE:115200; then restart",
            ),
            Self::Stopped { .. } => {
                Some("look at the dump with `sacpilot connect` (d), or type restart there")
            }
            Self::BootMenu { .. } => Some(
                "choose there with `sacpilot connect`: Enter boots the entry that is highlighted, Escape and then 8 shows \
                 the advanced options; with a countdown, wait longer with --wait",
            ),
            Self::Refused { help, .. } => Some(help),
        }
    }

    /// What the console showed.
    pub fn screen(&self) -> Option<&str> {
        match self {
            Self::Console(error) | Self::OutcomeUnknown { cause: error } => error.screen(),
            Self::NoPrompt { screen, .. }
            | Self::Stopped { screen }
            | Self::BootMenu { screen }
            | Self::Unreadable { screen, .. } => Some(screen),
            Self::NoSuchChannel { .. }
            | Self::TooMuch { .. }
            | Self::Deaf
            | Self::Off
            | Self::Refused { .. } => None,
        }
    }
}
