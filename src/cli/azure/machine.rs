//! What is done to a machine as a whole: snapshot, power, interrupt, and what its console needs.

use serde_json::json;

use super::account::failure;
use super::under_way::{Begun, UnderWay};
use super::{Shared, say};
use crate::azure::{AdminCommand, Azure, Effect, VmId};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::transport::{OpenError, open_azure};

/// Arguments of `azure snapshot`.
#[derive(Debug, clap::Args)]
pub struct SnapshotArgs {
    #[command(flatten)]
    shared: Shared,

    /// The snapshot's name [default: VM-sacpilot-TIME]; one of that name that is there is that snapshot
    #[arg(long, value_name = "NAME", value_parser = resource_name)]
    name: Option<String>,
}

/// Arguments of commands that interrupt whoever uses the machine.
#[derive(Debug, clap::Args)]
pub struct DisruptiveArgs {
    #[command(flatten)]
    shared: Shared,

    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// Arguments of `azure restart`.
#[derive(Debug, clap::Args)]
pub struct RestartArgs {
    #[command(flatten)]
    disruptive: DisruptiveArgs,

    /// Restarts the machine also where an earlier call that was broken off may have done so
    #[arg(long)]
    anew: bool,
}

/// `azure snapshot`.
pub async fn snapshot(args: SnapshotArgs, context: &Context) -> Result<Exit, Failure> {
    let (azure, vm) = args.shared.resolve(context)?;
    let under_way = UnderWay::open("snapshot", &vm, context)?;
    let name = match args.name {
        Some(name) => name,
        None => match under_way.begun(context)? {
            Some(Begun::Snapshot { name, .. }) => name,
            _ => snapshot_name(&vm, context),
        },
    };
    under_way.begin(&Begun::Snapshot { began: context.started, name: name.clone() })?;
    let id = azure.snapshot(&vm, &name).await.map_err(|error| failure(&error))?;
    under_way.end()?;
    let result = json!({ "action": "snapshot", "machine": vm.to_string(), "id": id.to_string() });
    say(context, &format!("snapshot {id}"), &result)
}

/// The name of a snapshot that nobody named. Azure takes 80 characters.
pub fn snapshot_name(vm: &VmId, context: &Context) -> String {
    let stem: String = vm.name().chars().take(40).collect();
    format!("{stem}-sacpilot-{}", context.started.strftime("%Y%m%dT%H%M%SZ"))
}

/// `azure nmi` and `azure reset`.
pub async fn administer(
    command: AdminCommand,
    args: DisruptiveArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let (azure, vm) = args.shared.resolve(context)?;
    let (action, effect) = match command {
        AdminCommand::Nmi => {
            ("nmi", "A non-maskable interrupt stops Windows at once and writes a memory dump.")
        }
        AdminCommand::Reset => ("reset", "A reset restarts the machine at once; what is not saved is lost."),
    };
    args.confirm(&format!("{effect} Whoever uses its serial console now is cut off."), &vm, context)?;
    // It goes through a session of the console, which has to be open meanwhile.
    let line = match open_azure(&azure, &vm).await {
        Ok(line) => line,
        Err(OpenError::Azure(error)) => return Err(failure(&error)),
        Err(error) => return Err(Failure::new(Exit::UNREACHABLE, error.to_string()).help(error.help())),
    };
    azure.administer(line.gateway(), command).await.map_err(|error| failure(&error))?;
    done(action, &vm, Effect::Done, context)
}

/// `azure restart`.
pub async fn restart(args: RestartArgs, context: &Context) -> Result<Exit, Failure> {
    let (azure, vm) = args.disruptive.shared.resolve(context)?;
    let under_way = UnderWay::open("restart", &vm, context)?;
    let begun = if args.anew { None } else { under_way.begun(context)? };
    if let Some(Begun::Restart(restart)) = begun {
        azure.tell(&format!("find out what became of the restart that began at {}", restart.began));
        if azure.was_restarted(&vm, &restart).await.map_err(|error| failure(&error))? {
            under_way.end()?;
            return done("restart", &vm, Effect::Done, context);
        }
    }
    let effect = "Windows is asked to shut down, and the machine is restarted.";
    args.disruptive.confirm(effect, &vm, context)?;
    let restart = azure.plan_restart(&vm, context.started).await.map_err(|error| failure(&error))?;
    under_way.begin(&Begun::Restart(restart))?;
    azure.restart(&vm).await.map_err(|error| failure(&error))?;
    under_way.end()?;
    done("restart", &vm, Effect::Done, context)
}

/// `azure start`.
pub async fn start(shared: Shared, context: &Context) -> Result<Exit, Failure> {
    let (azure, vm) = shared.resolve(context)?;
    let effect = azure.start(&vm).await.map_err(|error| failure(&error))?;
    done("start", &vm, effect, context)
}

/// `azure enable`.
pub async fn enable(shared: Shared, context: &Context) -> Result<Exit, Failure> {
    let (azure, vm) = shared.resolve(context)?;
    let (console, diagnostics) = switch_on(&azure, &vm).await.map_err(|error| failure(&error))?;
    let shown = |what: &str, effect: Effect| format!("{what}: {}", word(effect));
    let text = format!(
        "{}\n{}",
        shown("serial console of the subscription", console),
        shown("boot diagnostics", diagnostics)
    );
    let result = json!({
        "action": "enable",
        "machine": vm.to_string(),
        "console": word(console),
        "boot_diagnostics": word(diagnostics),
    });
    say(context, &text, &result)
}

async fn switch_on(azure: &Azure, vm: &VmId) -> Result<(Effect, Effect), crate::azure::AzureError> {
    Ok((azure.enable_console(vm).await?, azure.enable_boot_diagnostics(vm).await?))
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Already => "already",
        Effect::Done => "done",
    }
}

fn done(action: &str, vm: &VmId, effect: Effect, context: &Context) -> Result<Exit, Failure> {
    let result = json!({ "action": action, "machine": vm.to_string(), "effect": word(effect) });
    say(context, &format!("{action}: {}", word(effect)), &result)
}

impl DisruptiveArgs {
    fn confirm(&self, what: &str, vm: &VmId, context: &Context) -> Result<(), Failure> {
        super::confirm(self.yes, what, &format!("Do this to {vm}?"), context)
    }
}

/// What Azure takes as the name of a snapshot.
fn resource_name(text: &str) -> Result<String, String> {
    let right = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let fits = (1..=80).contains(&text.len()) && text.chars().all(right);
    if fits && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.ends_with(['.', '-']) {
        return Ok(text.to_owned());
    }
    Err("names are 1 to 80 letters, digits, `_`, `-`, `.`, and begin with a letter or digit".to_owned())
}
