//! Masks secrets in everything that leaves the engine (law 7).

use serde_json::Value as Json;

use super::event::{ChannelLeft, EventKind, Failure, UndoOutcome, Values, WayBack};
use crate::recording;
use crate::secret::Secret;

/// The secrets of a run, by name.
#[derive(Debug, Clone, Default)]
pub struct Masks(Vec<(String, Secret)>);

impl Masks {
    /// Masks `secret` wherever it shows as `‹secret NAME›`.
    pub fn add(&mut self, name: impl Into<String>, secret: Secret) {
        self.0.push((name.into(), secret));
        // A longer secret may hold a shorter one: masked first, nothing of it is left over.
        self.0.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.expose().len()));
    }

    /// Whether there is a secret of this name.
    pub fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The secrets, for those who mask on their own: the recorder, the operator.
    pub fn secrets(&self) -> Vec<Secret> {
        self.0.iter().map(|(_, secret)| secret.clone()).collect()
    }

    /// What stands for the secret `name`.
    pub fn placeholder(name: &str) -> String {
        format!("‹secret {name}›")
    }

    /// `text` without secrets, also where a line break cuts one in two (a screen 80 columns wide does that).
    pub fn text(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let named =
            self.0.iter().fold(text.to_owned(), |text, (name, secret)| mask(&text, name, secret.expose()));
        // In base64, or with control sequences inside.
        recording::mask(&named, self.0.iter().map(|(_, secret)| secret))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Masks the secrets in values.
    pub fn values(&self, found: &mut Values) {
        if !self.is_empty() {
            values(found, &mut |text| *text = self.text(text));
        }
    }

    /// An event of a journal with the secrets in the places where their names stand.
    pub fn reveal(&self, mut event: EventKind) -> EventKind {
        if !self.0.is_empty() {
            texts(&mut event, &mut |text| {
                for (name, secret) in &self.0 {
                    *text = text.replace(&Self::placeholder(name), secret.expose());
                }
            });
        }
        event
    }

    /// Masks the secrets in all texts of an event that a secret can get into.
    pub fn event(&self, mut event: EventKind) -> EventKind {
        if !self.0.is_empty() {
            texts(&mut event, &mut |text| *text = self.text(text));
        }
        event
    }
}

/// Calls `f` on every text of an event that does not come from this program alone.
#[expect(clippy::match_same_arms, reason = "one arm a kind, in the order of their definition")]
fn texts(event: &mut EventKind, f: &mut impl FnMut(&mut String)) {
    match event {
        EventKind::RunStarted { title, target, params, .. } => {
            f(title);
            f(target);
            values(params, f);
        }
        EventKind::Waiting { what, .. } => f(what),
        EventKind::SnapshotTaken { snapshot } => f(snapshot),
        EventKind::SnapshotDeclined { why } => f(why),
        EventKind::SessionOpened { line, .. } => f(line),
        EventKind::StepStarted { step, title, .. } => {
            f(&mut step.0);
            f(title);
        }
        EventKind::CommandStarted { step, command, .. } => {
            f(&mut step.0);
            f(&mut command.text);
        }
        EventKind::CommandFinished { step, output, values: found, .. } => {
            f(&mut step.0);
            f(&mut output.text);
            values(found, f);
        }
        EventKind::CommandFailed { step, failure, .. } | EventKind::StepFailed { step, failure } => {
            f(&mut step.0);
            failure_texts(failure, f);
        }
        EventKind::Judged { step, .. } => f(&mut step.0),
        EventKind::Found { step, text, remedy, evidence, .. } => {
            f(&mut step.0);
            f(text);
            remedy.iter_mut().for_each(&mut *f);
            f(&mut evidence.command);
            f(&mut evidence.output.text);
            values(&mut evidence.values, f);
            evidence.condition.iter_mut().for_each(f);
        }
        EventKind::ChangeIntended { step, commands, undo, before, .. } => {
            f(&mut step.0);
            for command in commands {
                f(&mut command.text);
            }
            match undo {
                WayBack::Commands { commands, proofs, .. } => {
                    let proofs = proofs.iter_mut().map(|proof| &mut proof.command);
                    for command in commands.iter_mut().chain(proofs) {
                        f(&mut command.text);
                    }
                }
                WayBack::None { why } => f(why),
            }
            values(before, f);
        }
        EventKind::ChangeVerified { step, before, after } => {
            f(&mut step.0);
            values(before, f);
            values(after, f);
        }
        EventKind::FactsRead { command, facts, .. } => {
            f(&mut command.text);
            values(facts, f);
        }
        EventKind::ReadTogether { commands, .. } => commands.iter_mut().for_each(f),
        EventKind::Asking { step, question, choices } => {
            f(&mut step.0);
            f(question);
            choices.iter_mut().for_each(f);
        }
        EventKind::Answered { step, question, answer, .. } => {
            f(&mut step.0);
            f(question);
            f(answer);
        }
        EventKind::RebootIntended { step, reason, .. } => {
            f(&mut step.0);
            f(reason);
        }
        EventKind::RebootFinished { step, .. }
        | EventKind::Tidying { step, .. }
        | EventKind::UndoStarted { step } => f(&mut step.0),
        EventKind::StepFinished { step, note, left, .. } => {
            f(&mut step.0);
            note.iter_mut().for_each(&mut *f);
            if let Some(left) = left {
                values(&mut left.before, f);
                values(&mut left.captures, f);
                left.failed_at.iter_mut().for_each(|step| f(&mut step.0));
            }
        }
        EventKind::RunResumed { target, .. } => f(target),
        EventKind::CalledAgain { why } => f(why),
        EventKind::CommandSettled { step, command, .. } => {
            f(&mut step.0);
            f(command);
        }
        EventKind::UndoFinished { step, outcome } => {
            f(&mut step.0);
            match outcome {
                UndoOutcome::Failed { failure } => failure_texts(failure, f),
                UndoOutcome::Remains { why } => f(why),
                UndoOutcome::Restored | UndoOutcome::Differs { .. } => {}
            }
        }
        EventKind::SessionClosed { channel: ChannelLeft::Open { why } } => f(why),
        EventKind::RunFinished { failure, .. } => {
            if let Some(failure) = failure {
                failure_texts(failure, f);
            }
        }
        EventKind::SessionClosed { channel: ChannelLeft::Closed }
        | EventKind::Interrupted
        | EventKind::ReadAgain { .. }
        | EventKind::StillUp { .. }
        | EventKind::SessionOpening { .. }
        | EventKind::Unknown => {}
    }
}

