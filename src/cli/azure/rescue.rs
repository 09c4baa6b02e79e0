//! `azure rescue`: the repair of a disk at another machine.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::json;

use super::account::failure;
use super::rescue_file::RescueFile;
use super::{Shared, confirm, say};
use crate::azure::{Goal, Move, Noted, Rescue, VmId};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::runs_dir;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Rescues {
    /// Attaches a copy of the system disk to a rescue machine; goes on where it was interrupted
    #[command(after_help = "\
Examples:
  sacpilot azure rescue attach azure:SUBSCRIPTION/GROUP/VM --rescue-vm RESCUE

Takes a snapshot, makes a disk of it, attaches that. The machine itself is not touched.")]
    Attach(AttachArgs),
    /// Puts the repaired copy in the place of the system disk; goes on where it was interrupted
    #[command(after_help = "\
Examples:
  sacpilot azure rescue detach azure:SUBSCRIPTION/GROUP/VM

Takes the copy off the rescue machine, stops the machine, exchanges its system disk, starts it \
again. The original disk stays.")]
    Detach(GoArgs),
    /// Takes everything back, whatever was done: the original disk, no copy, no snapshot
    #[command(after_help = "\
Examples:
  sacpilot azure rescue undo azure:SUBSCRIPTION/GROUP/VM")]
    Undo(GoArgs),
    /// Shows how far it is; asks nobody
    #[command(after_help = "\
Examples:
  sacpilot azure rescue show azure:SUBSCRIPTION/GROUP/VM --json")]
    Show(Shared),
}

/// Arguments of `azure rescue attach`.
#[derive(Debug, clap::Args)]
pub struct AttachArgs {
    #[command(flatten)]
    go: GoArgs,

    /// The machine that the copy is attached to: VM in the same group, GROUP/VM, or SUBSCRIPTION/GROUP/VM
    #[arg(long, value_name = "VM")]
    rescue_vm: Option<String>,
}

