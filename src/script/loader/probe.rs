//! Commands: those that read, with captures and retries, and those that change.

use std::sync::LazyLock;
use std::time::Duration;

use regex::{Regex, RegexBuilder};

use crate::script::codes;
use crate::script::lint::translated;
use crate::script::loader::File;
use crate::script::loader::names::Names;
use crate::script::model::{Action, Capture, Expr, Mode, Probe, Retry, Template};
use crate::script::raw::{At, Many, RawAction, RawCapture, RawProbe, RawRetry, RawStep};

/// A probe in pieces: that of a look stands in the step itself.
pub(super) struct ProbeParts<'r> {
    pub(super) run: &'r At<String>,
    pub(super) captures: &'r [(At<String>, At<RawCapture>)],
    pub(super) holds: Option<&'r At<String>>,
    pub(super) retry: Option<&'r At<RawRetry>>,
}

impl<'r> From<&'r RawProbe> for ProbeParts<'r> {
    fn from(raw: &'r RawProbe) -> Self {
        Self { run: &raw.run, captures: raw.captures(), holds: raw.holds.as_ref(), retry: raw.retry.as_ref() }
    }
}

impl File<'_, '_> {
    pub(super) fn probe(
        &mut self,
        step: &RawStep,
        raw: &ProbeParts<'_>,
        mode: Mode,
        names: &Names,
    ) -> Option<Probe> {
        let run = self.typed(raw.run, mode, names);
        let capture = self.captures(raw.captures, &raw.run.value, names);
        let seen = names.with_captures(step, raw.captures).with_result(mode);
        let holds = raw.holds.and_then(|holds| self.condition_of(holds, "`holds`", &seen));
        if let Some(holds) = raw.holds {
            self.translated_texts(holds, &raw.run.value);
        }
        let retry = raw.retry.and_then(|retry| self.retry(&retry.value));
        Some(Probe { run: run?, capture, holds, retry })
    }

    /// A probe of `save`: without `holds` it must end with exit code 0.
    pub(super) fn save(
        &mut self,
        step: &RawStep,
        raw: &RawProbe,
        mode: Mode,
        names: &Names,
    ) -> Option<Probe> {
        let mut probe = self.probe(step, &raw.into(), mode, names)?;
        if probe.holds.is_none() {
            probe.holds = Expr::parse("rc == 0").ok();
        }
        Some(probe)
    }

    pub(super) fn actions(&mut self, raw: &Many<At<RawAction>>, mode: Mode, names: &Names) -> Vec<Action> {
        raw.0.iter().filter_map(|action| self.action(&action.value, mode, names)).collect()
    }

    pub(super) fn action(&mut self, raw: &RawAction, mode: Mode, names: &Names) -> Option<Action> {
        let when = raw.when.as_ref().and_then(|when| self.condition_of(when, "`when`", names));
        let run = self.typed(&raw.run, mode, names);
        let codes = self.exit_codes(raw.codes.as_ref());
        if let (Some(at), Mode::Sac) = (&raw.codes, mode) {
            let message = "`codes` at SAC, which has no exit codes";
            self.say(&codes::BAD_KIND, at.span.clone(), message, Some("leave it out".to_owned()));
        }
        if let (None, Some(abort)) = (&raw.answers, &raw.abort) {
            let message = "`abort` goes with `answers` only";
            self.say(&codes::BAD_KIND, abort.span.clone(), message, Some("leave it out".to_owned()));
        }
        let mut answers = None;
        if let Some(raw_answers) = &raw.answers {
            if mode != Mode::Cmd {
                let message = "a command is answered in cmd only";
                self.say(&codes::BAD_ANSWER, raw_answers.span.clone(), message, Some("in: cmd".to_owned()));
            }
            answers = Some(self.dialogue(raw_answers, raw.abort.as_ref(), names)?);
        }
        Some(Action { when, run: run?, codes, answers })
    }

    /// Exit codes that mean success.
    pub(super) fn exit_codes(&mut self, raw: Option<&At<Vec<i64>>>) -> Vec<i32> {
        let Some(list) = raw else { return vec![0] };
        let codes: Vec<i32> = list.value.iter().filter_map(|code| i32::try_from(*code).ok()).collect();
        if codes.is_empty() || codes.len() != list.value.len() {
            let message = "`codes` lists exit codes, at least one";
            self.say(&codes::OUT_OF_RANGE, list.span.clone(), message, Some("codes: [0, 1056]".to_owned()));
        }
        codes
    }

    /// A duration: a whole number with a unit.
    pub(super) fn duration(&mut self, text: &At<String>) -> Option<Duration> {
        let parsed = parse_duration(text.value.trim());
        if parsed.is_none() {
            let message = format!("`{}` is no duration", text.value);
            let help = Some("a whole number with ms, s, m or h, at most a day: 30s".to_owned());
            self.say(&codes::OUT_OF_RANGE, text.span.clone(), message, help);
        }
        parsed
    }

    /// A command, with no secret in it. PowerShell may take several lines.
    pub(super) fn typed(&mut self, text: &At<String>, mode: Mode, names: &Names) -> Option<Template> {
        let template = match mode {
            Mode::PowerShell => self.text_with_values(text, "the script", names)?,
            Mode::Cmd | Mode::Sac => self.command(text, names)?,
        };
        let secret = template.inserts().find_map(|expr| Self::mentions_secret(expr, names));
        if let Some(secret) = secret {
            let message = format!("the secret `{secret}` would be seen on the command line");
            let help = Some("answer with it in a `dialogue`, with echo: none or stars".to_owned());
            self.say(&codes::SECRET, text.span.clone(), message, help);
        }
        Some(template)
    }

