//! `sacpilot check FILE...`: the static check of scripts and inventories.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::script_args::unknown_script;
use crate::inventory;
use crate::script::codes::{self, Code};
use crate::script::diagnostic::{Diagnostic, Report, Source, Style};
use crate::script::library::{Library, LibraryError, STANDARD_INPUT, files_below};
use crate::script::loader::{self, LoadError};
use crate::script::sarif;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot check my-repair.yaml
  sacpilot check scripts --format json
  sacpilot check - < my-repair.yaml
  sacpilot check targets.yaml
  sacpilot check --explain SP010

A folder stands for every *.yaml below it, `-` for standard input.
Exit code 0: nothing is wrong (warnings do not count); 2: errors, which `run` refuses.")]
pub struct Args {
    /// Scripts: files, folders, `-`, or names of scripts that ship; inventories: files
    #[arg(value_name = "SCRIPT", required_unless_present = "explain")]
    scripts: Vec<String>,

    /// How to write what was found [default: human; json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Explains codes, as in error[SP010]; lists all without one
    #[arg(long, value_name = "CODE", num_args = 0.., conflicts_with_all = ["scripts", "format"])]
    explain: Option<Vec<String>>,
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

/// Something to check that was not read.
struct Unread {
    /// What the user named.
    name: String,
    why: Failure,
}

/// Checks the scripts.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(ids) = &args.explain {
        return explain(ids, context);
    }
    let mut reports = Vec::new();
    let mut unread = Vec::new();
    for argument in &args.scripts {
        let names = named(argument).unwrap_or_else(|why| {
            unread.push(Unread { name: argument.clone(), why });
            Vec::new()
        });
        for name in names {
            match report(&name) {
                Ok(report) => reports.push(report),
                Err(why) => unread.push(Unread { name, why }),
            }
        }
    }
    let format = args.format.unwrap_or(if context.globals.json { Format::Json } else { Format::Human });
    if format != Format::Human {
        reports.push(Report { diagnostics: unread.iter().map(Unread::diagnostic).collect() });
    }
    match format {
        Format::Human => human(&reports, &unread, context)?,
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
    let good = unread.is_empty() && !reports.iter().any(Report::has_errors);
    Ok(if good { Exit::HOLDS } else { Exit::USAGE })
}

/// What an argument stands for: itself, or every file of a folder.
fn named(argument: &str) -> Result<Vec<String>, Failure> {
    let path = Path::new(argument);
    if !path.is_dir() || Library::embedded().source(argument).is_ok() {
        return Ok(vec![argument.to_owned()]);
    }
    let files = files_below(path)
        .map_err(|error| unknown_script(&LibraryError::Unreadable { path: path.to_owned(), error }))?;
    if files.is_empty() {
        let why = Failure::usage(format!("there is no *.yaml below {argument}"));
        return Err(why.help("name a folder that has scripts, or a file"));
    }
    Ok(files.iter().map(|file| file.display().to_string()).collect())
}

/// What is wrong with a file, or a script that ships.
fn report(name: &str) -> Result<Report, Failure> {
    let (library, name) = if name == "-" {
        let path = Path::new(STANDARD_INPUT);
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| unknown_script(&LibraryError::Unreadable { path: path.to_owned(), error }))?;
        if inventory::is_inventory(path, &text) {
            return Ok(of_inventory(Source { path: STANDARD_INPUT.to_owned(), text }));
        }
        Library::of_text(text)
    } else {
        let path = Path::new(name);
        // Whatever cannot be read is told as a script.
        if let Some(source) =
            inventory::read(path).ok().filter(|source| inventory::is_inventory(path, &source.text))
        {
            return Ok(of_inventory(source));
        }
        Library::open(name).map_err(|error| unknown_script(&error))?
    };
    match loader::load(&library, &name) {
        Ok(loaded) => Ok(loaded.warnings),
        Err(LoadError::Script(report)) => Ok(report),
        Err(LoadError::Library(error)) => Err(unknown_script(&error)),
    }
}

fn of_inventory(source: Source) -> Report {
    inventory::load(source).map_or_else(|report| report, |inventory| inventory.warnings)
}

impl Unread {
    /// For machines, which read one list.
    fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            code: &codes::UNREADABLE,
            source: Arc::new(Source { path: self.name.clone(), text: String::new() }),
            span: 0..0,
            message: self.why.message.clone(),
            help: self.why.help.clone(),
        }
    }
}

fn human(reports: &[Report], unread: &[Unread], context: &Context) -> Result<(), Failure> {
    let style = if context.stdout_color { Style::Ansi } else { Style::Plain };
    for report in reports {
        context.say(&report.render(style))?;
    }
    for one in unread {
        context.tell(&one.why.told(context.stderr_paint()));
    }
    let clean = reports.iter().filter(|report| report.diagnostics.is_empty()).count();
    if clean == reports.len() && unread.is_empty() && !context.globals.quiet {
        let what = if clean == 1 { "1 file".to_owned() } else { format!("{clean} files") };
        context.say(&format!("{what}, nothing is wrong\n"))?;
    }
    Ok(())
}

/// Every code, those of inventories behind those of scripts.
fn all_codes() -> impl Iterator<Item = &'static Code> {
    codes::ALL.iter().chain(inventory::codes::ALL).copied()
}

fn explain(asked: &[String], context: &Context) -> Result<Exit, Failure> {
    let mut found: Vec<&Code> = Vec::new();
    let mut unknown = Vec::new();
    for text in asked {
        // As it was copied: SP010, error[SP010], SP010,SP011.
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_id(word));
        let ids: Vec<&str> = words.collect();
        for id in if ids.is_empty() { vec![text.as_str()] } else { ids } {
            match codes::find(id).or_else(|| inventory::codes::find(id)) {
                Some(code) => found.push(code),
                None => unknown.push(id),
            }
        }
    }
    if asked.is_empty() {
        found = all_codes().collect();
    }
    if context.globals.json {
        let all = found
            .iter()
            .map(|code| json!({"code": code.id, "title": code.title, "explanation": code.explanation}));
        context.say(&format!("{:#}\n", all.collect::<Json>()))?;
    } else if asked.is_empty() {
        let lines = found.iter().map(|code| format!("{}  {}\n", code.id, code.title));
        context.say(&lines.collect::<String>())?;
    } else {
        let texts = found.iter().map(|code| format!("{}: {}\n\n{}\n", code.id, code.title, code.explanation));
        context.say(&texts.collect::<Vec<_>>().join("\n"))?;
    }
    let Some(id) = unknown.first() else { return Ok(Exit::HOLDS) };
    Err(Failure::usage(format!("there is no code `{id}`")).help(near(id)))
}

/// Whether a word looks like a code: two letters, three digits.
fn is_id(word: &str) -> bool {
    word.len() == 5
        && word
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at < 2 { byte.is_ascii_alphabetic() } else { byte.is_ascii_digit() })
}

/// The codes before and behind one that does not exist.
fn near(id: &str) -> String {
    let id = id.to_ascii_uppercase();
    let of_kind = || all_codes().map(|code| code.id).filter(|known| is_id(&id) && known[..2] == id[..2]);
    let before = of_kind().filter(|known| *known < id.as_str()).max();
    let behind = of_kind().filter(|known| *known > id.as_str()).min();
    let list = "`sacpilot check --explain` lists all";
    match (before, behind) {
        (Some(before), Some(behind)) => format!("next to it are {before} and {behind}; {list}"),
        (Some(one), None) | (None, Some(one)) => format!("next to it is {one}; {list}"),
        (None, None) => list.to_owned(),
    }
}
