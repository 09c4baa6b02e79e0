//! A run as a person sees it while it goes on: one line a step, findings with what they rest on, and on a
//! terminal one living line that says what is awaited and for how long.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::paint::Paint;
use super::summary::Summary;
use super::{visible, wording};
use crate::engine::event::{
    Again, ChannelLeft, Command, Evidence, Failure, Output, Purpose, RunMode, StepPath, StepStatus,
    UndoOutcome, Values, WayBack,
};
use crate::engine::{Event, EventKind, Listener, Verdict};
use crate::script::model::Severity;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Findings and errors.
    Quiet,
    /// Steps.
    Steps,
    /// Every command and its exit code.
    Commands,
    /// And what it printed.
    Output,
}

/// How the first column is painted.
type Coat = fn(Paint, &str) -> String;

/// Width of the first column.
const LABEL: usize = 9;

/// Columns of a command or of output below a finding; the report holds all of it, `-v` shows it.
const EVIDENCE_COLUMNS: usize = 160;

/// A step that took less says nothing about time.
const WORTH_TELLING_MS: u64 = 1000;

/// Lines of output shown below a finding that has no values to show.
const EVIDENCE_LINES: usize = 3;

/// Shows a run on a terminal, or as plain lines.
pub struct Terminal<W> {
    out: Option<W>,
    paint: Paint,
    detail: Detail,
    live: ProgressBar,
    summary: Summary,
    open: Vec<OpenStep>,
    /// What the waits of the moment are all for: the prompt, or the restart. It keeps the clock of the living line.
    whole: Option<String>,
}

/// A step that has begun; one that uses another script gets its own line as a heading.
struct OpenStep {
    path: StepPath,
    title: String,
    headed: bool,
    began_ms: u64,
    /// What its last look found.
    seen: Values,
}

impl<W: Write + Send> Terminal<W> {
    /// Plain lines to `out`.
    pub fn new(out: W, paint: Paint, detail: Detail) -> Self {
        Self {
            out: Some(out),
            paint,
            detail,
            live: ProgressBar::hidden(),
            summary: Summary::default(),
            open: Vec::new(),
            whole: None,
        }
    }

