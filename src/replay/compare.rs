//! Whether a run that was driven again told the same as the recorded one.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::engine::Event;
use crate::engine::event::EventKind;

/// What differs from run to run without meaning anything: times, and how the line is called.
const INCIDENTAL: [&str; 9] =
    ["elapsed_ms", "tool", "target", "digest", "scripts", "line", "budget_ms", "approved", "snapshot"];

/// What is different, as a diff of one line an event (`-` recorded, `+` now); `None` when nothing is.
pub fn difference(recorded: &[Event], now: &[Event]) -> Option<String> {
    let (before, after) = (lines(recorded), lines(now));
    if before == after {
        return None;
    }
    let diff = TextDiff::from_lines(&before, &after);
    let mut text = String::new();
    for group in diff.grouped_ops(2) {
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

/// The events of a run as text, one a line, without what is incidental.
fn lines(events: &[Event]) -> String {
    // A snapshot belongs to the way in: a recording has no disk.
    let told = events.iter().filter(|event| {
        !matches!(
            event.event,
            EventKind::Waiting { .. } | EventKind::SnapshotTaken { .. } | EventKind::SnapshotDeclined { .. }
        )
    });
    told.map(|event| line(&event.event) + "\n").collect()
}

fn line(event: &EventKind) -> String {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    let mut kind = String::new();
    let mut step = String::new();
    if let Value::Object(members) = &mut value {
        for name in INCIDENTAL {
            members.remove(name);
        }
        kind = text_of(members.remove("type").as_ref());
        step = text_of(members.remove("step").as_ref());
    }
    format!("{kind} {step} {value}")
}

fn text_of(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
            " session-opened  {\"channel\":\"Cmd0001\",\"kept\":false,\"session\":\"\"}\n-step-finished tls {\"left\":null,\"note\":null,\"status\":\"held\"}\n+step-finished tls \
             {\"left\":null,\"note\":null,\"status\":\"changed\"}\n session-closed  {\"channel\":{\"left\":\"closed\"}}\n …\n"
        );
    }
}
