//! Runs a script on a machine: check, change what does not hold, verify, else undo.
//!
//! ```text
//!  Script + parameters ─► run ─► Operator (types one command, says how it ended)
//!                          │
//!                          └───► events ─► journal (on disk before a change is sent), reports
//! ```

pub mod event;
pub mod interrupt;
pub mod journal;
pub mod masks;
pub mod narrator;
pub mod operator;
pub mod verdict;

pub use event::{Event, EventKind};
pub use operator::{Operator, OperatorError, Outcome, Trouble};
pub use verdict::Verdict;
