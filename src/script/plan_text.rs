//! A plan for people: short enough for a ticket, every command as it may be typed.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::encoding::acts;
use crate::script::model::{Mode, Risk};
use crate::script::plan::{Plan, PlannedCommand, PlannedStep, Role, StepKind, Verdict};

/// Lines of a file that are shown of it.
const MOST_LINES: usize = 200;

impl Plan {
    /// The plan as text, without control characters and without colours.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).unwrap_or_default();
        out.chars().map(|c| if c != '\n' && acts(c) { '\u{fffd}' } else { c }).collect()
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "Plan of {}: {}", self.script, self.title)?;
        let width = self.params.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in &self.params {
            writeln!(out, "  {name:width$} = {}", shown(value))?;
        }
        writeln!(out, "{}", summary(self))?;
        if self.snapshot_offered {
            writeln!(
                out,
                "Snapshot: `run --snapshot` takes one of the system disk first, the way back where a step has none."
            )?;
        }
        let (skipped, steps): (Vec<_>, Vec<_>) = self.steps.iter().partition(|step| step.skipped.is_some());
        for (number, step) in steps.iter().enumerate() {
            writeln!(out)?;
            write_step(out, number + 1, step)?;
        }
        if !skipped.is_empty() {
            writeln!(out, "\nNot with these parameters:")?;
            let width = skipped.iter().map(|step| step.path.chars().count()).max().unwrap_or(0);
            for step in skipped {
                let why = step.skipped.as_deref().unwrap_or_default();
                writeln!(out, "  {:width$}  needs {why}", step.path)?;
            }
        }
        if self.steps.iter().flat_map(commands).any(|command| !command.complete) {
            writeln!(
                out,
                "\n‹…› stands for a value that is read on the machine, or known when the run starts."
            )?;
        }
        if self.target.is_some() {
            self.write_state(out)?;
        }
        writeln!(out, "\nDigest {}", self.digest)
    }
}

impl Plan {
    /// What the checks on the machine said, all together.
    fn write_state(&self, out: &mut String) -> std::fmt::Result {
        let steps = |fits: fn(&Verdict) -> bool| {
            let meant = self.steps.iter().filter(|step| step.skipped.is_none() && !only_reads(step));
            meant.flat_map(PlannedStep::verdicts).filter(move |verdict| fits(verdict)).count()
        };
        let not_needed = match steps(|verdict| *verdict == Verdict::NotNeeded) {
            0 => String::new(),
            count => format!(", {count} not needed"),
        };
        writeln!(
            out,
            "\nOn {}: {} will be changed, {} wrong and only reported, {} already right, {} unknown{not_needed}.",
            self.target.as_deref().unwrap_or_default(),
            steps(|verdict| *verdict == Verdict::WillChange),
            steps(|verdict| *verdict == Verdict::Wrong),
            steps(|verdict| *verdict == Verdict::Holds),
            steps(|verdict| matches!(verdict, Verdict::Unknown { .. })),
        )?;
        for (name, value) in &self.facts {
            writeln!(out, "  facts.{name} = {}", shown(value))?;
        }
        Ok(())
    }
}

fn summary(plan: &Plan) -> String {
    let changes = |step: &&PlannedStep| {
        let sends = !matches!(step.kind, StepKind::Reboot | StepKind::Ask | StepKind::Finding);
        step.skipped.is_none() && sends && step.risk > Risk::Read
    };
    let changes = plan.steps.iter().filter(changes).count();
    let steps = if changes == 1 { "1 step".to_owned() } else { format!("{changes} steps") };
    match plan.risk {
        Risk::Read => "Changes nothing.".to_owned(),
        Risk::Change => format!("May change the machine in {steps}; does not restart it."),
        Risk::Reboot => format!("May change the machine in {steps}, and restart it."),
    }
}

fn write_step(out: &mut String, number: usize, step: &PlannedStep) -> std::fmt::Result {
    let kind = match step.kind {
        StepKind::Look => "look",
        StepKind::Condition => "repair",
        StepKind::Dialogue => "dialogue",
        StepKind::Upload => "file",
        StepKind::Wait => "wait",
        StepKind::Ask => "question",
        StepKind::Finding => "report",
        StepKind::Reboot => "RESTART",
    };
    let place = match step.mode {
        Mode::Sac => " at SAC>",
        Mode::PowerShell => " in PowerShell",
        Mode::Cmd => "",
    };
    let raised = match (step.risk, derived(step.kind)) {
        (Risk::Reboot, Risk::Read | Risk::Change) => ", may restart the machine",
        (Risk::Change, Risk::Read) => ", may change the machine",
        _ => "",
    };
    writeln!(out, "{number:3}. {}  [{kind}{place}{raised}]", step.path)?;
    writeln!(out, "     {}", step.title)?;
    let mut line = |name: &str, text: &str| writeln!(out, "     {name:7} {text}");
    for when in &step.when {
        line("when", when)?;
    }
    if let Some(each) = &step.for_each {
        line("each", each)?;
    }
    for command in commands(step) {
        if let Some(when) = &command.when {
            line("", &format!("when {when}:"))?;
        }
        for (number, text) in command.text.lines().enumerate() {
            line(if number == 0 { role(command.role) } else { "" }, text)?;
        }
        let content = command.content.as_deref().unwrap_or_default();
        for text in content.lines().take(MOST_LINES) {
            line("", &format!("| {text}"))?;
        }
        let more = content.lines().count().saturating_sub(MOST_LINES);
        if more > 0 {
            line("", &format!("| … and {more} more lines, all of them in the plan as JSON"))?;
        }
        if let (Role::Look | Role::Check, Some(holds)) = (command.role, &step.holds) {
            line("", &format!("must be: {holds}"))?;
        }
    }
    if let Some(why) = &step.no_undo {
        line("undo", &format!("none: {why}"))?;
    }
    if let Some(verdict) = &step.verdict {
        line("NOW", &now(step, verdict))?;
    }
    for (number, item) in step.items.iter().enumerate() {
        let text = format!("{}: {}", one_line(&item.path), now(step, &item.verdict));
        line(if number == 0 { "NOW" } else { "" }, &text)?;
    }
    Ok(())
}

/// A step that reads something for others, and judges nothing.
fn only_reads(step: &PlannedStep) -> bool {
    step.kind == StepKind::Look && step.holds.is_none()
}

fn now(step: &PlannedStep, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds if only_reads(step) => "read".to_owned(),
        Verdict::Holds => "holds, nothing to do".to_owned(),
        Verdict::NotNeeded => "not needed on this machine".to_owned(),
        Verdict::WillChange => "does not hold, will be changed".to_owned(),
        Verdict::Wrong => "does not hold, is reported".to_owned(),
        Verdict::Unknown { why } => format!("unknown: {}", one_line(why)),
    }
}

/// What a step of this kind may do where its script does not say that it is more.
fn derived(kind: StepKind) -> Risk {
    match kind {
        StepKind::Look | StepKind::Wait | StepKind::Ask | StepKind::Finding => Risk::Read,
        StepKind::Condition | StepKind::Dialogue | StepKind::Upload => Risk::Change,
        StepKind::Reboot => Risk::Reboot,
    }
}

fn commands(step: &PlannedStep) -> impl Iterator<Item = &PlannedCommand> {
    step.commands.iter().chain(&step.undo)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Look => "look",
        Role::Check => "check",
        Role::Save => "save",
        Role::Change => "change",
        Role::Answer => "answer",
        Role::Ask => "ask",
        Role::Undo => "undo",
    }
}

/// Nothing that the machine said begins a line of the plan.
fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\r', '\n'], " ")
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => one_line(text),
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
