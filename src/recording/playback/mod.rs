//! A recording that answers as the recorded machine did, without I/O: bytes and a time in, bytes out.
//!
//! ```text
//!  what was sent ─► [strict | tolerant] ─► compared with the recorded input ─► what came after it
//!                                          first difference: an error with both sides and the place
//! ```
//!
//! Output stays behind the input it followed: what the machine said after a key comes once that key was sent, as
//! long after it as recorded (or so much sooner as [`Playback::sooner`] says). So the same driver meets the same bytes
//! at the same moments, and a driver that sends something else is told where.
//!
//! - [`Manner::Strict`]: byte for byte. A key sent clearly before what the recording has in front of it is a
//!   difference too: an event was missed.
//! - [`Manner::Tolerant`]: line by line. Typed text is echoed by the playback itself, so chunks, erasing and typing
//!   again are free; what counts is the line that is entered, and each single key (a blank at a switch screen,
//!   `ESC TAB 0`, Ctrl-C). Timing is free.
//!
//! A line that was lost while it was recorded ends there, and goes on where it was made anew ([`Playback::go_on`]): what a
//! client said that was refused, and what came over the next one, do not follow one another on one line.
//!
//! A secret is `***` in a recording. It stands for as many keys as stars were echoed, whatever they are.

mod strict;
mod tape;
mod tolerant;

use std::fmt;
use std::io::Read;
use std::time::Duration;

use super::ReadError;
use strict::Strict;
use tape::{Entry, Moment, Tape};
use tolerant::Tolerant;

/// How what is sent must agree with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Byte for byte.
    Strict,
    /// Line by line.
    Tolerant,
}

/// What was sent is not what the recording has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where in the recording, since its beginning.
    pub at: Duration,
    /// The line of the file.
    pub line: usize,
    /// The mark before it.
    pub behind: Option<String>,
    /// What was recorded there.
    pub recorded: Recorded,
    /// What was sent instead.
    pub sent: Vec<u8>,
}

/// What a recording has at the place of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// These bytes were sent then.
    Sent(Vec<u8>),
    /// This was said first, so long after.
    Said {
        /// The beginning of it.
        text: Vec<u8>,
        /// How much later it is due.
        later: Duration,
    },
    /// The line was lost first, so long after.
    Lost {
        /// How much later that is.
        later: Duration,
    },
    /// Nothing more: the recording ends.
    End,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the recording differs at {:.3} s (line {}", self.at.as_secs_f64(), self.line)?;
        if let Some(mark) = &self.behind {
            write!(f, ", behind the mark `{}`", mark.escape_debug())?;
        }
        let sent = shown(&self.sent);
        match &self.recorded {
            Recorded::Sent(bytes) => write!(f, "): `{}` was recorded, `{sent}` was sent", shown(bytes)),
            Recorded::Said { text, later } => write!(
                f,
                "): `{sent}` was sent {:.1} s before the console said `{}`",
                later.as_secs_f64(),
                shown(text)
            ),
            Recorded::Lost { later } => {
                write!(f, "): `{sent}` was sent {:.1} s before the line was lost", later.as_secs_f64())
            }
            Recorded::End => write!(f, "): the recording ends there, `{sent}` was sent"),
        }
    }
}

impl std::error::Error for Difference {}

/// A recording, played.
pub struct Playback {
    tape: Tape,
    way: Way,
}

enum Way {
    Strict(Strict),
    Tolerant(Tolerant),
}

impl Playback {
    /// Plays a recording, from its beginning.
    ///
    /// # Errors
    /// [`ReadError`] when its header cannot be read.
    pub fn new(input: impl Read + Send + 'static, manner: Manner) -> Result<Self, ReadError> {
        let way = match manner {
            Manner::Strict => Way::Strict(Strict::default()),
            Manner::Tolerant => Way::Tolerant(Tolerant::default()),
        };
        Ok(Self { tape: Tape::new(input)?, way })
    }

