//! `azure nsg allow-rdp`: the security rule for a Remote Desktop that listens at another port.

use std::fmt::Write as _;

use serde_json::json;

use super::account::failure;
use super::{Shared, say};
use crate::azure::{RulePlan, Today};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Arguments of `azure nsg allow-rdp`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    shared: Shared,

    /// The port that Remote Desktop listens at
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Who is let in: an address, a network (203.0.113.0/24), or a tag (VirtualNetwork); * is everybody
    #[arg(long, value_name = "SOURCE", required_unless_present = "remove", value_parser = source)]
    from: Option<String>,

    /// Adds the rules; without it they are only shown
    #[arg(long)]
    apply: bool,

    /// Takes the rules away that an earlier call added for this port
    #[arg(long, conflicts_with_all = ["apply", "from"])]
    remove: bool,
}

/// `azure nsg allow-rdp`.
pub async fn allow_rdp(args: Args, context: &Context) -> Result<Exit, Failure> {
    let (azure, vm) = args.shared.resolve(context)?;
    if args.remove {
        let removed = azure.remove_rule(&vm, args.port).await.map_err(|error| failure(&error))?;
        let ids: Vec<String> = removed.iter().map(ToString::to_string).collect();
        let text = if ids.is_empty() {
            "there was no rule to take away".to_owned()
        } else {
            format!("taken away: {}", ids.join(", "))
        };
        let result = json!({ "action": "nsg-allow-rdp", "machine": vm.to_string(), "removed": ids });
        return say(context, &text, &result);
    }
    let from = args.from.unwrap_or_default();
    let plan = azure.plan_rule(&vm, args.port, &from).await.map_err(|error| failure(&error))?;
    let needed: Vec<_> = plan.groups.iter().filter_map(|group| group.rule.as_ref()).collect();
    if args.apply {
        for rule in &needed {
            azure.add_rule(rule).await.map_err(|error| failure(&error))?;
        }
    }
    let result = json!({
        "action": "nsg-allow-rdp",
        "machine": vm.to_string(),
        "port": args.port,
        "from": from,
        "applied": args.apply,
        "groups": plan.groups.iter().map(|group| json!({
            "group": group.group.to_string(),
            "today": today(&group.today),
            "rule": group.rule.as_ref().map(|rule| json!({ "id": rule.id.to_string(), "priority": rule.priority })),
        })).collect::<Vec<_>>(),
    });
    let remains = !args.apply && !needed.is_empty();
    say(context, &shown(&plan, args.port, &from, args.apply), &result)?;
    Ok(if remains { Exit::FINDINGS } else { Exit::HOLDS })
}

fn shown(plan: &RulePlan, port: u16, from: &str, applied: bool) -> String {
    if plan.groups.is_empty() {
        return "no network security group is between the network and this machine: nothing to allow"
            .to_owned();
    }
    let mut text = String::new();
    let mut needed = false;
    for group in &plan.groups {
        let _ =
            writeln!(text, "{}: TCP port {port} from {from} is {}", group.group.name(), today(&group.today));
        if let Some(rule) = &group.rule {
            needed = true;
            let word = if applied { "added" } else { "would add" };
            let _ = writeln!(
                text,
                "  {word} rule {} (priority {}): allow inbound TCP {port} from {from}",
                rule.id.name(),
                rule.priority
            );
        }
    }
    if from == "*" && needed {
        text += "warning: everybody on the network may try passwords then; name who is let in with --from\n";
    }
    text += match (applied, needed) {
        (false, true) => "Nothing was changed: give --apply. --remove takes the rule away again.",
        (true, true) => "`--remove` in place of `--from … --apply` takes it away again.",
        (_, false) => "Nothing is to be done.",
    };
    text
}

fn today(today: &Today) -> String {
    match today {
        Today::Allowed { by } => format!("allowed by the rule {by}"),
        Today::Denied { by } => format!("denied by the rule {by}"),
        Today::Default => "not spoken of: denied unless it comes from the virtual network".to_owned(),
    }
}

fn source(text: &str) -> Result<String, String> {
    let right = |c: char| c.is_ascii_alphanumeric() || ".:/*_".contains(c);
    if !text.is_empty() && text.chars().all(right) {
        return Ok(text.to_owned());
    }
    Err("write an address, a network such as 203.0.113.0/24, a tag such as VirtualNetwork, or *".to_owned())
}
