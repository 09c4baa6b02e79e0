//! Text that a program puts together before it prints it.

use std::fmt::{self, Write as _};

/// Lines with CR LF.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, text: impl fmt::Display) {
        self.part(text);
        self.0.push_str("\r\n");
    }

    /// Adds text without an end of line.
    pub(super) fn part(&mut self, text: impl fmt::Display) {
        // Writing into a String cannot fail.
        let _ = write!(self.0, "{text}");
    }

    /// What was put together.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}