/// Arguments of commands that go on with a rescue.
#[derive(Debug, clap::Args)]
pub struct GoArgs {
    #[command(flatten)]
    shared: Shared,

    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// `azure rescue`.
pub async fn run(what: Rescues, context: &Context) -> Result<Exit, Failure> {
    match what {
        Rescues::Attach(args) => attach(args, context).await,
        Rescues::Detach(args) => {
            let (file, rescue) = present(&args.shared, context)?;
            if rescue.going_back {
                return Err(Failure::usage("this rescue is being taken back")
                    .help("`sacpilot azure rescue undo TARGET` ends that; then begin again with `attach`"));
            }
            go(Goal::Exchanged, &file, rescue, &args, context).await
        }
        Rescues::Undo(args) => {
            let (file, rescue) = present(&args.shared, context)?;
            go(Goal::Back, &file, rescue, &args, context).await
        }
        Rescues::Show(shared) => {
            let (file, rescue) = present(&shared, context)?;
            told(&file, &rescue, context)
        }
    }
}

async fn attach(args: AttachArgs, context: &Context) -> Result<Exit, Failure> {
    let vm = args.go.shared.machine(context)?;
    let runs = runs_dir(context)?;
    let helper = args.rescue_vm.as_deref().map(|text| helper(text, &vm)).transpose()?;
    let known = RescueFile::latest(&runs, &vm)?;
    if let Some((file, rescue)) = known.filter(|(_, rescue)| !rescue.is_exchanged() && !rescue.is_back()) {
        if rescue.going_back {
            return Err(Failure::usage("an earlier rescue of this machine is being taken back")
                .help("`sacpilot azure rescue undo TARGET` ends that; then begin again"));
        }
        if let Some(helper) = helper
            && !helper.to_string().eq_ignore_ascii_case(&rescue.rescue_machine)
        {
            return Err(Failure::usage(format!(
                "a rescue with {} is under way: {}",
                rescue.rescue_machine,
                file.path().display()
            ))
            .help(
                "go on with that machine, or take the rescue back with `sacpilot azure rescue undo TARGET`",
            ));
        }
        return go(Goal::Attached, &file, rescue, &args.go, context).await;
    }
    let helper = helper.ok_or_else(|| {
        Failure::usage("the machine that the copy is attached to is missing")
            .help("name it with --rescue-vm VM")
    })?;
    let (azure, vm) = args.go.shared.resolve(context)?;
    let rescue = azure.plan_rescue(&vm, &helper, context.started).await.map_err(|error| failure(&error))?;
    confirm_moves(Goal::Attached, &rescue, args.go.yes, context)?;
    let file = RescueFile::create(&runs, &rescue)?;
    let args = GoArgs { yes: true, ..args.go };
    go(Goal::Attached, &file, rescue, &args, context).await
}

/// The rescue of the machine that is under way.
fn present(shared: &Shared, context: &Context) -> Result<(RescueFile, Rescue), Failure> {
    let vm = shared.machine(context)?;
    let runs = runs_dir(context)?;
    RescueFile::latest(&runs, &vm)?.ok_or_else(|| {
        Failure::usage(format!("nothing is known of a rescue of {vm} in {}", runs.display())).help(
            "`sacpilot azure rescue attach TARGET --rescue-vm VM` begins one; --runs-dir names another place",
        )
    })
}

async fn go(
    goal: Goal,
    file: &RescueFile,
    mut rescue: Rescue,
    args: &GoArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let (azure, _) = args.shared.resolve(context)?;
    confirm_moves(goal, &rescue, args.yes, context)?;
    let outcome = azure
        .pursue(&mut rescue, goal, &mut |rescue, noted| {
            file.save(rescue).map_err(Stopped::File)?;
            if let Noted::Done(step) = noted
                && !context.globals.quiet
            {
                context.tell(&format!("done: {}\n", step.title()));
            }
            Ok(())
        })
        .await;
    if let Err(stopped) = outcome {
        let mut failed = match stopped {
            Stopped::File(failed) => failed,
            Stopped::Azure(error) => failure(&error),
        };
        if rescue.has_begun() {
            failed.exit = Exit::REMAINS;
            let go_on =
                "give the command again to go on, or `sacpilot azure rescue undo TARGET` to take all back";
            failed.help =
                Some(failed.help.map_or_else(|| go_on.to_owned(), |help| format!("{help}; {go_on}")));
        }
        return Err(failed);
    }
    told(file, &rescue, context)
}

enum Stopped {
    File(Failure),
    Azure(crate::azure::AzureError),
}

impl From<crate::azure::AzureError> for Stopped {
    fn from(error: crate::azure::AzureError) -> Self {
        Self::Azure(error)
    }
}

fn confirm_moves(goal: Goal, rescue: &Rescue, yes: bool, context: &Context) -> Result<(), Failure> {
    let moves = rescue.rest(goal);
    if moves.is_empty() {
        return Ok(());
    }
    let mut text = format!("Rescue of {} with {}:", rescue.machine, rescue.rescue_machine);
    for step in moves {
        let _ = write!(text, "\n  {}{}", step.title(), name(rescue, step));
    }
    confirm(yes, &text, "Do this?", context)
}

fn name(rescue: &Rescue, step: Move) -> String {
    let id = match step {
        Move::Snapshot | Move::DeleteSnapshot => &rescue.snapshot,
        Move::ExchangeBack => &rescue.original,
        Move::Copy | Move::Attach | Move::Detach | Move::Exchange | Move::DeleteCopy => &rescue.copy,
        Move::Stop | Move::Start => return String::new(),
    };
    format!(" ({})", id.name())
}

fn told(file: &RescueFile, rescue: &Rescue, context: &Context) -> Result<Exit, Failure> {
    let (state, next) = if rescue.is_back() {
        ("back", format!("everything is as it was; {} is the system disk", rescue.original.name()))
    } else if rescue.going_back {
        ("going-back", "`sacpilot azure rescue undo TARGET` goes on".to_owned())
    } else if rescue.is_exchanged() {
        let text = format!(
            "{} is the system disk now; the original {} stays. When all is well, delete it and {}; \
             `sacpilot azure rescue undo TARGET` takes everything back",
            rescue.copy.name(),
            rescue.original.name(),
            rescue.snapshot.name()
        );
        ("exchanged", text)
    } else if rescue.done.contains(&Move::Detach) {
        ("exchanging", "`sacpilot azure rescue detach TARGET` goes on".to_owned())
    } else if rescue.done.contains(&Move::Attach) {
        let text = format!(
            "{} is attached to {}: repair it there. Then `sacpilot azure rescue detach TARGET` puts it in place, \
             or `sacpilot azure rescue undo TARGET` takes everything back",
            rescue.copy.name(),
            rescue.rescue_machine
        );
        ("attached", text)
    } else {
        ("attaching", "`sacpilot azure rescue attach TARGET` goes on".to_owned())
    };
    let text = format!("{state}: {next}\n{}", file.path().display());
    let result = json!({
        "action": "rescue",
        "state": state,
        "file": file.path().display().to_string(),
        "rescue": rescue,
    });
    say(context, &text, &result)
}

/// The rescue machine; what is not said is that of the broken one.
fn helper(text: &str, vm: &VmId) -> Result<VmId, Failure> {
    let whole = match text.matches('/').count() {
        0 => format!("{}/{}/{text}", vm.subscription(), vm.group()),
        1 => format!("{}/{text}", vm.subscription()),
        _ => text.strip_prefix("azure:").unwrap_or(text).to_owned(),
    };
    whole.parse().map_err(|error: crate::azure::VmIdError| {
        Failure::usage(format!("--rescue-vm: `{}`: {error}", error.part.escape_debug()))
            .help(error.problem.help())
    })
}