    /// The same, whose outputs come so much sooner than they were recorded, none before the input that it followed.
    ///
    /// On a busy computer a wait of the driver ended late when it was recorded, and what the console said meanwhile kept
    /// it from doing what it did not do then. Who plays it where time stands still has no such lateness. Timing is free in
    /// [`Manner::Tolerant`], where this is nothing.
    #[must_use]
    pub fn sooner(mut self, by: Duration) -> Self {
        if let Way::Strict(strict) = &mut self.way {
            strict.come_sooner(by);
        }
        self
    }

    /// Whether nothing was believed of what the recorded line began with.
    pub fn began_with_the_past(&self) -> bool {
        self.tape.began_with_the_past()
    }

    /// Bytes were sent to the console at `now` (since the playback began).
    ///
    /// # Errors
    /// [`Difference`]; it stays, whatever is sent afterwards.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) -> Result<(), Box<Difference>> {
        match &mut self.way {
            Way::Strict(strict) => strict.receive(&mut self.tape, now, bytes),
            Way::Tolerant(tolerant) => tolerant.receive(&mut self.tape, now, bytes),
        }
    }

    /// Whether the line is lost at `now`, and why (empty where an old recording does not tell). It stays lost until
    /// [`Playback::go_on`].
    pub fn lost(&mut self, now: Duration) -> Option<String> {
        let is_lost = match &self.way {
            Way::Strict(strict) => strict.is_lost(&mut self.tape, now),
            Way::Tolerant(tolerant) => tolerant.is_lost(&mut self.tape),
        };
        match self.tape.peek() {
            Some(Entry { moment: Moment::Lost(reason), .. }) if is_lost => Some(reason.clone()),
            _ => None,
        }
    }

    /// Whether bytes that are sent at `now` find a lost line, as far as can be told before they are.
    pub fn refuses(&mut self, now: Duration) -> bool {
        match &self.way {
            Way::Strict(strict) => strict.refuses(&mut self.tape, now),
            Way::Tolerant(tolerant) => tolerant.is_lost(&mut self.tape),
        }
    }

    /// Goes on at `now` with the line that was made anew behind a loss. False: it never was.
    pub fn go_on(&mut self, now: Duration) -> bool {
        let Some(at) = self.tape.go_on() else { return false };
        match &mut self.way {
            Way::Strict(strict) => strict.go_on(now, at),
            Way::Tolerant(tolerant) => tolerant.go_on(),
        }
        true
    }

    /// What the console says until `now`.
    pub fn advance(&mut self, now: Duration) -> Vec<u8> {
        match &mut self.way {
            Way::Strict(strict) => strict.advance(&mut self.tape, now),
            Way::Tolerant(tolerant) => tolerant.advance(&mut self.tape, now),
        }
    }

    /// What the console says of its next outputs although they are not due, at the most so many and none behind the next
    /// input: as if the line had held back what was before them. Timing is free in [`Manner::Tolerant`], where this is
    /// nothing.
    pub fn hasten(&mut self, now: Duration, outputs: usize) -> Vec<u8> {
        match &mut self.way {
            Way::Strict(strict) => strict.hasten(&mut self.tape, now, outputs),
            Way::Tolerant(_) => Vec::new(),
        }
    }

    /// When it will say something if nothing is sent meanwhile.
    pub fn next_wake(&mut self) -> Option<Duration> {
        match &mut self.way {
            Way::Strict(strict) => strict.next_wake(&mut self.tape),
            Way::Tolerant(tolerant) => tolerant.next_wake(&mut self.tape),
        }
    }

    /// Whether everything that was recorded has been played; then the line ends.
    pub fn ended(&mut self) -> bool {
        let silent = match &self.way {
            Way::Strict(strict) => strict.is_idle(),
            Way::Tolerant(tolerant) => tolerant.is_idle(),
        };
        silent && self.tape.peek().is_none()
    }

    /// Why the recording could not be read to its end.
    pub fn trouble(&self) -> Option<&ReadError> {
        self.tape.trouble()
    }
}

impl fmt::Debug for Playback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playback").finish_non_exhaustive()
    }
}

/// Bytes for people: text as it is, everything else escaped, long ones cut.
pub(super) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
