//! `sacpilot check FILE...`: the static check of scripts and inventories.

use std::path::Path;

use clap::ValueEnum;
use serde_json::Value as Json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::script_args::unknown_script;
use crate::inventory;
use crate::script::codes;
use crate::script::diagnostic::{Report, Style};
use crate::script::library::Library;
use crate::script::loader::{self, LoadError};
use crate::script::sarif;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot check my-repair.yaml
  sacpilot check scripts/*.yaml --format json
  sacpilot check targets.yaml
  sacpilot check --explain SP010

Exit code 0: nothing is wrong (warnings do not count); 2: errors, which `run` refuses.")]
pub struct Args {
    /// Scripts: files, or names of scripts that ship; inventories: files
    #[arg(value_name = "SCRIPT", required_unless_present = "explain")]
    scripts: Vec<String>,

    /// How to write what was found [default: human; json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Explains a code, as in error[SP010]
    #[arg(long, value_name = "CODE", conflicts_with_all = ["scripts", "format"])]
    explain: Option<String>,
}

/// How to write what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As a compiler does.
    Human,
    /// One array of objects.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Checks the scripts.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(code) = &args.explain {
        return explain(code, context);
    }
    let mut reports = Vec::new();
    for script in &args.scripts {
        if let Some(report) = inventory(Path::new(script)) {
            reports.push(report);
            continue;
        }
        let (library, name) = Library::open(script).map_err(|error| unknown_script(&error))?;
        reports.push(match loader::load(&library, &name) {
            Ok(loaded) => loaded.warnings,
            Err(LoadError::Script(report)) => report,
            Err(LoadError::Library(error)) => return Err(unknown_script(&error)),
        });
    }
    let format = args.format.unwrap_or(if context.globals.json { Format::Json } else { Format::Human });
    match format {
        Format::Human => human(&reports, context)?,
        Format::Sarif => {
            let all = reports.iter().flat_map(|report| &report.diagnostics);
            context.say(&format!("{:#}\n", sarif::log(all)))?;
        }
        Format::Json => {
            let all: Vec<Json> = reports
                .iter()
                .flat_map(|report| report.to_json().as_array().cloned().unwrap_or_default())
                .collect();
            context.say(&format!("{:#}\n", Json::Array(all)))?;
        }
    }
    Ok(if reports.iter().any(Report::has_errors) { Exit::USAGE } else { Exit::HOLDS })
}

/// What is wrong with a file that is an inventory; `None`: it is none, or cannot be read.
fn inventory(path: &Path) -> Option<Report> {
    let source = inventory::read(path).ok()?;
    if !inventory::is_inventory(path, &source.text) {
        return None;
    }
    Some(inventory::load(source).map_or_else(|report| report, |inventory| inventory.warnings))
}

fn human(reports: &[Report], context: &Context) -> Result<(), Failure> {
    let style = if context.stdout_color { Style::Ansi } else { Style::Plain };
    for report in reports {
        context.say(&report.render(style))?;
    }
    let clean = reports.iter().filter(|report| report.diagnostics.is_empty()).count();
    if clean == reports.len() && !context.globals.quiet {
        let what = if clean == 1 { "1 file".to_owned() } else { format!("{clean} files") };
        context.say(&format!("{what}, nothing is wrong\n"))?;
    }
    Ok(())
}

fn explain(id: &str, context: &Context) -> Result<Exit, Failure> {
    let Some(code) = codes::find(id).or_else(|| inventory::codes::find(id)) else {
        let (first, last) = (codes::ALL.first(), codes::ALL.last());
        let ids = first.zip(last).map(|(first, last)| format!("codes are {} to {}", first.id, last.id));
        return Err(Failure::usage(format!("there is no code `{id}`")).help(ids.unwrap_or_default()));
    };
    context.say(&format!("{}: {}\n\n{}\n", code.id, code.title, code.explanation))?;
    Ok(Exit::HOLDS)
}
