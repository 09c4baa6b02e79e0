//! Words that several reports share.

use std::collections::BTreeSet;

use crate::engine::event::{Settled, StepStatus, UndoOutcome, Values};
use crate::report::visible;
use crate::script::model::Severity;

/// Longest value shown on one line.
const LONGEST_VALUE: usize = 120;

/// A length of time: `0.4 s`, `12 s`, `2 min 05 s`, `1 h 02 min`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        120..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 change`, `2 changes`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// How a step ended, in a word or two.
pub fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Looked => "looked",
        StepStatus::Held => "ok",
        StepStatus::Changed => "changed",
        StepStatus::NotHeld => "not so",
        StepStatus::Restarted => "restarted",
        StepStatus::Skipped => "skipped",
        StepStatus::Depends => "depends",
        StepStatus::Failed => "failed",
        StepStatus::Interrupted => "stopped",
    }
}

/// How bad a finding is.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// What became of a command whose end was not seen.
pub fn settled(settled: Settled) -> String {
    match settled {
        Settled::Ended { code } => format!("had ended with code {code}"),
        Settled::NeverStarted => "was never entered".to_owned(),
        Settled::Unknown => "was started, and nobody can tell how it ended; the check decides".to_owned(),
    }
}

/// How taking back ended.
pub fn undo(outcome: &UndoOutcome) -> String {
    match outcome {
        UndoOutcome::Restored => "taken back".to_owned(),
        UndoOutcome::Differs { names } => {
            let name = |name: &String| match name.as_str() {
                "rc" => "exit code of the check".to_owned(),
                name => visible::line(name),
            };
            let names: Vec<String> = names.iter().map(name).collect();
            format!("its undo ran, but the old value is not there again: {}", names.join(", "))
        }
        UndoOutcome::Remains { why } => format!("remains, there is no way back: {}", visible::line(why)),
        UndoOutcome::Failed { failure } => {
            format!("remains, its undo failed: {}", visible::line(&failure.message))
        }
    }
}

/// A value on one line.
pub fn value(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) if items.is_empty() => "none".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    shortened(&visible::line(&text), LONGEST_VALUE)
}

/// `enabled = 0, port = 3389`.
pub fn values(values: &Values) -> String {
    values.iter().map(|(name, of)| format!("{name} = {}", value(of))).collect::<Vec<_>>().join(", ")
}

/// What became different: `enabled: 0 → 1`. A name that is on one side only was, or is, absent.
pub fn difference(before: &Values, after: &Values) -> Vec<String> {
    let absent = || "absent".to_owned();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            let old = before.get(name).map_or_else(absent, value);
            let new = after.get(name).map_or_else(absent, value);
            format!("{name}: {old} → {new}")
        })
        .collect()
}

/// The text, cut to so many characters.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lengths_of_time() {
        for (ms, expected) in [
            (0, "0.0 s"),
            (449, "0.4 s"),
            (9_999, "9.9 s"),
            (12_000, "12 s"),
            (125_000, "2 min 05 s"),
            (900_000, "15 min"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(span(ms), expected);
        }
    }

    #[test]
    fn differences() {
        let of = |pairs: &[(&str, serde_json::Value)]| -> Values {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let before = of(&[("a", json!("0")), ("b", json!("x")), ("d", json!(""))]);
        let after = of(&[("a", json!("1")), ("b", json!("x")), ("c", json!(["p", "q\u{7}"]))]);
        assert_eq!(difference(&before, &after), ["a: 0 → 1", "c: absent → p, q␇", "d: \"\" → absent"]);
    }
}
