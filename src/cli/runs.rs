//! `sacpilot runs`: what was done so far.

use std::fmt::Write as _;
use std::path::{PathBuf, absolute};

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::run::{default_runs_dir, runs_dir};
use crate::encoding::harmless_json;
use crate::engine::{Masks, Past, RunFolder, journal};
use crate::report::{self, Next, Summary, markdown, visible, wording};

/// Arguments of `runs`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Shows the report of this run: its folder, or its name
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

const HELP: &str = "\
Examples:
  sacpilot runs
  sacpilot runs --json
  sacpilot runs 20261122T181500Z-rdp-internal-error-serial-COM1

The newest comes last. A run that ended early can go on with `sacpilot resume RUN`; what a run changed is taken back \
with `sacpilot undo RUN`.";

/// `sacpilot runs`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let runs = runs_dir(context)?;
    if let Some(run) = &args.run {
        let folder = find(run, context)?;
        let running = journal::is_being_written(&folder.journal_path());
        let recorded = journal::read(&folder.journal_path())
            .map_err(|error| Failure::usage(visible::line(&error.to_string())))?;
        let summary = Summary::of(&recorded.events);
        if running {
            context.tell("note: this run is still running; this is how far it has come\n");
        }
        if context.globals.json {
            let text = report::json::report(&summary);
            context.say(&text.map_err(|error| Failure::usage(error.to_string()))?)?;
        } else {
            let past = Past::of(&recorded.events, &Masks::default());
            // Whoever writes its journal goes on with it: nobody else can meanwhile.
            let next = if running { Next::default() } else { next(&folder, &past, context) };
            context.say(&markdown::report(&summary, &next))?;
        }
        return Ok(Exit::HOLDS);
    }
    let mut text = String::new();
    for folder in RunFolder::all(&runs) {
        let name = visible::line(folder.name());
        // Before its journal: one that ends in between has told its end.
        let running = journal::is_being_written(&folder.journal_path());
        let recorded = match journal::read(&folder.journal_path()) {
            Ok(recorded) => recorded,
            Err(error) if context.globals.json => {
                let _ = writeln!(text, "{}", json!({"run": folder.name(), "error": error.to_string()}));
                continue;
            }
            Err(error) => {
                let _ = writeln!(text, "{name}\n    {}", visible::line(&error.to_string()));
                continue;
            }
        };
        let summary = Summary::of(&recorded.events);
        let past = Past::of(&recorded.events, &Masks::default());
        let (resume, undo) = (!running && past.can_resume().is_ok(), !running && past.can_undo().is_ok());
        let standing = past.ledger.changes.iter().filter(|made| made.touched()).count();
        if context.globals.json {
            let line = json!({
                "run": folder.name(), "path": folder.path(), "script": summary.script, "target": summary.target,
                "started": summary.started, "ended": summary.ended, "verdict": summary.verdict,
                "exit": summary.exit, "findings": summary.findings.len(),
                "open_findings": summary.open_findings().count(), "standing_changes": standing,
                "running": running, "can_resume": resume, "can_undo": undo,
            });
            let _ = writeln!(text, "{line}");
            continue;
        }
        let result = if running { "still running" } else { summary.result().unwrap_or("cut off") };
        // Its journal has no line: the disk was full, or the program was killed before the first one.
        if summary.started.is_none() {
            let _ = writeln!(text, "{name}\n    never begun");
            continue;
        }
        let mut facts = vec![result.to_owned(), wording::count(standing, "standing change")];
        if resume {
            facts.push("can go on (resume)".to_owned());
        }
        let script = visible::line(&summary.script);
        let _ = writeln!(
            text,
            "{name}\n    {script} on {}: {}",
            visible::line(&summary.target),
            facts.join(", ")
        );
    }
    if text.is_empty() && !context.globals.json {
        context.tell(&format!("no runs in {}\n", runs.display()));
    }
    context.say(&if context.globals.json { harmless_json(text) } else { text })?;
    Ok(Exit::HOLDS)
}

/// A run that exists.
pub(super) fn find(run: &str, context: &Context) -> Result<RunFolder, Failure> {
    let runs = runs_dir(context)?;
    RunFolder::open(&runs, run).ok_or_else(|| {
        Failure::usage(format!("there is no run `{}`", visible::line(run))).help(format!(
            "give a run folder, or a name below {} (`sacpilot runs` lists them; --runs-dir names another place)",
            runs.display()
        ))
    })
}

/// What can be done with a run, as it has to be typed here.
pub(super) fn next(folder: &RunFolder, past: &Past, context: &Context) -> Next {
    Next::of(&given(folder, context), past)
}

/// A run as it is named to this program: by its name when that is enough without an option.
pub(super) fn given(folder: &RunFolder, context: &Context) -> PathBuf {
    let known = context.globals.runs_dir.is_none()
        && default_runs_dir().is_ok_and(|runs| folder.path().parent() == Some(runs.as_path()));
    if known {
        return PathBuf::from(folder.name());
    }
    absolute(folder.path()).unwrap_or_else(|_| folder.path().to_owned())
}
