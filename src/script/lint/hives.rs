//! Every `reg load` has its `reg unload`.

use std::ops::Range;

use crate::script::codes;
use crate::script::lint::words::part;
use crate::script::lint::{Found, commands};
use crate::script::raw::RawScript;

pub(super) fn lint(raw: &RawScript) -> Vec<Found> {
    let mut loaded: Vec<(String, Range<usize>)> = Vec::new();
    let mut unloaded = Vec::new();
    for command in raw.all_steps().into_iter().flat_map(|step| commands(&step.value)) {
        for simple in command.text.value.lines().flat_map(|line| part(line).commands) {
            if simple.program() != "reg" {
                continue;
            }
            match simple.word(1).as_str() {
                "load" => {
                    let key = simple.words.get(2).map(|word| word.text.clone()).unwrap_or_default();
                    loaded.push((key, command.text.span.clone()));
                }
                "unload" => unloaded.push(simple.word(2)),
                _ => {}
            }
        }
    }
    loaded
        .into_iter()
        .filter(|(key, _)| !unloaded.contains(&key.replace('"', "").to_lowercase()))
        .map(|(key, span)| Found {
            code: &codes::NOT_UNLOADED,
            span,
            range: None,
            message: format!("the hive at `{key}` is never unloaded"),
            help: Some(format!("add `reg unload {key}` to `undo` or to a later step")),
        })
        .collect()
}
