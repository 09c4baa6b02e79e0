//! `sacpilot plan SCRIPT`: exactly what may be sent, for approval.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::inventory::{Place, complete, place};
use super::run::look;
use super::script_args::{Bound, ScriptArgs};
use super::steps::{StepArgs, chosen};
use super::target::{ReachArgs, TARGETS, TargetArgs};
use crate::encoding::harmless_json;
use crate::engine::event::StepStatus;
use crate::report::Summary;
use crate::report::summary::Step;
use crate::script::item::is_round;
use crate::script::model::Risk;
use crate::script::plan::{Plan, PlannedItem, PlannedStep, StepKind, Verdict};
use crate::transport::Endpoint;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// The script.
    #[command(flatten)]
    script: ScriptArgs,

    /// Which steps.
    #[command(flatten)]
    steps: StepArgs,

    /// Writes the plan as JSON into FILE, for `run --plan FILE`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Runs the read-only checks there, and says what would be changed
    #[arg(short, long, value_name = "TARGET", env = "SACPILOT_TARGET", add = clap_complete::ArgValueCompleter::new(complete))]
    target: Option<String>,

    /// The way there.
    #[command(flatten)]
    reach: ReachArgs,
}

fn help() -> String {
    format!(
        "\
Examples:
  sacpilot plan rdp-internal-error
  sacpilot plan rdp/tls-protocols -p versions=1.2 -o plan.json
  sacpilot plan rdp-internal-error -t serial:/dev/ttyUSB0 --user Administrator

Without a target nothing is sent; with one, only commands that read: the plan then says what will change, what is \
already right and what is unknown, and `run --plan` refuses when the machine is not like that any more.

{TARGETS}"
    )
}

/// Makes the plan, and shows or writes it.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let place = args.target.as_deref().map(|target| place(target, context)).transpose()?;
    let mut bound = args.script.bind_to_read(place.as_ref().map_or(&[], Place::params), context)?;
    bound.script = chosen(&args.steps.selection(), &bound.script)?;
    let mut plan = Plan::new(&bound.script, &bound.params);
    let mut exit = Exit::HOLDS;
    if let Some(target) = args.target {
        let target = TargetArgs { target, reach: args.reach }.resolve(context)?;
        let (summary, ended) = look(&bound, &target, context).await?;
        fill_in(&mut plan, &summary, &target.name);
        plan.snapshot_offered = can_be_taken(&target.endpoint, &plan);
        if ended != Exit::FINDINGS {
            exit = ended;
        }
    }
    let json = serde_json::to_string_pretty(&plan)
        .map_err(|error| Failure::usage(format!("the plan cannot be written: {error}")))?;
    let json = harmless_json(json);
    if let Some(path) = &args.output {
        fs::write(path, json + "\n")
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
        context.tell(&format!("wrote {}, digest {}\n", path.display(), plan.digest));
    } else if context.globals.json {
        context.say(&(json + "\n"))?;
    } else {
        context.say(&plan.to_text())?;
    }
    Ok(exit)
}

/// Refuses a run that is not the one that was approved. Returns the plan.
pub fn compare(approved: &Path, bound: &Bound) -> Result<Plan, Failure> {
    let refused = |reason: String| {
        Failure::usage(format!("the plan {} {reason}; nothing was sent", approved.display()))
    };
    let text = fs::read_to_string(approved)
        .map_err(|error| Failure::usage(format!("cannot read the plan {}: {error}", approved.display())))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| refused(format!("is no plan: {error}")))?;
    if !plan.is_untouched() {
        return Err(refused("was edited: its digest is not that of its text".to_owned())
            .help("make it again with `sacpilot plan … -o FILE`, and have it approved again"));
    }
    let now = Plan::new(&bound.script, &bound.params);
    if now.sends_as(&plan) {
        return Ok(plan);
    }
    let again = "make the plan again with `sacpilot plan … -o FILE`, and have it approved again";
    if now.script != plan.script {
        return Err(refused(format!("is one of {}, not of {}", plan.script, now.script)).help(again));
    }
    let scripts = plan.scripts.iter().chain(&now.scripts).map(|(name, _)| name);
    let changed: BTreeSet<&String> =
        scripts.filter(|name| plan.scripts.get(*name) != now.scripts.get(*name)).collect();
    let (then, now) = (plan.of_no_machine().to_text(), now.to_text());
    let differing = |of: &str, other: &str, sign: char| -> Vec<String> {
        let missing = of
            .lines()
            .filter(|line| !line.starts_with("Digest ") && !other.lines().any(|known| known == *line));
        missing.map(|line| format!("  {sign} {}", with_last_blanks(line.trim_start()))).collect()
    };
    let mut lines = differing(&then, &now, '-');
    lines.extend(differing(&now, &then, '+'));
    if lines.is_empty() {
        let aside = "in what a plan does not show: patterns, exit codes, deadlines, remarks";
        lines.extend(changed.iter().map(|name| format!("  the script {name} was changed, {aside}")));
    }
    let reason = "is not what would be run now; nothing was sent";
    Err(Failure::usage(format!("the plan {} {reason}\n{}", approved.display(), lines.join("\n"))).help(again))
}

/// A line whose blanks at its end can be seen: they may be all that differs.
fn with_last_blanks(line: &str) -> String {
    let bare = line.trim_end();
    format!("{bare}{}", "␠".repeat(line.chars().count() - bare.chars().count()))
}

/// Whether a snapshot of the system disk can be taken there, of a machine that the plan may change.
pub fn can_be_taken(endpoint: &Endpoint, plan: &Plan) -> bool {
    matches!(endpoint, Endpoint::Azure(_)) && plan.risk != Risk::Read
}

/// What the checks on the machine said.
pub fn fill_in(plan: &mut Plan, summary: &Summary, target: &str) {
    plan.target = Some(target.to_owned());
    plan.facts = summary.facts.clone();
    // Each run has its own name.
    plan.facts.remove("run");
    for PlannedStep { path, kind, for_each, verdict, items, .. } in &mut plan.steps {
        let said = |step: &Step| self::verdict(step, *kind);
        if for_each.is_none() {
            *verdict = summary.steps.iter().find(|step| step.step.0 == *path).and_then(said);
            continue;
        }
        // What is in the list was seen on the machine alone.
        let rounds = summary.steps.iter().filter(|step| is_round(path, &step.step.0));
        let rounds = rounds
            .filter_map(|step| said(step).map(|verdict| PlannedItem { path: step.step.0.clone(), verdict }));
        *items = rounds.collect();
    }
    plan.seal();
}

fn verdict(step: &Step, kind: StepKind) -> Option<Verdict> {
    let why = || {
        let failure = step.failure.as_ref().map(|failure| failure.message.clone());
        failure.or_else(|| step.note.clone()).unwrap_or_default()
    };
    match step.status? {
        // Nobody was asked.
        StepStatus::Looked if kind == StepKind::Ask => None,
        StepStatus::Looked | StepStatus::Held => Some(Verdict::Holds),
        StepStatus::Skipped => Some(Verdict::NotNeeded),
        StepStatus::NotHeld
            if matches!(kind, StepKind::Condition | StepKind::Upload | StepKind::Dialogue) =>
        {
            Some(Verdict::WillChange)
        }
        StepStatus::NotHeld => Some(Verdict::Wrong),
        StepStatus::Depends | StepStatus::Failed | StepStatus::Interrupted => {
            Some(Verdict::Unknown { why: why() })
        }
        StepStatus::Changed | StepStatus::Restarted => None,
    }
}
