//! `evidence.txt`: every command that a run has sent, in order, with its exit code and what it printed: one file for a
//! support case. As in the journal, secrets are masked and the middle of a very long output is left out.

use std::fmt::Write as _;

use super::visible;
use crate::engine::{Event, EventKind};

/// The text of these events.
pub fn report(events: &[Event]) -> String {
    let mut out = String::new();
    for event in events {
        match &event.event {
            EventKind::RunStarted { run, tool, script, title, target, .. } => {
                let _ = writeln!(
                    out,
                    "{}\n{script} on {}, {tool}, {run}, {}\n",
                    visible::line(title),
                    visible::line(target),
                    event.at
                );
            }
            EventKind::CommandStarted { step, command, .. } => {
                let _ = writeln!(out, "==== {}\n> {}", visible::line(&step.0), visible::line(&command.text));
            }
            EventKind::CommandFailed { failure, .. } => {
                let _ = writeln!(out, "[failed: {}]\n", visible::line(&failure.message));
            }
            EventKind::CommandFinished { code, output, .. } => {
                let text = visible::lines(&output.text);
                out.push_str(text.trim_end());
                let _ = writeln!(out, "\n[code {code}]\n");
            }
            _ => {}
        }
    }
    out
}
