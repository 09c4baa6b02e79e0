//! Dialogues: what a program shows, and what it is answered.

use crate::expect::{Pattern, PatternSet, open_ended};
use crate::script::codes;
use crate::script::lint::translated;
use crate::script::loader::File;
use crate::script::loader::names::Names;
use crate::script::model::{Action, Answer, Body, Dialogue, Echo, Key, Mode, Reply, Shown, Surface, Talk};
use crate::script::raw::{At, Many, RawAnswer, RawEcho, RawStep, RawSurface};

/// Most times one answer may be given.
const MOST_TIMES: i64 = 1_000;

impl File<'_, '_> {
    /// A step that talks.
    pub(super) fn dialogue_step(&mut self, raw: &RawStep, mode: Mode, names: &Names) -> Option<Body> {
        let at = raw.dialogue.as_ref()?;
        let dialogue = &at.value;
        let run = self.typed(&dialogue.run, mode, names);
        let codes = self.exit_codes(dialogue.codes.as_ref());
        let answers = self.dialogue(&dialogue.answers, dialogue.abort.as_ref(), names);
        let captures = dialogue.capture.as_ref().map_or(&[][..], |entries| &entries.value.0);
        let capture = self.captures(captures, &dialogue.run.value, names);
        let seen = names.with_captures(raw, captures).with_result(mode);
        let holds = dialogue.holds.as_ref().and_then(|holds| self.condition_of(holds, "`holds`", &seen));
        if let Some(holds) = &dialogue.holds {
            self.translated_texts(holds, &dialogue.run.value);
        }
        if let (Some(holds), None) = (&dialogue.holds, &raw.finding) {
            self.no_finding(holds);
        }
        let undo = self.undo(raw, mode, names);
        let action = Action { when: None, run: run?, codes, answers: Some(answers?) };
        Some(Body::Dialogue(Box::new(Talk { action, capture, holds, undo: undo? })))
    }

    /// The answers of a dialogue.
    pub(super) fn dialogue(
        &mut self,
        at: &At<Many<At<RawAnswer>>>,
        abort: Option<&At<String>>,
        names: &Names,
    ) -> Option<Dialogue> {
        let raw = &at.value.0;
        let abort = match abort {
            Some(text) => self.key(text),
            None => Some(Key::CtrlC),
        };
        if raw.is_empty() {
            let help = Some(
                "add what it shows and what is done then; a command that asks nothing is answered nothing"
                    .to_owned(),
            );
            self.say(&codes::EMPTY_TEXT, at.span.clone(), "there is nothing in `answers`", help);
            return None;
        }
        let answers: Vec<Option<Answer>> = raw.iter().map(|answer| self.answer(answer, names)).collect();
        self.never_reached(raw);
        let answers: Vec<Answer> = answers.into_iter().collect::<Option<_>>()?;
        if let Err(error) = PatternSet::new(answers.iter().map(|answer| answer.seen.pattern.clone())) {
            let span = raw.first().map(|answer| answer.span.clone()).unwrap_or_default();
            self.say(&codes::BAD_PATTERN, span, error.to_string(), Some(error.help().to_owned()));
            return None;
        }
        Some(Dialogue { answers, abort: abort? })
    }

    fn answer(&mut self, at: &At<RawAnswer>, names: &Names) -> Option<Answer> {
        let raw = &at.value;
        let pattern = self.shown(at);
        let reply = self.reply(at, names);
        let times = raw.times.as_ref().map_or(1, |times| times.value);
        if let Some(wrong) = raw.times.as_ref().filter(|times| !(1..=MOST_TIMES).contains(&times.value)) {
            let message = format!("{} times is not from 1 to {MOST_TIMES}", wrong.value);
            self.say(&codes::OUT_OF_RANGE, wrong.span.clone(), message, None);
        }
        let on = match raw.on.as_ref().map(|at| at.value) {
            None | Some(RawSurface::Stream) => Surface::Stream,
            Some(RawSurface::Screen) => Surface::Screen,
        };
        let times = u32::try_from(times).unwrap_or(1).max(1);
        Some(Answer { seen: Shown { pattern: pattern?, on }, reply: reply?, times })
    }

    fn shown(&mut self, at: &At<RawAnswer>) -> Option<Pattern> {
        let raw = &at.value;
        let (text, literal) = match (&raw.text, &raw.regex) {
            (Some(text), None) => (text, true),
            (None, Some(regex)) => (regex, false),
            (None, None) => {
                let help = Some("text: 'what the program shows'".to_owned());
                self.say(
                    &codes::BAD_ANSWER,
                    first(at),
                    "the answer does not say what the program shows",
                    help,
                );
                return None;
            }
            (Some(_), Some(regex)) => {
                let help = Some("make two answers of it".to_owned());
                self.say(&codes::BAD_ANSWER, regex.span.clone(), "`text` and `regex` in one answer", help);
                return None;
            }
        };
        let value = self.exact_line(text, "the pattern");
        if let Some(word) = translated(&value) {
            let message = format!("`{word}` is translated in other languages of Windows");
            let help = Some("match numbers, or what stands around it".to_owned());
            self.say(&codes::LOCALIZED, text.span.clone(), message, help);
        }
        let pattern = if literal { Pattern::literal(value) } else { Pattern::regex(value) };
        match pattern {
            Ok(pattern) => {
                if !literal && open_ended(&pattern) {
                    let help =
                        "on a stream it takes the first character and leaves the rest: say what comes behind";
                    self.say(
                        &codes::OPEN_PATTERN,
                        text.span.clone(),
                        "the pattern never ends",
                        Some(help.to_owned()),
                    );
                }
                Some(pattern)
            }
            // An empty text was told already.
            Err(_) if literal => None,
            Err(error) => {
                self.say(
                    &codes::BAD_PATTERN,
                    text.span.clone(),
                    error.to_string(),
                    Some(error.help().to_owned()),
                );
                None
            }
        }
    }