    /// With a living last line on standard error, which must be a terminal.
    #[must_use]
    pub fn live(mut self) -> Self {
        let style = ProgressStyle::with_template("{spinner} {elapsed}{prefix}  {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        self.live = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        self
    }

    fn line(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let written = self.live.suspend(|| writeln!(out, "{text}").and_then(|()| out.flush()));
        // Nobody reads on: that must not end the run.
        if written.is_err() {
            self.out = None;
        }
    }

    /// A line below the steps that are open: `label` in its column, `text` behind it.
    fn entry(&mut self, label: &str, paint: Coat, text: &str) {
        let depth = self.open.iter().filter(|step| step.headed).count();
        let indent = "  ".repeat(depth + 1);
        let label = paint(self.paint, &format!("{label:LABEL$}"));
        self.line(&format!("{indent}{label} {text}"));
    }

    fn note(&mut self, text: &str) {
        self.entry("", Paint::faint, text);
    }

    fn awaits(&mut self, what: &str, budget_ms: Option<u64>) {
        let prefix = budget_ms.map(|ms| format!(" of at most {}", wording::span(ms))).unwrap_or_default();
        self.live.set_message(visible::line(what));
        self.live.set_prefix(prefix);
        self.live.reset();
        self.live.enable_steady_tick(Duration::from_millis(120));
    }

    /// Leaves the last line to a question.
    fn yields(&mut self) {
        self.live.disable_steady_tick();
        self.live.finish_and_clear();
    }

    fn step_started(&mut self, step: &StepPath, title: &str, ms: u64) {
        // The steps around this one are scripts that are used: their headings come now.
        for index in 0..self.open.len() {
            if !self.open[index].headed {
                let title = self.open[index].title.clone();
                if self.detail >= Detail::Steps {
                    let indent = "  ".repeat(index + 1);
                    self.line(&format!("{indent}{}", self.paint.bold(&title)));
                }
                self.open[index].headed = true;
            }
        }
        let title = visible::line(title);
        self.awaits(&title, None);
        self.open.push(OpenStep {
            path: step.clone(),
            title,
            headed: false,
            began_ms: ms,
            seen: Values::new(),
        });
    }

    fn step_finished(&mut self, step: &StepPath, status: StepStatus, note: Option<&str>, ms: u64) {
        let Some(index) = self.open.iter().position(|open| open.path == *step) else { return };
        self.open.truncate(index + 1);
        let Some(open) = self.open.pop() else { return };
        // Findings and failures were shown; a script that was used has its heading and its own steps.
        let shown = matches!(status, StepStatus::NotHeld | StepStatus::Failed);
        if self.detail < Detail::Steps || open.headed || shown {
            return;
        }
        // What was not needed is no news, and its reason is a condition of the script.
        if status == StepStatus::Skipped && self.detail < Detail::Commands {
            return;
        }
        let paint = match status {
            StepStatus::Looked | StepStatus::Held => Paint::good,
            StepStatus::Changed | StepStatus::Restarted => Paint::change,
            StepStatus::NotHeld | StepStatus::Failed | StepStatus::Interrupted => Paint::warning,
            StepStatus::Skipped | StepStatus::Depends => Paint::faint,
        };
        let took = ms.saturating_sub(open.began_ms);
        let mut asides = Vec::new();
        match note {
            Some(_) if status == StepStatus::Skipped && self.detail < Detail::Output => {}
            Some(note) => asides.push(format!("({})", visible::line(note))),
            None if took >= WORTH_TELLING_MS => asides.push(wording::span(took)),
            None => {}
        }
        if status == StepStatus::Looked && !open.seen.is_empty() {
            asides.push(format!("({})", wording::values(&open.seen)));
        }
        let title = std::iter::once(open.title).chain(asides.iter().map(|aside| self.paint.faint(aside)));
        let title = title.collect::<Vec<_>>().join(" ");
        self.entry(wording::status(status), paint, &title);
        if status == StepStatus::Changed {
            let change = self.summary.changes.iter().rev().find(|change| change.step == *step);
            let proof = change.and_then(|change| change.proof.as_ref());
            let differences =
                proof.map(|proof| wording::difference(&proof.before, &proof.after)).unwrap_or_default();
            for difference in differences {
                self.note(&difference);
            }
        }
    }

    fn found(&mut self, severity: Severity, text: &str, remedy: Option<&str>, evidence: &Evidence) {
        let (label, paint): (_, Coat) = match severity {
            Severity::Info => ("note", Paint::faint),
            Severity::Warning => ("warning", Paint::warning),
            Severity::Error => ("found", Paint::bad),
        };
        self.entry(label, paint, &visible::line(text));
        for line in because(evidence) {
            let whole = self.detail >= Detail::Commands;
            let line = if whole { line } else { wording::shortened(&line, EVIDENCE_COLUMNS) };
            let line = self.paint.faint(&line);
            self.note(&line);
        }
        if let Some(remedy) = remedy {
            self.note(&format!("to do: {}", visible::line(remedy)));
        }
    }

    fn command(&mut self, purpose: Purpose, command: &Command) {
        let text = visible::line(&command.text);
        let budget = Some(command.timeout_ms);
        let title = self.open.last().map(|open| open.title.clone()).unwrap_or_default();
        // What is taken back at the end belongs to no step that is open.
        let what = if title.is_empty() { text.clone() } else { format!("{title}: {text}") };
        self.awaits(&what, budget);
        if self.detail >= Detail::Commands {
            let what = match purpose {
                Purpose::Look | Purpose::Check => "reads",
                Purpose::Save => "saves",
                Purpose::Change => "changes",
                Purpose::Verify => "verifies",
                Purpose::Undo => "undoes",
                Purpose::Restored => "compares",
            };
            self.entry(what, Paint::faint, &text);
        }
    }

    fn answer(&mut self, code: i32, output: &Output, elapsed_ms: u64) {
        if self.detail >= Detail::Commands {
            let text = format!("code {code}, {}, {}", size(output), wording::span(elapsed_ms));
            let text = self.paint.faint(&text);
            self.note(&text);
        }
        if self.detail >= Detail::Output {
            for line in visible::lines(&output.text).lines() {
                let line = format!("{} {line}", self.paint.faint("|"));
                self.note(&line);
            }
        }
    }

    fn failure(&mut self, failure: &Failure) {
        if let Some(screen) = &failure.screen {
            self.note("the screen at that moment:");
            let screen = visible::lines(screen.trim_end());
            for line in screen.lines() {
                let line = format!("{} {line}", self.paint.faint("|"));
                self.note(&line);
            }
        }
        if let Some(help) = &failure.help {
            self.note(&format!("to do: {}", visible::line(help)));
        }
    }

    fn finished(&mut self, verdict: Verdict, failure: Option<&Failure>, elapsed_ms: u64) {
        self.live.finish_and_clear();
        let failed_in_step = self.summary.steps.iter().any(|step| step.failure.is_some());
        if let Some(failure) = failure
            && !failed_in_step
        {
            self.entry("error", Paint::bad, &visible::line(&failure.message));
            self.failure(failure);
        }
        if self.detail < Detail::Steps && verdict == Verdict::Holds {
            return;
        }
        let paint = match verdict {
            Verdict::Holds | Verdict::TakenBack => Paint::good,
            Verdict::Findings | Verdict::Interrupted => Paint::warning,
            Verdict::Unreachable
            | Verdict::LoginRefused
            | Verdict::Undone
            | Verdict::Remains
            | Verdict::PartlyTakenBack => Paint::bad,
        };
        self.line("");
        let text = paint(self.paint, self.summary.result().unwrap_or(verdict.sentence()));
        self.line(&format!("{}: {text}", self.paint.bold("Result")));
        if let Some(selection) = &self.summary.selection {
            let part = visible::line(&selection.to_string());
            self.line(&format!("        of a part of the script: {part}"));
        }
        let counts = counts(&self.summary, elapsed_ms);
        self.line(&format!("        {counts}"));
    }
}

impl<W: Write + Send> Terminal<W> {
    /// Knows what was told before the run was taken up again.
    #[must_use]
    pub fn after(mut self, events: &[Event]) -> Self {
        for event in events {
            self.summary.add(event);
        }
        self
    }
}

impl<W: Write + Send> Listener for Terminal<W> {
    fn hear(&mut self, event: &Event) {
        self.summary.add(event);
        match &event.event {
            EventKind::RunStarted { script, title, mode, target, .. } if self.detail >= Detail::Steps => {
                let verb = match mode {
                    RunMode::Diagnose => "diagnose",
                    RunMode::Run => "run",
                };
                let what = format!("{verb} {} on {}", visible::line(script), visible::line(target));
                self.line(&format!("{}: {}", self.paint.bold(&what), visible::line(title)));
            }
            EventKind::RunResumed { again, target, .. } if self.detail >= Detail::Steps => {
                let verb = match again {
                    Again::Resume => "resume",
                    Again::Undo => "undo",
                };
                let what =
                    format!("{verb} {} on {}", visible::line(&self.summary.run), visible::line(target));
                self.line(&format!("{}: {}", self.paint.bold(&what), visible::line(&self.summary.title)));
            }
            EventKind::CommandSettled { command, settled, .. } if self.detail >= Detail::Steps => {
                let text = format!("{}: {}", wording::settled(*settled), visible::line(command));
                self.entry("learned", Paint::faint, &text);
            }
            EventKind::Waiting { what, budget_ms } => {
                if let Some(whole) = &self.whole {
                    self.live.set_message(format!("{whole}: {}", visible::line(what)));
                } else {
                    self.awaits(what, *budget_ms);
                }
                // The first wait of a run is for the prompt; those that follow are parts of it.
                if self.open.is_empty() {
                    self.whole.get_or_insert_with(|| visible::line(what));
                }
                if self.live.is_hidden() && self.detail >= Detail::Steps {
                    let most =
                        budget_ms.map(|ms| format!(" (at most {})", wording::span(ms))).unwrap_or_default();
                    let text = format!("{}{most}", visible::line(what));
                    self.entry("waiting", Paint::faint, &text);
                }
            }
            EventKind::CalledAgain { why } if self.detail >= Detail::Steps => {
                let text = format!("the machine is called again: {}", visible::line(why));
                self.entry("lost", Paint::faint, &text);
            }
            EventKind::ReadAgain { .. } => {
                // The first step comes again.
                self.open.clear();
                if self.detail >= Detail::Steps {
                    let text = "the machine may have started meanwhile: what was done is looked at again";
                    self.entry("again", Paint::faint, text);
                }
            }
            EventKind::SessionOpened { line, kept, .. } => {
                self.whole = None;
                if self.detail >= Detail::Steps {
                    let text = match (*kept, line.is_empty()) {
                        (true, _) => "the session of before is still there, and is used on".to_owned(),
                        (false, true) => "logged in again".to_owned(),
                        (false, false) => format!("logged in, over {}", visible::line(line)),
                    };
                    self.entry("ready", Paint::good, &text);
                }
            }
            EventKind::SnapshotTaken { snapshot } if self.detail >= Detail::Steps => {
                self.entry("snapshot", Paint::good, &visible::line(snapshot));
            }
            EventKind::SnapshotDeclined { why } if self.detail >= Detail::Steps => {
                self.entry("snapshot", Paint::faint, &format!("none: {}", visible::line(why)));
            }
            EventKind::StepStarted { step, title, .. } => self.step_started(step, title, event.ms),
            EventKind::StepFinished { step, status, note, .. } => {
                self.step_finished(step, *status, note.as_deref(), event.ms);
            }
            EventKind::CommandStarted { purpose, command, .. } => self.command(*purpose, command),
            EventKind::CommandFinished { code, output, values, elapsed_ms, .. } => {
                if let Some(open) = self.open.last_mut() {
                    open.seen.clone_from(values);
                }
                self.answer(*code, output, *elapsed_ms);
            }
            EventKind::Found { severity, text, remedy, evidence, .. } => {
                self.found(*severity, text, remedy.as_deref(), evidence);
            }
            EventKind::ChangeIntended { undo: WayBack::None { why }, .. }
                if self.detail >= Detail::Commands =>
            {
                self.note(&format!("cannot be taken back: {}", visible::line(why)));
            }
            EventKind::FactsRead { facts, .. } if self.detail >= Detail::Commands => {
                self.entry("reads", Paint::faint, &format!("facts: {}", wording::values(facts)));
            }
            EventKind::ReadTogether { commands, timeout_ms } => {
                self.awaits(&format!("{} checks in one line", commands.len()), Some(*timeout_ms));
                if self.detail >= Detail::Commands {
                    self.entry("reads", Paint::faint, &format!("{} checks in one line", commands.len()));
                }
            }
            EventKind::Asking { .. } => self.yields(),
            EventKind::Answered { question, answer, attended, .. } => {
                let who = if *attended { "" } else { " (nobody was there)" };
                self.entry("asked", Paint::faint, &visible::line(&format!("{question} {answer}{who}")));
            }
            EventKind::RebootIntended { reason, budget_ms, .. } => {
                self.awaits("the machine restarts", Some(*budget_ms));
                self.whole = Some("the machine restarts".to_owned());
                if self.detail >= Detail::Steps {
                    self.entry("restarts", Paint::change, &visible::line(reason));
                }
            }
            // A script that was used fails with its step, which has told it.
            EventKind::StepFailed { step, .. }
                if self.open.iter().any(|open| open.path == *step && open.headed) => {}
            EventKind::StepFailed { failure, .. } => {
                let title = self.open.last().map(|open| open.title.clone()).unwrap_or_default();
                self.entry("failed", Paint::bad, &title);
                self.note(&visible::line(&failure.message));
                self.failure(failure);
            }
            EventKind::RebootFinished { .. } => self.whole = None,
            EventKind::UndoStarted { step } => self.awaits(&format!("taking back {step}"), None),
            EventKind::UndoFinished { step, outcome } => {
                let (label, paint): (_, Coat) = match outcome {
                    UndoOutcome::Restored => ("undone", Paint::change),
                    _ => ("remains", Paint::bad),
                };
                self.entry(label, paint, &format!("{step}: {}", wording::undo(outcome)));
            }
            EventKind::Interrupted => {
                self.entry("stopping", Paint::warning, "asked to stop; Ctrl-C again stops at once");
            }
            EventKind::SessionClosed { channel: ChannelLeft::Open { why } } => {
                self.entry(
                    "warning",
                    Paint::warning,
                    &format!("the channel was not closed: {}", visible::line(why)),
                );
            }
            EventKind::RunFinished { verdict, elapsed_ms, failure, .. } => {
                self.open.clear();
                self.whole = None;
                self.finished(*verdict, failure.as_ref(), *elapsed_ms);
            }
            _ => {}
        }
    }
}

/// What a finding rests on, in a line or a few.
fn because(evidence: &Evidence) -> Vec<String> {
    let command = visible::line(&evidence.command);
    let mut lines = Vec::new();
    if evidence.values.is_empty() {
        let output = visible::lines(&evidence.output.text);
        let said = output.lines().filter(|line| !line.trim().is_empty()).take(EVIDENCE_LINES);
        lines.extend(said.map(|line| format!("| {line}")));
    } else {
        lines.push(wording::values(&evidence.values));
    }
    // A step that only says something rests on no command of its own.
    if !command.is_empty() {
        lines.push(format!("{command} (exit code {})", evidence.code));
    }
    lines
}

fn size(output: &Output) -> String {
    match output.chars {
        0 => "no output".to_owned(),
        chars => wording::count(chars, "character"),
    }
}

/// `2 findings, 1 repaired; 1 change; 12 s`.
fn counts(summary: &Summary, elapsed_ms: u64) -> String {
    let findings = summary.findings.len();
    let repaired = summary.findings.iter().filter(|found| found.repaired).count();
    let rescued = findings - repaired - summary.open_findings().count();
    let mut parts = vec![wording::count(findings, "finding")];
    if repaired > 0 {
        parts.push(format!("{repaired} repaired"));
    }
    if rescued > 0 {
        parts.push(format!("{rescued} in what was rescued"));
    }
    let standing = summary.standing_changes().count();
    let undone = summary.changes.iter().filter(|change| change.sent > 0).count() - standing;
    parts.push(wording::count(standing, "change"));
    if undone > 0 {
        parts.push(format!("{undone} taken back"));
    }
    let skipped = summary.steps.iter().filter(|step| step.status == Some(StepStatus::Skipped)).count();
    if skipped > 0 {
        parts.push(format!("{} not needed", wording::count(skipped, "step")));
    }
    parts.push(wording::span(elapsed_ms));
    parts.join(", ")
}
