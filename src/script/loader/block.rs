//! Blocks, waits and questions.

use std::time::Duration;

use crate::script::codes;
use crate::script::loader::File;
use crate::script::loader::names::Names;
use crate::script::loader::probe::ProbeParts;
use crate::script::model::{Ask, Block, Body, Mode, Step, Wait};
use crate::script::raw::{At, RawStep};

/// Pause between the looks of a `wait` when the script does not say.
const EVERY: Duration = Duration::from_secs(5);

impl File<'_, '_> {
    /// A block. `above` learns what its steps leave, unless it is a loop.
    pub(super) fn block(&mut self, raw: &RawStep, names: &Names, above: &mut Names) -> Body {
        let mut inner = names.clone();
        let steps = self.part(raw.block.as_ref(), "block", &mut inner);
        let mut rescuing = inner.with_failure();
        let rescue = self.part(raw.rescue.as_ref(), "rescue", &mut rescuing);
        inner.absorb(&rescuing);
        let always = self.part(raw.always.as_ref(), "always", &mut inner);
        if raw.for_each.is_none() {
            above.absorb(&inner);
        }
        Body::Block(Box::new(Block { steps, rescue, always }))
    }

    fn part(&mut self, raw: Option<&At<Vec<At<RawStep>>>>, key: &str, names: &mut Names) -> Vec<Step> {
        let Some(raw) = raw else { return Vec::new() };
        if raw.value.is_empty() {
            let message = format!("there are no steps in `{key}`");
            self.say(
                &codes::EMPTY_TEXT,
                raw.span.clone(),
                message,
                Some("add some, or leave it out".to_owned()),
            );
        }
        self.steps(&raw.value, names)
    }

    /// A step that waits.
    pub(super) fn wait(&mut self, raw: &RawStep, mode: Mode, names: &Names) -> Option<Body> {
        let wait = &raw.wait.as_ref()?.value;
        let parts = ProbeParts {
            run: &wait.run,
            captures: wait.capture.as_ref().map_or(&[], |entries| &entries.value.0),
            holds: Some(&wait.holds),
            retry: None,
        };
        let probe = self.probe(raw, &parts, mode, names);
        let within = self.duration(&wait.within);
        let every = wait.every.as_ref().map_or(Some(EVERY), |every| self.duration(every));
        if let (Some(within), Some(every), Some(at)) = (within, every, &wait.every)
            && every >= within
        {
            let message = "the pause is not shorter than the whole wait";
            self.say(&codes::OUT_OF_RANGE, at.span.clone(), message, None);
        }
        Some(Body::Wait(Box::new(Wait { probe: probe?, within: within?, every: every? })))
    }

    /// A step that asks the person at the terminal.
    pub(super) fn ask(&mut self, raw: &RawStep, names: &Names) -> Option<Body> {
        let ask = &raw.ask.as_ref()?.value;
        let question = self.prose_template(&ask.question, names);
        let mut choices: Vec<String> = Vec::new();
        for choice in ask.choices.iter().flat_map(|list| &list.value) {
            let text = self.prose(choice);
            if choices.contains(&text) {
                let message = format!("`{text}` is offered twice");
                self.say(&codes::TAKEN_NAME, choice.span.clone(), message, None);
                continue;
            }
            choices.push(text);
        }
        if let Some(list) = ask.choices.as_ref().filter(|list| list.value.len() < 2) {
            let help = Some("name two at least, or leave `choices` out for any text".to_owned());
            self.say(&codes::OUT_OF_RANGE, list.span.clone(), "there is nothing to choose from", help);
        }
        let unattended = ask.unattended.as_ref().map(|text| {
            let answer = self.prose(text);
            if !choices.is_empty() && !choices.contains(&answer) {
                let message = format!("`{answer}` is not among the choices");
                let help = Some(format!("write one of {}", choices.join(", ")));
                self.say(&codes::UNKNOWN_WORD, text.span.clone(), message, help);
            }
            answer
        });
        Some(Body::Ask(Ask { question: question?, choices, unattended }))
    }
}
