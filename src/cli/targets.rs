//! `sacpilot targets`: the machines of the inventory.

use std::fmt::Write as _;

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::inventory::here;
use crate::inventory::{FILE_NAME, Target};
use crate::report::visible;

/// Arguments of `targets`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Only targets with this tag; given twice: with both
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

const HELP: &str = "\
Examples:
  sacpilot targets
  sacpilot targets --tag canary --json
  sacpilot check targets.yaml
  sacpilot exec -t web01 -- ver

A targets.yaml names machines:

  # yaml-language-server: $schema=targets.schema.json
  defaults: {user: 'Administrator', password: 'env:LAB_PASSWORD'}
  targets:
    web01:
      endpoint: 'serial:/dev/ttyUSB0'
      about: 'rack 3, second from above'
      tags: [web, canary]
      profile: '2019'
      params: {new_port: '3390'}

It is found in the working folder or above it, or named with --inventory. It never holds a \
password, only where it is: 'env:VARIABLE', 'file:PATH' or 'command:COMMAND'. What is given on \
the command line comes before what it says.";

/// Lists the targets.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Some(inventory) = here(context)? else {
        return Err(Failure::usage(format!("there is no {FILE_NAME} in this folder or above it"))
            .help("write one (`sacpilot targets --help` shows how), or name it with --inventory"));
    };
    if !inventory.warnings.diagnostics.is_empty() && !context.globals.quiet {
        context.tell(&inventory.warnings.render(context.stderr_style()));
    }
    let wanted = |target: &&Target| args.tag.iter().all(|tag| target.tags.iter().any(|other| other == tag));
    let targets: Vec<&Target> = inventory.targets.iter().filter(wanted).collect();
    if context.globals.json {
        let all: serde_json::Value = targets.iter().map(|target| described(target)).collect();
        context.say(&format!("{all:#}\n"))?;
    } else {
        context.say(&shown(&targets, context))?;
    }
    Ok(Exit::HOLDS)
}

fn shown(targets: &[&Target], context: &Context) -> String {
    if targets.is_empty() {
        return "no such targets\n".to_owned();
    }
    let width = targets.iter().map(|target| target.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for target in targets {
        let name = context.stdout_paint().bold(&format!("{:width$}", target.name));
        let endpoint = visible::line(&target.endpoint.to_string());
        let _ = write!(out, "{name}  {endpoint}");
        if !target.tags.is_empty() {
            let _ = write!(out, "  [{}]", target.tags.join(", "));
        }
        if let Some(about) = &target.about {
            let _ = write!(out, "  {}", visible::line(about));
        }
        out.push('\n');
    }
    out
}

fn described(target: &Target) -> serde_json::Value {
    json!({
        "name": target.name,
        "about": target.about,
        "endpoint": target.endpoint.to_string(),
        "user": target.user,
        "domain": target.domain,
        "tags": target.tags,
        "profile": target.profile,
        "params": target.params.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "wait_seconds": target.wait.map(|wait| wait.as_secs()),
    })
}
