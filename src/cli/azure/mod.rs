//! `sacpilot azure`: what Azure can do to a machine beside its console.

pub mod account;
pub mod first;
pub mod kept;
pub mod machine;
pub mod nsg;
pub mod offer;
pub mod rescue;
pub mod rescue_file;
pub mod under_way;
pub mod waiting;

use clap::Subcommand;
use clap_complete::ArgValueCompleter;
use serde_json::Value;

use self::account::AzureArgs;
use super::ask;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::inventory::{complete, place};
use crate::azure::{AdminCommand, Azure, VmId};
use crate::report::visible;
use crate::transport::Endpoint;

use waiting::Waiting;

/// Arguments of `azure`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

const HELP: &str = "\
Examples:
  sacpilot azure snapshot azure:SUBSCRIPTION/GROUP/VM
  sacpilot azure enable azure:SUBSCRIPTION/GROUP/VM
  sacpilot azure nsg allow-rdp azure:SUBSCRIPTION/GROUP/VM --port 3390 --from 203.0.113.0/24
  sacpilot azure rescue attach azure:SUBSCRIPTION/GROUP/VM --rescue-vm RESCUE

The token comes from SACPILOT_AZURE_TOKEN, else from `az` and the identities; docs/azure.md tells \
all variables. Exit code 2: nothing was sent; 3: Azure cannot be reached or refuses; 6: a rescue \
stopped on its way, and can go on or be taken back.";

/// The commands.
#[derive(Debug, Subcommand)]
enum What {
    /// Takes a snapshot of the system disk: do it before anything is changed
    #[command(after_help = "\
Examples:
  sacpilot azure snapshot azure:SUBSCRIPTION/GROUP/VM
  sacpilot azure snapshot azure:SUBSCRIPTION/GROUP/VM --name before-repair --json

Broken off and given again within the hour it goes on with the same snapshot.")]
    Snapshot(machine::SnapshotArgs),
    /// Sends a non-maskable interrupt: Windows stops and writes a memory dump
    #[command(after_help = "\
Examples:
  sacpilot azure nmi azure:SUBSCRIPTION/GROUP/VM --yes

Windows writes a dump when CrashControl\\NMICrashDump is 1.")]
    Nmi(machine::DisruptiveArgs),
    /// Restarts the machine at once, as by its reset button
    #[command(after_help = "\
Examples:
  sacpilot azure reset azure:SUBSCRIPTION/GROUP/VM --yes")]
    Reset(machine::DisruptiveArgs),
    /// Restarts the machine: Windows is asked to shut down
    #[command(after_help = "\
Examples:
  sacpilot azure restart azure:SUBSCRIPTION/GROUP/VM --yes

Broken off and given again within the hour it finds out whether the machine was restarted, and \
restarts it only when it was not.")]
    Restart(machine::RestartArgs),
    /// Starts a machine that is stopped or deallocated
    #[command(after_help = "\
Examples:
  sacpilot azure start azure:SUBSCRIPTION/GROUP/VM")]
    Start(Shared),
    /// Switches on what the serial console needs: the service of the subscription, boot diagnostics
    #[command(after_help = "\
Examples:
  sacpilot azure enable azure:SUBSCRIPTION/GROUP/VM")]
    Enable(Shared),
    /// Network security groups
    #[command(
        subcommand,
        after_help = "\
Examples:
  sacpilot azure nsg allow-rdp azure:SUBSCRIPTION/GROUP/VM --port 3390 --from 203.0.113.0/24"
    )]
    Nsg(Nsg),
    /// Repairs the system disk at another machine: attach a copy there, put it in place afterwards
    #[command(
        subcommand,
        after_help = "\
Examples:
  sacpilot azure rescue attach azure:SUBSCRIPTION/GROUP/VM --rescue-vm RESCUE
  sacpilot azure rescue detach azure:SUBSCRIPTION/GROUP/VM
  sacpilot azure rescue undo azure:SUBSCRIPTION/GROUP/VM"
    )]
    Rescue(rescue::Rescues),
}

/// Commands about network security groups.
#[derive(Debug, Subcommand)]
enum Nsg {
    /// Lets Remote Desktop in at a port that it was moved to; shows the rules unless told to apply them
    #[command(after_help = "\
Examples:
  sacpilot azure nsg allow-rdp azure:SUBSCRIPTION/GROUP/VM --port 3390 --from 203.0.113.0/24
  sacpilot azure nsg allow-rdp azure:SUBSCRIPTION/GROUP/VM --port 3390 --from 203.0.113.0/24 --apply
  sacpilot azure nsg allow-rdp azure:SUBSCRIPTION/GROUP/VM --port 3390 --remove

Exit code 1: a rule is missing, and was only shown.")]
    AllowRdp(nsg::Args),
}

/// Which machine, and the way to Azure.
#[derive(Debug, Clone, clap::Args)]
pub struct Shared {
    /// The machine: azure:SUBSCRIPTION/GROUP/VM, or its name in the inventory
    #[arg(value_name = "TARGET", env = "SACPILOT_TARGET", add = ArgValueCompleter::new(complete))]
    target: String,

    #[command(flatten)]
    azure: AzureArgs,
}

/// `sacpilot azure`.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args.what {
        What::Snapshot(args) => machine::snapshot(args, context).await,
        What::Nmi(args) => machine::administer(AdminCommand::Nmi, args, context).await,
        What::Reset(args) => machine::administer(AdminCommand::Reset, args, context).await,
        What::Restart(args) => machine::restart(args, context).await,
        What::Start(shared) => machine::start(shared, context).await,
        What::Enable(shared) => machine::enable(shared, context).await,
        What::Nsg(Nsg::AllowRdp(args)) => nsg::allow_rdp(args, context).await,
        What::Rescue(rescue) => Box::pin(rescue::run(rescue, context)).await,
    }
}

impl Shared {
    /// The machine, and Azure with its waits shown.
    fn resolve(&self, context: &Context) -> Result<(Azure, VmId), Failure> {
        let vm = self.machine(context)?;
        let azure = self.azure.azure(context)?;
        Ok((Waiting::new(context).shown(azure), vm))
    }

    fn machine(&self, context: &Context) -> Result<VmId, Failure> {
        match place(&self.target, context)?.endpoint {
            Endpoint::Azure(vm) => Ok(vm),
            other => {
                let other = visible::line(&other.to_string());
                Err(Failure::usage(format!("`{other}` is no machine in Azure"))
                    .help("write azure:SUBSCRIPTION/GROUP/VM, or a name of targets.yaml that leads to one"))
            }
        }
    }
}

/// The result: for people, or as JSON.
fn say(context: &Context, text: &str, json: &Value) -> Result<Exit, Failure> {
    if context.globals.json {
        context.say(&format!("{json}\n"))?;
    } else {
        context.say(&format!("{}\n", visible::lines(text)))?;
    }
    Ok(Exit::HOLDS)
}

/// Asks, unless `yes`.
fn confirm(yes: bool, what: &str, question: &str, context: &Context) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !context.can_ask {
        return Err(
            Failure::usage("there is no terminal to ask whether this shall be done").help("give --yes")
        );
    }
    context.tell(&format!("{what}\n"));
    if ask::confirm(question)? { Ok(()) } else { Err(Failure::usage("not confirmed; nothing was done")) }
}