    /// Texts that a condition looks for, and that another Windows says in its own language. What the command itself says
    /// is no such text.
    pub(super) fn translated_texts(&mut self, holds: &At<String>, run: &str) {
        for found in TEXT.find_iter(&holds.value) {
            if let Some(word) = translated(found.as_str()).filter(|word| is_said_by_windows(word, run)) {
                let message = format!("`{word}` is translated in other languages of Windows");
                let help = Some("look at numbers, or at the exit code".to_owned());
                let span = self.inside(holds, found.range());
                self.say(&codes::LOCALIZED, span, message, help);
            }
        }
    }

    /// Captures, under names that are not taken, of what a command says.
    pub(super) fn captures(
        &mut self,
        raw: &[(At<String>, At<RawCapture>)],
        run: &str,
        names: &Names,
    ) -> Vec<Capture> {
        let mut captures = Vec::new();
        for (name, capture) in raw {
            self.value_name(name);
            if names.has(&name.value) {
                let message = format!("`{}` is the name of something else already", name.value);
                self.say(
                    &codes::TAKEN_NAME,
                    name.span.clone(),
                    message,
                    Some("choose another name".to_owned()),
                );
            }
            let (pattern, all) = match &capture.value {
                RawCapture::First(text) => {
                    (At { span: capture.span.clone(), style: capture.style, value: text.clone() }, false)
                }
                RawCapture::All(text) => (text.clone(), true),
            };
            let text = self.exact_line(&pattern, "the pattern");
            if let Some(word) = translated(&text).filter(|word| is_said_by_windows(word, run)) {
                let message = format!("`{word}` is translated in other languages of Windows");
                let help = Some("match numbers, or what stands around it".to_owned());
                self.say(&codes::LOCALIZED, pattern.span.clone(), message, help);
            }
            match RegexBuilder::new(&text).multi_line(true).crlf(true).size_limit(1 << 20).build() {
                Ok(regex) => {
                    if never_ends(&text) {
                        let message = "the pattern never ends";
                        let help = Some("say what comes behind: `\\s*$`, `\\r?\\n`, `\\b`".to_owned());
                        self.say(&codes::OPEN_PATTERN, pattern.span.clone(), message, help);
                    }
                    captures.push(Capture { name: name.value.clone(), pattern: regex, all });
                }
                Err(error) => {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    let message = format!("the pattern can't be used: {reason}");
                    self.say(&codes::BAD_PATTERN, pattern.span.clone(), message, None);
                }
            }
        }
        captures
    }

    fn retry(&mut self, raw: &RawRetry) -> Option<Retry> {
        let every = self.duration(&raw.every);
        let times = u32::try_from(raw.times.value).ok().filter(|times| (2..=100).contains(times));
        if times.is_none() {
            let message = format!("{} times is not from 2 to 100", raw.times.value);
            let help = Some("the first try counts: 2 tries again once".to_owned());
            self.say(&codes::OUT_OF_RANGE, raw.times.span.clone(), message, help);
        }
        Some(Retry { times: times?, every: every? })
    }
}

/// A text in quotes within an expression.
static TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""[^"]*"|'[^']*'"#).unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
});

/// Whether a word in the output of a command is Windows' own: the command does not say it itself, and is not told to
/// speak English, as `dism /english` is.
fn is_said_by_windows(word: &str, run: &str) -> bool {
    let run = run.to_lowercase();
    !run.contains(&word.to_lowercase()) && !run.contains("/english")
}

/// Milliseconds to hours, more than nothing, at most a day.
fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(unit)?);
    (duration > Duration::ZERO && duration <= Duration::from_hours(24)).then_some(duration)
}

/// Whether a pattern ends in an open repetition.
fn never_ends(pattern: &str) -> bool {
    let bare = pattern.trim_end_matches(')');
    let (before, open) = match bare.as_bytes() {
        [rest @ .., b'+' | b'*'] | [rest @ .., b'+' | b'*', b'?'] | [rest @ .., b',', b'}'] => (rest, true),
        rest => (rest, false),
    };
    // `\+` is a plus sign.
    let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    open && (escapes % 2 == 0)
}

/// The mode a step types in.
pub(super) fn mode(raw: crate::script::raw::RawMode) -> Mode {
    use crate::script::raw::RawMode;
    match raw {
        RawMode::Sac => Mode::Sac,
        RawMode::Cmd => Mode::Cmd,
        RawMode::Powershell => Mode::PowerShell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("250ms", Some(250)),
            ("24h", Some(86_400_000)),
            ("0s", None),
            ("25h", None),
            ("30", None),
            ("1.5s", None),
            ("-1s", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(parse_duration(text).map(|d| d.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn open_patterns() {
        for (pattern, open) in [
            (r"PID\s*:\s*(\d+)", true),
            (r"(\d+)\s*$", false),
            (r"a\+", false),
            (r"(.*?)", true),
            (r"\d{4}", false),
            (r"\d{4,}", true),
            (r"([0-9a-f]+)\r?\n", false),
        ] {
            assert_eq!(never_ends(pattern), open, "{pattern}");
        }
    }
}
