//! What runs behind a CMD channel after the login: a shell of the machine, or a program of the world outside.

use std::time::Duration;

use super::outside::Outside;
use super::terminal::Terminal;
use super::windows::SharedWorld;

/// One of the two.
pub(super) enum Behind {
    Terminal(Box<Terminal>),
    Outside(Box<Outside>),
}

impl Behind {
    /// Who sits at it.
    pub(super) fn user(&self) -> &str {
        match self {
            Self::Terminal(terminal) => terminal.user(),
            Self::Outside(outside) => outside.user(),
        }
    }

    /// Runs what is due.
    pub(super) fn advance(&mut self, now: Duration) {
        match self {
            Self::Terminal(terminal) => terminal.advance(now),
            Self::Outside(outside) => outside.advance(),
        }
    }

    /// When [`Self::advance`] is wanted next.
    pub(super) fn next(&self) -> Option<Duration> {
        match self {
            Self::Terminal(terminal) => terminal.next(),
            Self::Outside(outside) => outside.has_news().then_some(Duration::ZERO),
        }
    }

    /// The whole screen is to be sent again. A program outside is not told.
    pub(super) fn start_over(&mut self, now: Duration) {
        if let Self::Terminal(terminal) = self {
            terminal.start_over(now);
        }
    }

    /// Text for the channel since the last call.
    pub(super) fn take_text(&mut self) -> String {
        match self {
            Self::Terminal(terminal) => terminal.take_text(),
            Self::Outside(outside) => outside.take_text(),
        }
    }

    /// Lines that were entered since the last call.
    pub(super) fn take_lines(&mut self) -> Vec<String> {
        match self {
            Self::Terminal(terminal) => terminal.take_lines(),
            Self::Outside(outside) => outside.take_lines(),
        }
    }

    /// Whether it ended.
    pub(super) fn is_over(&self, world: &SharedWorld) -> bool {
        match self {
            Self::Terminal(terminal) => terminal.is_over(world),
            Self::Outside(outside) => outside.is_over(),
        }
    }

    /// Ends it; a program outside is killed when it is dropped.
    pub(super) fn end(self, world: &SharedWorld) {
        if let Self::Terminal(terminal) = self {
            terminal.end(world);
        }
    }
}