fn failure_texts(failure: &mut Failure, f: &mut impl FnMut(&mut String)) {
    f(&mut failure.message);
    failure.help.iter_mut().for_each(&mut *f);
    failure.screen.iter_mut().for_each(f);
}

fn values(values: &mut Values, f: &mut impl FnMut(&mut String)) {
    for value in values.values_mut() {
        json(value, f);
    }
}

fn json(value: &mut Json, f: &mut impl FnMut(&mut String)) {
    match value {
        Json::String(text) => f(text),
        Json::Array(items) => items.iter_mut().for_each(|item| json(item, f)),
        Json::Object(members) => members.values_mut().for_each(|member| json(member, f)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn mask(text: &str, name: &str, secret: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = starts_with_broken(rest, secret) {
            masked.push_str(&Masks::placeholder(name));
            rest = &rest[length..];
        } else {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    masked
}

/// Bytes of `text` that `secret` takes at its start, line breaks inside it included.
fn starts_with_broken(text: &str, secret: &str) -> Option<usize> {
    let mut wanted = secret.chars().peekable();
    for (at, c) in text.char_indices() {
        let Some(next) = wanted.peek() else { return Some(at) };
        if c == *next {
            wanted.next();
        } else if at == 0 || !matches!(c, '\r' | '\n') {
            return None;
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Command, Purpose, StepPath};
    use crate::script::model::Mode;

    fn masks(secrets: &[(&str, &str)]) -> Masks {
        let mut masks = Masks::default();
        for (name, secret) in secrets {
            masks.add(*name, Secret::new(*secret).unwrap());
        }
        masks
    }

    #[test]
    fn masks_whole_and_cut_secrets() {
        let masks = masks(&[("password", "Pa55"), ("key", "Pa55-longer")]);
        for (text, expected) in [
            ("", ""),
            ("nothing", "nothing"),
            ("Pa55", "‹secret password›"),
            ("<Pa55><Pa55>", "<‹secret password›><‹secret password›>"),
            ("net user x Pa5\n5 /y", "net user x ‹secret password› /y"),
            ("P\r\na55", "‹secret password›"),
            ("\nPa55\n", "\n‹secret password›\n"),
            ("Pa55-longer", "‹secret key›"),
            ("PaPa55", "Pa‹secret password›"),
            ("-EncodedCommand UABhADUANQA=", "-EncodedCommand ***"),
        ] {
            assert_eq!(masks.text(text), expected, "{text:?}");
        }
    }

    #[test]
    fn masks_every_text_of_an_event() {
        let masks = masks(&[("pin", "4711")]);
        let event = EventKind::ChangeVerified {
            step: StepPath("a[4711]".to_owned()),
            before: [("x".to_owned(), serde_json::json!(["4711", {"deep": "is 4711"}]))].into(),
            after: [("x".to_owned(), serde_json::json!("47\n11"))].into(),
        };
        let told = serde_json::to_string(&masks.event(event)).unwrap();
        assert!(!told.contains("4711"), "{told}");
        assert_eq!(told.matches("‹secret pin›").count(), 4, "{told}");
    }

    #[test]
    fn a_secret_that_is_a_word_of_the_format_harms_nothing_else() {
        let masks = masks(&[("a", "cmd"), ("b", "type"), ("c", "1")]);
        let command =
            Command { mode: Mode::Cmd, text: "cmd /c type".to_owned(), codes: vec![1], timeout_ms: 1 };
        let event = EventKind::CommandStarted {
            step: StepPath("x".to_owned()),
            purpose: Purpose::Look,
            command,
            attempt: 1,
            without_receipt: false,
        };
        assert_eq!(
            serde_json::to_string(&masks.event(event)).unwrap(),
            r#"{"type":"command-started","step":"x","purpose":"look","command":{"mode":"cmd","text":"‹secret a› /c ‹secret b›","codes":[1],"timeout_ms":1},"attempt":1}"#
        );
    }
}
