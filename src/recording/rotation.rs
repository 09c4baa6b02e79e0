//! When a recording goes on in another file.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use super::writer::CastWriter;

/// How large, or how long, a file of a recording may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// So many bytes, before they are compressed.
    Bytes(u64),
    /// So long.
    Time(Duration),
}

/// Opens the file of a part, from 1.
pub type OpenPart = Box<dyn FnMut(u32) -> io::Result<Box<dyn Write + Send>> + Send>;

impl Rotation {
    /// Whether the file has become so large, or so long.
    pub(super) fn is_due<W: Write>(self, cast: &CastWriter<W>) -> bool {
        match self {
            Self::Bytes(most) => cast.written() >= most,
            Self::Time(most) => cast.length() >= most,
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(most) => write!(f, "{most} bytes"),
            Self::Time(most) => write!(f, "{} s", most.as_secs()),
        }
    }
}