    fn reply(&mut self, at: &At<RawAnswer>, names: &Names) -> Option<Reply> {
        let raw = &at.value;
        let given = [raw.send.as_ref(), raw.key.as_ref(), raw.fail.as_ref()];
        match given.iter().flatten().count() {
            0 => {
                let help = Some("send: 'a line', key: 'y', or fail: 'the reason'".to_owned());
                self.say(&codes::BAD_ANSWER, first(at), "the answer does not say what is done", help);
                return None;
            }
            1 => {}
            _ => {
                let second = given.iter().flatten().nth(1).map_or(at.span.clone(), |text| text.span.clone());
                let help = Some("only one of `send`, `key` and `fail`".to_owned());
                self.say(&codes::BAD_ANSWER, second, "the answer does two things at once", help);
                return None;
            }
        }
        if let (Some(echo), None) = (&raw.echo, &raw.send) {
            let message = "`echo` goes with `send` only";
            self.say(&codes::BAD_ANSWER, echo.span.clone(), message, Some("leave it out".to_owned()));
        }
        if let Some(text) = &raw.fail {
            return self.prose_template(text, names).map(Reply::Fail);
        }
        if let Some(key) = &raw.key {
            return self.key(key).map(Reply::Key);
        }
        let send = raw.send.as_ref()?;
        let text = self.line_with_values(send, "the answer", names)?;
        let echo = match raw.echo.as_ref().map(|at| at.value) {
            None | Some(RawEcho::Text) => Echo::Text,
            Some(RawEcho::Stars) => Echo::Stars,
            Some(RawEcho::None) => Echo::None,
        };
        let secret = text.inserts().find_map(|expr| Self::mentions_secret(expr, names));
        if let (Some(secret), Echo::Text) = (secret, echo) {
            let message = format!("the secret `{secret}` would be seen on the console");
            let help = Some("echo: none, or echo: stars, as the program does it".to_owned());
            self.say(&codes::SECRET, send.span.clone(), message, help);
        }
        if let Some(secret) = text.inserts().find_map(|expr| Self::alters_secret(expr, names)) {
            let message = format!("what is made of the secret `{secret}` here would not be masked");
            let help = Some(format!("give it as it is: {{{{ {secret} }}}}"));
            self.say(&codes::SECRET, send.span.clone(), message, help);
        }
        if echo != Echo::Text && text.inserts().next().is_none() && text.source.chars().count() > 1 {
            let message = "an answer that the program does not show stands in the script";
            let help = "a password is a parameter of type `secret`: send: '{{ name }}'";
            self.say(&codes::LITERAL_SECRET, send.span.clone(), message, Some(help.to_owned()));
        }
        Some(Reply::Line { text, echo })
    }

    fn key(&mut self, text: &At<String>) -> Option<Key> {
        let value = self.exact_line(text, "the key");
        let mut chars = value.chars();
        match (value.as_str(), chars.next(), chars.next()) {
            ("enter", ..) => Some(Key::Enter),
            ("space", ..) => Some(Key::Char(' ')),
            ("escape", ..) => Some(Key::Escape),
            ("ctrl-c", ..) => Some(Key::CtrlC),
            ("ctrl-z", ..) => Some(Key::CtrlZ),
            (_, Some(c), None) if c.is_ascii_graphic() => Some(Key::Char(c)),
            _ => {
                let message = format!("`{value}` is no key");
                let help = "one letter, digit or sign, or enter, space, escape, ctrl-c, ctrl-z";
                self.say(&codes::UNKNOWN_WORD, text.span.clone(), message, Some(help.to_owned()));
                None
            }
        }
    }

    /// A text that holds the text of an answer above it.
    fn never_reached(&mut self, answers: &[At<RawAnswer>]) {
        let same_surface = |a: &RawAnswer, b: &RawAnswer| {
            a.on.as_ref().map(|on| on.value == RawSurface::Screen)
                == b.on.as_ref().map(|on| on.value == RawSurface::Screen)
        };
        for (index, answer) in answers.iter().enumerate() {
            let Some(text) = &answer.value.text else { continue };
            let above = answers[..index].iter().find_map(|above| {
                let other = above.value.text.as_ref()?;
                let covers = !other.value.is_empty() && text.value.contains(&other.value);
                (covers && same_surface(&above.value, &answer.value)).then_some(other)
            });
            if let Some(above) = above {
                let message = format!("the answer to `{}` comes first, always", above.value);
                let help = Some("put the longer text first".to_owned());
                self.say(&codes::NEVER_REACHED, text.span.clone(), message, help);
            }
        }
    }
}

/// The start of an answer.
fn first(at: &At<RawAnswer>) -> std::ops::Range<usize> {
    let raw = &at.value;
    [&raw.text, &raw.regex, &raw.send, &raw.key, &raw.fail]
        .into_iter()
        .flatten()
        .map(|text| text.span.clone())
        .next()
        .unwrap_or(at.span.clone())
}
