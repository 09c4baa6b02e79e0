//! Runs a script on a machine: check, change what does not hold, verify, else undo.
//!
//! ```text
//!  Script + parameters ─► run ─► Operator (types one command, says how it ended)
//!                          │
//!                          └───► events ─► journal (on disk before a change is sent), reports
//! ```

mod ahead;
mod ask;
mod block;
mod condition;
mod deadline;
mod dialogue;
pub mod event;
mod facts;
mod failure;
pub mod folder;
mod frame;
pub mod interrupt;
pub mod journal;
pub mod ledger;
pub mod live;
pub mod masks;
pub mod memo;
pub mod narrator;
mod once_more;
pub mod operator;
mod output;
pub mod past;
mod probe;
mod reboot;
mod reopened;
mod resume;
pub mod run;
pub mod selection;
mod step;
mod undo;
mod upload;
pub mod verdict;
mod wait;

pub use event::{Event, EventKind};
pub use folder::{FolderError, RunFolder};
pub use interrupt::{Interrupt, OnInterrupt};
pub use journal::Journal;
pub use masks::Masks;
pub use narrator::{Listener, Narrator};
pub use operator::{Awaited, Operator, OperatorError, Outcome, SessionPlace, Trouble};
pub use past::{NotAgain, Past};
pub use run::{Ended, Order, run, undo};
pub use selection::{Selection, SelectionError};
pub use verdict::Verdict;
