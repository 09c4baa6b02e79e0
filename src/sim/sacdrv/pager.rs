//! Lists at `SAC>` that are longer than the screen.

use std::collections::VecDeque;

use super::messages;
use crate::sim::options::PagerKey;

/// Lines shown before the pager asks.
const PAGE: usize = 24;

/// A list on its way to the screen.
#[derive(Debug)]
pub(super) struct Pager {
    rest: VecDeque<String>,
    key: PagerKey,
    pub(super) route: Route,
}

/// Who prints the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// The driver, through the model of its channel.
    Channel,
    /// The kernel, straight to the port: the model never knows (`d`).
    Port,
}

/// What the pager wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Print this and wait for a key.
    Wait(String),
    /// Print this; the list is over.
    Done(String),
    /// The key meant nothing.
    Ignore,
}

impl Pager {
    /// A pager over `lines`, each with its line end; `show` gives the first page.
    pub(super) fn new(lines: Vec<String>, key: PagerKey, route: Route) -> Self {
        Self { rest: lines.into(), key, route }
    }

    /// The next page.
    pub(super) fn show(&mut self) -> Step {
        let page: String = self.rest.drain(..PAGE.min(self.rest.len())).collect();
        if self.rest.is_empty() {
            return Step::Done(page);
        }
        Step::Wait(page + messages::MORE)
    }

    /// Everything, without asking.
    pub(super) fn all(self) -> String {
        self.rest.into_iter().collect()
    }

    /// A key was pressed while the pager waits.
    pub(super) fn key(&mut self, key: u8) -> Step {
        match (key, self.key) {
            (b'\r' | b'\n', _) => self.show(),
            (3, PagerKey::ControlCEnds) | (_, PagerKey::AnyEnds) => Step::Done(String::new()),
            _ => Step::Ignore,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(lines: usize, key: PagerKey) -> Pager {
        Pager::new((0..lines).map(|n| format!("{n}\r\n")).collect(), key, Route::Channel)
    }

    fn text(lines: std::ops::Range<usize>) -> String {
        lines.map(|n| format!("{n}\r\n")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn pages_of_24_lines() {
        assert_eq!(pager(24, PagerKey::default()).show(), Step::Done(text(0..24)));
        let mut long = pager(49, PagerKey::default());
        assert_eq!(long.show(), Step::Wait(text(0..24) + messages::MORE));
        assert_eq!(long.key(b'x'), Step::Ignore);
        assert_eq!(long.key(b'\r'), Step::Wait(text(24..48) + messages::MORE));
        assert_eq!(long.key(b'\n'), Step::Done(text(48..49)));
    }

    #[test]
    fn which_key_ends_it_is_an_option() {
        for (option, key, step) in [
            (PagerKey::ControlCEnds, 3, Step::Done(String::new())),
            (PagerKey::ControlCEnds, b'q', Step::Ignore),
            (PagerKey::AnyEnds, b'q', Step::Done(String::new())),
            (PagerKey::Ignored, 3, Step::Ignore),
        ] {
            let mut long = pager(30, option);
            long.show();
            assert_eq!(long.key(key), step, "{option:?} {key}");
        }
    }
}
