//! Bad news: what ends every wait at once, whatever was awaited.

use thiserror::Error;

use crate::screen::Screen;

/// Something happened to the machine or to the channel that makes waiting useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Alarm {
    /// The kernel stopped and offers `!SAC>`.
    #[error("the machine stopped with a bug check (blue screen)")]
    BugCheck,
    /// Firmware or boot text came: the machine restarted.
    #[error("the machine restarted")]
    Restarted,
    /// The channel is gone: SAC shows its own screen, or offers to.
    #[error("the command channel was closed: the console is back at SAC")]
    ChannelClosed,
    /// The session fell back to its login (a timeout, or `lock` at SAC).
    #[error("the session was ended by Windows and asks for a login again")]
    LoginAgain,
}

/// Looks for bad news on the screen; cheap, since it is asked after each character.
pub type Watch = fn(&Screen) -> Option<Alarm>;
