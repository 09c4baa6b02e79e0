//! `sacpilot scripts [NAME]`: what ships, and what a script does.

use std::fmt::Write as _;

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::script_args::load;
use crate::report::Paint;
use crate::script::library::Library;
use crate::script::loader;
use crate::script::model::{Guidance, Risk, Script};

/// Arguments of `scripts`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot scripts
  sacpilot scripts rdp-internal-error")]
pub struct Args {
    /// A script that ships, or a file; without it, all that ship are listed
    #[arg(value_name = "SCRIPT")]
    script: Option<String>,
}

/// Lists the scripts, or shows one.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let paint = context.stdout_paint();
    let text = match (&args.script, context.globals.json) {
        (Some(name), true) => format!("{:#}\n", described(&load(name, context)?.script)),
        (Some(name), false) => shown(&load(name, context)?.script, paint),
        (None, true) => {
            let scripts = all(context)?;
            format!("{:#}\n", scripts.iter().map(|script| described(script)).collect::<serde_json::Value>())
        }
        (None, false) => list(&all(context)?, paint),
    };
    context.say(&text)?;
    Ok(Exit::HOLDS)
}

fn all(context: &Context) -> Result<Vec<std::sync::Arc<Script>>, Failure> {
    let library = Library::embedded();
    library
        .names()
        .iter()
        .map(|name| match loader::load(&library, name) {
            Ok(loaded) => Ok(loaded.script),
            Err(_) => Ok(load(name, context)?.script),
        })
        .collect()
}

fn list(scripts: &[std::sync::Arc<Script>], paint: Paint) -> String {
    let width = scripts.iter().map(|script| script.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for script in scripts {
        let _ = writeln!(out, "{} {}", paint.bold(&format!("{:width$}", script.name)), script.title);
    }
    out
}

fn shown(script: &Script, paint: Paint) -> String {
    let mut out = format!("{}: {}\n\n{}\n", paint.bold(&script.name), script.title, script.about.trim_end());
    out.push_str(&guidance(&script.guidance, paint));
    if let Some(source) = &script.source {
        let _ = writeln!(out, "\n{}: {source}", paint.bold("Source"));
    }
    if let Some(differs) = &script.guidance.differs {
        let _ = writeln!(out, "\n{}", paint.bold("Where it differs from that, and why"));
        for line in differs.lines() {
            let _ = writeln!(out, "  {}", line.trim());
        }
    }
    if !script.params.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Parameters"));
        for param in &script.params {
            let default = match &param.default {
                Some(value) => format!("default {}", value_text(value)),
                None => "required".to_owned(),
            };
            let _ = writeln!(out, "  {} ({}; {default})\n      {}", param.name, param.takes(), param.about);
        }
    }
    let _ = writeln!(out, "\n{}", paint.bold("Steps"));
    for step in &script.steps {
        let _ = writeln!(out, "  {:10} {}", risk(step.risk), step.title.source);
    }
    out
}

fn guidance(guidance: &Guidance, paint: Paint) -> String {
    let mut out = String::new();
    if !guidance.symptoms.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("What you see"));
        for symptom in &guidance.symptoms {
            let _ = writeln!(out, "  {symptom}");
        }
    }
    let takes = guidance.takes.map(|takes| crate::report::wording::span(takes.as_millis() as u64));
    let lines = [
        ("When to use it", guidance.use_when.as_deref()),
        ("When not", guidance.not_when.as_deref()),
        ("Usually takes", takes.as_deref()),
        ("Outside of the machine", guidance.outside.as_deref()),
    ];
    for (label, text) in lines {
        if let Some(text) = text {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(out, "\n{}: {text}", paint.bold(label));
        }
    }
    out
}

fn described(script: &Script) -> serde_json::Value {
    let params = script.params.iter().map(|param| {
        json!({
            "name": param.name,
            "takes": param.takes(),
            "default": param.default,
            "about": param.about,
        })
    });
    let steps = script
        .steps
        .iter()
        .map(|step| json!({"id": step.id, "title": step.title.source, "risk": step.risk, "line": step.line}));
    json!({
        "name": script.name,
        "title": script.title,
        "about": script.about,
        "source": script.source,
        "differs": script.guidance.differs,
        "symptoms": script.guidance.symptoms,
        "use_when": script.guidance.use_when,
        "not_when": script.guidance.not_when,
        "takes_s": script.guidance.takes.map(|takes| takes.as_secs()),
        "outside": script.guidance.outside,
        "digest": script.digest,
        "params": params.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// What a step may do, in a word.
pub fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Read => "reads",
        Risk::Change => "may change",
        Risk::Reboot => "restarts",
    }
}

fn value_text(value: &crate::script::model::Value) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    crate::report::wording::value(&json)
}
