//! Consumers of events: what people and programs see of a run. Nothing here decides anything.
//!
//! Text of the machine is shown with its control characters made visible (law 8), see [`visible`].

pub mod evidence;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod next;
pub mod paint;
pub mod summary;
pub mod terminal;
pub mod visible;
pub mod wording;

pub use json::JsonLines;
pub use next::Next;
pub use paint::Paint;
pub use summary::Summary;
pub use terminal::{Detail, Terminal};
