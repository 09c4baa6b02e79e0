//! What can be done with a run from here on: the exact commands.

use std::path::Path;

use crate::engine::Past;
use crate::engine::event::WayBack;
use crate::engine::ledger::Made;

/// Commands that take a run up again, or back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// `sacpilot resume RUN`, when it can go on.
    pub resume: Option<String>,
    /// `sacpilot undo RUN`, when something of it can be taken back.
    pub undo: Option<String>,
}

impl Next {
    /// What the journal allows; `run` is a run folder or its name, as the program takes it.
    pub fn of(run: &Path, past: &Past) -> Self {
        let run = word(&run.display().to_string());
        let way_back = |made: &Made| made.touched() && matches!(made.undo, WayBack::Commands { .. });
        let undo = past.can_undo().is_ok() && past.ledger.changes.iter().any(way_back);
        Self {
            resume: past.can_resume().is_ok().then(|| format!("sacpilot resume {run}")),
            undo: undo.then(|| format!("sacpilot undo {run}")),
        }
    }
}

/// As one word of a command line, for the shells of Unix and of Windows.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '\\' | ':' | '.' | '-' | '_' | '+' | '=');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word() {
        for (name, expected) in [
            ("20261122T181500Z-rdp-tls", "20261122T181500Z-rdp-tls"),
            ("/home/a b/run", "\"/home/a b/run\""),
            (r"C:\runs\x", r"C:\runs\x"),
            ("a;b", "\"a;b\""),
        ] {
            assert_eq!(word(name), expected);
        }
    }

    #[test]
    fn nothing_begun_nothing_to_do() {
        assert_eq!(Next::of(Path::new("x"), &Past::default()), Next::default());
    }
}
