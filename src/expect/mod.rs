//! Patterns on a stream of bytes.
//!
//! ```text
//!  Pattern (literal | regex) ─► PatternSet (one DFA) ─► Matcher: bytes in, matches out
//! ```
//!
//! # What a match is
//! The shortest prefix of the stream, since the last match, that contains a match of any pattern; when several patterns
//! match there, the one listed first. That is what one sees when bytes come one at a time, so it does not depend
//! on where the reads fell. Each byte is looked at once, whatever the number of patterns.
//!
//! After a match the stream begins anew: `^` and `\A` match there.
//!
//! # What a pattern may be
//! Bytes, so `\d`, `\w`, `(?i)` and classes are ASCII (literal text of any language works; `(?u:[äö])` asks
//! for Unicode). What depends on the byte after the match (`$`, `\z`, `\b` at the end) is refused: a stream has no end
//! until it hangs up, so `ok$` would match the `ok` of `okay` when a read ends there.

mod matcher;
mod pattern;
mod set;

pub use matcher::{Match, Matcher};
pub use pattern::{Pattern, PatternError, open_ended};
pub use set::PatternSet;
