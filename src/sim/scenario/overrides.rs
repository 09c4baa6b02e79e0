//! `key=value` for any option of the machine.

use serde_json::Value;

use super::{distance, scalar};
use crate::sim::options::{MachineOptions, Values, listing};

/// The options with the one at `path` (`session.timeout`) set to `text`.
pub(super) fn set(options: &MachineOptions, path: &str, text: &str) -> Result<MachineOptions, String> {
    let known = listing();
    let Some(option) = known.iter().find(|option| option.path == path) else {
        return Err(unknown(path, known.iter().map(|option| option.path.as_str())));
    };
    let value = match &option.values {
        Values::Choice(choices) => {
            if !choices.iter().any(|choice| choice.value == text) {
                let all: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                return Err(format!("choose one of {}", all.join(", ")));
            }
            Value::String(text.to_owned())
        }
        Values::Switch { or_null } | Values::Number { or_null } => {
            let value = scalar(text);
            let fits = match option.values {
                Values::Switch { .. } => value.is_boolean(),
                _ => value.is_u64(),
            };
            if !(fits || *or_null && value.is_null()) {
                let kind = if matches!(option.values, Values::Switch { .. }) {
                    "`true` or `false`"
                } else {
                    "a whole number"
                };
                return Err(format!("give {kind}{}", if *or_null { ", or `null`" } else { "" }));
            }
            value
        }
        Values::Span { or_null: true } if text == "null" => Value::Null,
        Values::Span { .. } => Value::String(text.to_owned()),
        Values::List => serde_json::from_str(text)
            .map_err(|_| r#"give a JSON list, [{"type":"cmd\r"},{"wait":"2s"}]"#.to_owned())?,
    };
    let mut whole = serde_json::to_value(options).map_err(|error| error.to_string())?;
    if let Some(place) = whole.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
        *place = value;
    }
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

fn unknown<'a>(path: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let mut close: Vec<(usize, &str)> = known
        .map(|known| (distance(path, known), known))
        .filter(|(far, known)| *far <= path.len() / 4 || last(path) == last(known))
        .collect();
    close.sort_unstable();
    match close.as_slice() {
        [] => "the machine has no such option; `sacpilot sim --options` lists all".to_owned(),
        close => {
            let names: Vec<String> = close.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
            format!("the machine has no such option, did you mean {}?", names.join(" or "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &str, text: &str) -> String {
        set(&MachineOptions::default(), path, text).unwrap_err()
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        for (path, text, answer) in [
            ("sesion.timeout", "3s", "the machine has no such option, did you mean `session.timeout`?"),
            ("timeout", "3s", "the machine has no such option, did you mean `session.timeout`?"),
            ("quux", "3", "the machine has no such option; `sacpilot sim --options` lists all"),
            ("session", "3", "the machine has no such option; `sacpilot sim --options` lists all"),
            ("port", "com1", "choose one of sac, health-report, deaf, silent"),
            ("render.nuls", "many", "give a whole number"),
            ("render.nuls", "-1", "give a whole number"),
            ("render.titles", "1", "give `true` or `false`, or `null`"),
            ("before", "cmd", r#"give a JSON list, [{"type":"cmd\r"},{"wait":"2s"}]"#),
        ] {
            assert_eq!(refusal(path, text), answer, "{path}={text}");
        }
        for (path, text, part) in [
            ("session.timeout", "3", "not a length of time"),
            ("session.timeout", "-3s", "negative"),
            ("others.channels", "900", "900"),
            ("stop.at_line", "0", "nonzero"),
            ("before", r#"[{"typ":"x"}]"#, "unknown variant `typ`"),
        ] {
            assert!(refusal(path, text).contains(part), "{path}={text}: {}", refusal(path, text));
        }
    }

    #[test]
    fn every_option_takes_its_default_and_null_where_it_may() {
        let options = MachineOptions::default();
        for option in listing() {
            assert_eq!(set(&options, &option.path, &option.default), Ok(options.clone()), "{option:?}");
        }
    }
}
