//! Timed two-way recording of a console, without its secrets.
//!
//! ```text
//!  bytes, both directions ─► redact ─► raw_text ─► writer ─► session.cast
//!   each with its time       masks     bytes as    one line
//!                            secrets   text        an event
//! ```
//!
//! # Format
//! asciicast v2: a JSON header line, then one JSON array a line, `[seconds, "o" | "i" | "m", text]`: what the
//! console sent, what was sent to it, and marks (steps, matches, mode changes). `asciinema play` plays it. Every event is
//! one write, so that a killed process leaves a usable file; only its last line can be torn, and
//! [`CastReader`] says so.
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
mod forms;
mod raw_text;
mod reader;
mod recorder;
mod redact;
mod writer;

pub use cast::{Event, Header, Kind, Origin};
pub use reader::{CastReader, ReadError};
pub use recorder::{Recorder, RecordingFailure};
pub use redact::{Redactor, mask};
pub use writer::CastWriter;
