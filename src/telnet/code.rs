//! The numbers of telnet.

use std::fmt;

/// Interpret as command: begins every command; twice, it is a data byte.
pub(super) const IAC: u8 = 255;
/// Begins a subnegotiation.
pub(super) const SB: u8 = 250;
/// Ends a subnegotiation.
pub(super) const SE: u8 = 240;
/// Carriage return.
pub(super) const CR: u8 = 13;

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The one that connects, and uses the port.
    Client,
    /// The one that listens, and has the port.
    Server,
}

impl End {
    /// The end at the other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A command of two bytes that is neither negotiation nor data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Command(pub u8);

impl Command {
    /// Nothing: some peers send it to see whether we are alive.
    pub const NOP: Self = Self(241);
    /// A break on the line.
    pub const BREAK: Self = Self(243);
    /// "Are you there?": wants a visible answer.
    pub const ARE_YOU_THERE: Self = Self(246);
}

/// What is said about an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// "I will" (or: "I do already").
    Will,
    /// "I will not".
    Wont,
    /// "Please do".
    Do,
    /// "Please do not".
    Dont,
}

impl Verb {
    /// Its number.
    pub fn code(self) -> u8 {
        match self {
            Self::Will => 251,
            Self::Wont => 252,
            Self::Do => 253,
            Self::Dont => 254,
        }
    }

    /// The verb with that number.
    pub fn of(code: u8) -> Option<Self> {
        [Self::Will, Self::Wont, Self::Do, Self::Dont].into_iter().find(|verb| verb.code() == code)
    }
}

/// An option.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opt(pub u8);

impl Opt {
    /// All 256 byte values pass; without it CR is followed by NUL or LF (RFC 856).
    pub const BINARY: Self = Self(0);
    /// That end echoes what it gets (RFC 857).
    pub const ECHO: Self = Self(1);
    /// No "go ahead" after each turn: both may talk at any time (RFC 858).
    pub const SUPPRESS_GO_AHEAD: Self = Self(3);
    /// That end is the client of a serial port behind the other (RFC 2217).
    pub const COM_PORT: Self = Self(44);
}

impl fmt::Debug for Opt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BINARY => f.write_str("BINARY"),
            Self::ECHO => f.write_str("ECHO"),
            Self::SUPPRESS_GO_AHEAD => f.write_str("SUPPRESS-GO-AHEAD"),
            Self::COM_PORT => f.write_str("COM-PORT"),
            Self(other) => write!(f, "option {other}"),
        }
    }
}
