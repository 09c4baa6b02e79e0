//! Timed two-way recording of a console, without its secrets.
//!
//! ```text
//!  bytes, both directions ─► redact ─► raw_text ─► writer ─► session.cast
//!   each with its time       masks     bytes as    one line
//!                            secrets   text        an event
//! ```
//!
//! # Format
//! asciicast v2: a JSON header line, then one JSON array a line, `[seconds, "o" | "i" | "m" | "e", text]`: what the
//! console sent, what was sent to it, marks (steps, restarts), and what the program told of its run (one event of
//! the engine as JSON; players pass over it). `asciinema play` plays it. Every event is one write, so that a killed
//! process leaves a usable file; only its last line can be torn, and [`CastReader`] says so.
//!
//! The header's `sacpilot.format` is 2. Format 1 had no `session` in the header and no `e` events; everything else is
//! the same, and it is read for good. A reader refuses a higher number than its own; a number grows only when a
//! reader of the old one would misread the new.
//!
//! A recording may be in several files ([`Rotation`], [`Parts`]): the header of each but the first has `sacpilot.part`,
//! its number and when it begins. A header inside a file begins a part, so files may be joined as they are.
//!
//! Text in JSON is Unicode, a console is bytes. Bytes that are UTF-8 are written as they are. Any other byte
//! `HH` is written as the private character U+10FE`HH` (always 80 to FF), which players show as a box. A true
//! character of that range is written as its four bytes, each in that way, so reading gives back every byte
//! exactly. A header with the key `sacpilot` says that this holds.
//!
//! # Secrets
//! See [`Redactor`]. Secrets are masked in the stream before it is cut into events, so a secret cut by a read, or
//! echoed with control sequences inside, does not reach the file. Events behind a held-back byte wait for it, so the order and
//! the times in the file are those of the line.
//!
//! A recording that fails (disk full) stops and says so once ([`Recorder::take_failure`]); it never fails the run.

mod cast;
mod escape;
#[cfg(test)]
mod flat;
mod forms;
mod import;
pub mod line_marks;
mod parts;
mod playback;
mod raw_text;
mod reader;
mod recorder;
mod redact;
mod rotation;
mod survey;
mod writer;

pub use cast::{Event, Header, Kind, Origin, Part, SessionOrigin};
pub use import::{Hints, Import, Source};
pub use parts::{Parts, part_path};
pub use playback::{Difference, Manner, Playback, Recorded};
pub use reader::{CastReader, ReadError};
pub use recorder::{Annotator, Recorder, RecordingFailure};
pub use redact::{Redactor, mask};
pub use rotation::{OpenPart, Rotation};
pub use survey::{Survey, survey};
pub use writer::CastWriter;
