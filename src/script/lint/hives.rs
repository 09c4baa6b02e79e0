//! Every `reg load` has its `reg unload`.

use std::ops::Range;

use crate::script::codes;
use crate::script::lint::words::{Simple, part};
use crate::script::lint::{Found, commands, powershell};
use crate::script::raw::{At, RawMode, RawScript, RawStep};

/// A `reg load` or `reg unload`.
struct Place {
    key: String,
    span: Range<usize>,
    step: String,
    /// What must be true for it to be reached: `when` of its step and of the blocks around that.
    whens: Vec<String>,
}

#[derive(Default)]
struct Hives {
    loaded: Vec<Place>,
    unloaded: Vec<Place>,
}

pub(super) fn lint(raw: &RawScript) -> Vec<Found> {
    let mut hives = Hives::default();
    for step in &raw.steps.value {
        hives.step(step, &[]);
    }
    let Hives { loaded, unloaded } = hives;
    loaded
        .into_iter()
        .filter_map(|load| {
            let same: Vec<&Place> =
                unloaded.iter().filter(|unload| unload.key.eq_ignore_ascii_case(&load.key)).collect();
            if same.iter().any(|unload| comes_with(unload, &load)) {
                return None;
            }
            let key = &load.key;
            let (message, help) = if same.is_empty() {
                (
                    format!("the hive at `{key}` is never unloaded"),
                    format!("add `reg unload {key}` to `undo` or to a later step"),
                )
            } else {
                (
                    format!("the hive at `{key}` is unloaded under another condition than it is loaded"),
                    format!("give the step that unloads the same `when`, or steps.{}.changed", load.step),
                )
            };
            Some(Found {
                code: &codes::NOT_UNLOADED,
                span: load.span,
                range: None,
                message,
                help: Some(help),
            })
        })
        .collect()
}

/// Whether what is loaded is unloaded whenever it was: in the same step, or under no condition but the same, or one that
/// asks for that step.
fn comes_with(unload: &Place, load: &Place) -> bool {
    let asks = format!("steps.{}.", load.step);
    unload.step == load.step
        || unload.whens.iter().all(|when| load.whens.contains(when) || when.contains(&asks))
}

impl Hives {
    fn step(&mut self, at: &At<RawStep>, around: &[String]) {
        let raw = &at.value;
        let own = raw.when.iter().map(|when| when.value.trim().to_owned());
        let whens: Vec<String> = around.iter().cloned().chain(own).collect();
        let powershell = raw.r#in.as_ref().is_some_and(|mode| mode.value == RawMode::Powershell);
        for command in commands(raw) {
            let text = &command.text.value;
            let simple: Vec<Simple> = if powershell {
                powershell::simple_commands(text)
            } else {
                text.lines().flat_map(|line| part(line).commands).collect()
            };
            for simple in simple.into_iter().filter(|simple| simple.program() == "reg") {
                let list = match simple.word(1).as_str() {
                    "load" => &mut self.loaded,
                    "unload" => &mut self.unloaded,
                    _ => continue,
                };
                let key = simple.words.get(2).map(|word| word.text.replace('"', ""));
                list.push(Place {
                    key: key.unwrap_or_default(),
                    span: command.text.span.clone(),
                    step: raw.id.value.clone(),
                    whens: whens.clone(),
                });
            }
        }
        for inner in raw.inner() {
            self.step(inner, &whens);
        }
    }
}
