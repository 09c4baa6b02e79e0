//! Whether a run that was driven again told the same as the recorded one.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::engine::Event;
use crate::engine::event::EventKind;

/// What differs from run to run without meaning anything: times, and how the line is called.
const INCIDENTAL: [&str; 9] =
    ["elapsed_ms", "tool", "target", "digest", "scripts", "line", "budget_ms", "approved", "snapshot"];

/// What is different, as a diff (`-` recorded, `+` now): each event with its members below it, one a line, an output line by
/// line; `None` when nothing is.
pub fn difference(recorded: &[Event], now: &[Event]) -> Option<String> {
    let (before, after) = (lines(recorded), lines(now));
    if before == after {
        return None;
    }
    let diff = TextDiff::from_lines(&before, &after);
    let mut text = String::new();
    for group in diff.grouped_ops(2) {
        // The event that the first line belongs to.
        let first = group.first().map_or(0, |op| op.old_range().start);
        if let Some(event) = event_of(&before, first) {
            let _ = writeln!(text, " {event}");
        }
        for op in &group {
            for change in diff.iter_changes(op) {
                let sign = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                };
                text.push(sign);
                text.push_str(change.value());
            }
        }
        text.push_str(" …\n");
    }
    Some(text)
}

/// The first line of the event that the line of this number belongs to, unless it is that line.
fn event_of(text: &str, number: usize) -> Option<&str> {
    let lines: Vec<&str> = text.lines().take(number + 1).collect();
    let inside = lines.get(number).is_some_and(|line| line.starts_with(' '));
    inside.then(|| lines.into_iter().rev().find(|line| !line.starts_with(' '))).flatten()
}

/// The events of a run as text, without what is incidental.
fn lines(events: &[Event]) -> String {
    // A snapshot belongs to the way in: a recording has no disk.
    let told = events.iter().filter(|event| {
        !matches!(
            event.event,
            EventKind::Waiting { .. } | EventKind::SnapshotTaken { .. } | EventKind::SnapshotDeclined { .. }
        )
    });
    let mut text = String::new();
    let mut failure = Value::Null;
    for event in told {
        event_text(&event.event, &mut failure, &mut text);
    }
    text
}

/// An event and its members. A failure is told by the command, its step and the run: it is shown once.
fn event_text(event: &EventKind, failure: &mut Value, text: &mut String) {
    let Value::Object(mut members) = serde_json::to_value(event).unwrap_or_default() else { return };
    for name in INCIDENTAL {
        members.remove(name);
    }
    let kind = text_of(members.remove("type").as_ref());
    let step = text_of(members.remove("step").as_ref());
    text.push_str(format!("{kind} {step}").trim_end());
    text.push('\n');
    for (name, value) in members {
        if name == "failure" && !value.is_null() && value == *failure {
            text.push_str("  failure: as above\n");
            continue;
        }
        member(&name, &value, text);
        if name == "failure" && !value.is_null() {
            *failure = value;
        }
    }
}

/// `  name: value`; what is inside a value has names of its own.
fn member(name: &str, value: &Value, text: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(members) if !members.is_empty() => {
            for (inner, value) in members {
                member(&format!("{name}.{inner}"), value, text);
            }
        }
        Value::String(long) if long.contains('\n') => {
            for line in long.split('\n') {
                // Quoted as JSON does, without the quotes.
                let quoted = Value::from(line).to_string();
                let _ = writeln!(text, "  {name} | {}", &quoted[1..quoted.len() - 1]);
            }
        }
        short => {
            let _ = writeln!(text, "  {name}: {short}");
        }
    }
}

fn text_of(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::engine::event::{ChannelLeft, StepPath, StepStatus, VERSION};

    fn events(kinds: Vec<EventKind>) -> Vec<Event> {
        let event = |event| Event { v: VERSION, seq: 1, at: Timestamp::UNIX_EPOCH, ms: 0, event };
        kinds.into_iter().map(event).collect()
    }

    fn finished(status: StepStatus) -> EventKind {
        EventKind::StepFinished { step: StepPath("tls".to_owned()), status, note: None, left: None }
    }

    fn opened(line: &str) -> EventKind {
        let (line, channel) = (line.to_owned(), "Cmd0001".to_owned());
        EventKind::SessionOpened { line, session: String::new(), channel, kept: false }
    }

    #[test]
    fn times_and_waits_are_no_difference() {
        let closed = EventKind::SessionClosed { channel: ChannelLeft::Closed };
        let recorded = events(vec![
            opened("serial port"),
            EventKind::Waiting { what: "x".to_owned(), budget_ms: None },
            finished(StepStatus::Held),
            closed.clone(),
        ]);
        let mut now = events(vec![opened("recording"), finished(StepStatus::Held), closed]);
        assert_eq!(difference(&recorded, &now), None);
        now[1].event = finished(StepStatus::Changed);
        assert_eq!(
            difference(&recorded, &now).unwrap(),
            " session-opened
   session: \"\"
 step-finished tls
-  status: \"held\"
+  status: \"changed\"
 session-closed
   channel.left: \"closed\"
 …
"
        );
    }

    #[test]
    fn an_output_is_compared_line_by_line() {
        let finished = |text: &str| {
            let event = json!({"type": "command-finished", "step": "tls", "purpose": "check", "code": 0, "values": {}, "elapsed_ms": 1,
                "output": {"text": text, "chars": 9, "omitted_lines": 0}});
            serde_json::from_value(event).unwrap()
        };
        let listing = |third: &str| format!("one\r\ntwo\r\n{third}\r\nfour\r\nfive\r\nsix\r\n");
        let recorded = events(vec![finished(&listing("three"))]);
        let now = events(vec![finished(&listing("3"))]);
        assert_eq!(
            difference(&recorded, &now).unwrap(),
            " command-finished tls
   output.text | one\\r
   output.text | two\\r
-  output.text | three\\r
+  output.text | 3\\r
   output.text | four\\r
   output.text | five\\r
 …
"
        );
    }

    /// A run that failed tells why three times; once is enough.
    #[test]
    fn a_failure_is_shown_once() {
        let failure = json!({"code": "x", "message": "the line is lost", "help": "look", "screen": "C:\\>", "trouble": "line-lost"});
        let kind = |event| serde_json::from_value::<EventKind>(event).unwrap();
        let failed = kind(json!({"type": "step-failed", "step": "tls", "failure": failure}));
        let ended = json!({"type": "run-finished", "verdict": "unreachable", "exit": 3, "failure": failure, "elapsed_ms": 1});
        let ended = kind(ended);
        let said = difference(&[], &events(vec![failed, ended])).unwrap();
        assert_eq!(said.matches("the line is lost").count(), 1, "{said}");
        assert!(said.contains("+  failure: as above\n"), "{said}");
    }
}
