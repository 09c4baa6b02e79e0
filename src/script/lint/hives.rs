//! Every `reg load` has its `reg unload`.

use std::ops::Range;

use crate::script::codes;
use crate::script::lint::words::part;
use crate::script::lint::{Found, commands, powershell};
use crate::script::raw::{RawMode, RawScript};

pub(super) fn lint(raw: &RawScript) -> Vec<Found> {
    let mut loaded: Vec<(String, Range<usize>)> = Vec::new();
    let mut unloaded = Vec::new();
    for step in raw.all_steps() {
        let powershell = step.value.r#in.as_ref().is_some_and(|mode| mode.value == RawMode::Powershell);
        for command in commands(&step.value) {
            let text = &command.text.value;
            let simple = if powershell {
                powershell::simple_commands(text)
            } else {
                text.lines().flat_map(|line| part(line).commands).collect()
            };
            for simple in simple.into_iter().filter(|simple| simple.program() == "reg") {
                match simple.word(1).as_str() {
                    "load" => {
                        let key = simple.words.get(2).map(|word| word.text.replace('"', ""));
                        loaded.push((key.unwrap_or_default(), command.text.span.clone()));
                    }
                    "unload" => unloaded.push(simple.word(2)),
                    _ => {}
                }
            }
        }
    }
    loaded
        .into_iter()
        .filter(|(key, _)| !unloaded.contains(&key.to_lowercase()))
        .map(|(key, span)| Found {
            code: &codes::NOT_UNLOADED,
            span,
            range: None,
            message: format!("the hive at `{key}` is never unloaded"),
            help: Some(format!("add `reg unload {key}` to `undo` or to a later step")),
        })
        .collect()
}
