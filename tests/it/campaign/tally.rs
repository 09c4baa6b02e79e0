//! Numbers of a campaign.

use std::collections::BTreeMap;
use std::fmt;

use sacpilot::console::TypingStatistics;
use sacpilot::shell::ShellError;

use super::oracle::Verdict;

/// What happened in a session, or in all of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    what: String,
    sessions: u64,
    commands: u64,
    succeeded: u64,
    failed: BTreeMap<String, u64>,
    sessions_failed: BTreeMap<String, u64>,
    wrong: Vec<String>,
    faults: u64,
    hung_up: u64,
    overrun: u64,
    held_back: u64,
    refused: u64,
    lines: u64,
    retyped: u64,
}

impl Tally {
    pub(super) fn new(number: usize, seed: u64, name: &str) -> Self {
        Self { what: format!("{number} seed {seed} ({name})"), sessions: 1, ..Self::default() }
    }

    pub(super) fn succeeded(&mut self) {
        self.commands += 1;
        self.succeeded += 1;
    }

    pub(super) fn failed(&mut self, error: &ShellError) {
        self.commands += 1;
        self.clear(error);
        *self.failed.entry(error.code().to_owned()).or_default() += 1;
    }

    pub(super) fn not_opened(&mut self, error: &ShellError) {
        self.clear(error);
        *self.sessions_failed.entry(format!("not opened: {}", error.code())).or_default() += 1;
    }

    pub(super) fn not_closed(&mut self, error: &ShellError) {
        self.clear(error);
        *self.sessions_failed.entry(format!("not closed: {}", error.code())).or_default() += 1;
    }

    pub(super) fn given_up(&mut self) {
        *self.sessions_failed.entry("given up".to_owned()).or_default() += 1;
    }

    pub(super) fn wrong(&mut self, what: &str) {
        self.wrong.push(format!("{}: {what}", self.what));
    }

    pub(super) fn typing(&mut self, typing: &TypingStatistics) {
        self.lines += typing.lines;
        self.retyped += typing.retyped;
    }

    pub(super) fn judged(&mut self, verdict: Verdict, faults: u64, hung_up: u64, overrun: u64) {
        self.faults += faults;
        self.hung_up += hung_up;
        self.overrun += overrun;
        self.held_back += verdict.held_back;
        self.refused += verdict.refused;
        for wrong in verdict.wrong {
            self.wrong(&wrong);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.commands += other.commands;
        self.succeeded += other.succeeded;
        for (into, from) in
            [(&mut self.failed, &other.failed), (&mut self.sessions_failed, &other.sessions_failed)]
        {
            for (code, count) in from {
                *into.entry(code.clone()).or_default() += count;
            }
        }
        self.wrong.extend(other.wrong.iter().cloned());
        self.faults += other.faults;
        self.hung_up += other.hung_up;
        self.overrun += other.overrun;
        self.held_back += other.held_back;
        self.refused += other.refused;
        self.lines += other.lines;
        self.retyped += other.retyped;
    }

    pub(super) fn wrong_things(&self) -> &[String] {
        &self.wrong
    }

    pub(super) fn commands(&self) -> u64 {
        self.commands
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    pub(super) fn success_rate(&self) -> f64 {
        self.succeeded as f64 / self.commands.max(1) as f64
    }

    /// One line for people who watch.
    pub(super) fn line(&self) -> String {
        let failures: Vec<String> = self
            .sessions_failed
            .iter()
            .chain(&self.failed)
            .map(|(code, count)| format!("{count} × {code}"))
            .chain(self.wrong.iter().map(|wrong| format!("WRONG {wrong}")))
            .collect();
        format!(
            "{}: {} of {} commands, {} faults, {} retyped  {}",
            self.what,
            self.succeeded,
            self.commands,
            self.faults,
            self.retyped,
            failures.join(", ")
        )
    }

    /// Every failure says what it is; what can be done is the business of those that a user can cause.
    fn clear(&mut self, error: &ShellError) {
        if error.to_string().is_empty() || error.code().is_empty() || error.help().is_none() {
            self.wrong(&format!("an error that says nothing: {error:?}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sessions {}", self.sessions)?;
        writeln!(f, "commands {}", self.commands)?;
        writeln!(f, "succeeded {}", self.succeeded)?;
        for (code, count) in self.failed.iter().chain(&self.sessions_failed) {
            writeln!(f, "  {code}: {count}")?;
        }
        writeln!(f, "line faults injected {}", self.faults)?;
        writeln!(f, "lines hung up {}", self.hung_up)?;
        writeln!(f, "keys lost in an overrun ring {}", self.overrun)?;
        writeln!(f, "lines entered {}", self.lines)?;
        writeln!(f, "typed again {}", self.retyped)?;
        writeln!(f, "incomplete lines held back by cmd {}", self.held_back)?;
        writeln!(f, "altered lines refused by SAC {}", self.refused)?;
        writeln!(f, "wrong things {}", self.wrong.len())?;
        for wrong in &self.wrong {
            writeln!(f, "  {wrong}")?;
        }
        Ok(())
    }
}
