//! Arguments, one file per command; the only place that prints or exits.
//!
//! A command is a file with `Args` (clap) and `run(args, &Context) -> Result<Exit, Failure>`, a variant of
//! [`args::Command`] and a line in `dispatch`. `run` refuses whatever is wrong before it opens a line.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use clap_complete::CompleteEnv;
use tokio::runtime::Builder;

pub mod args;
pub mod ask;
pub mod azure;
pub mod check;
pub mod completions;
pub mod connect;
pub mod context;
pub mod copy;
pub mod exec;
pub mod exit;
pub mod failure;
pub mod fmt;
#[cfg(test)]
mod hostile;
pub mod inventory;
pub mod lock;
pub mod log;
pub mod login;
pub mod new;
pub mod opening;
pub mod pictures;
pub mod plan;
pub mod ports;
pub mod replay;
pub mod resume;
pub mod run;
pub mod runs;
pub mod script_args;
pub mod scripts;
pub mod signals;
pub mod sim;
pub mod steps;
pub mod tape;
pub mod target;
pub mod targets;

use args::{Cli, Command};
use context::Context;
use exit::Exit;
use failure::Failure;

/// The whole program.
pub fn main() -> ExitCode {
    // A shell asks what may come next.
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(Cli::command).try_complete(std::env::args_os(), folder.as_deref());
    match asked {
        Ok(false) => {}
        Ok(true) => return Exit::HOLDS.into(),
        Err(error) => {
            let _ = error.print();
            return Exit::USAGE.into();
        }
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Also `--help` and `--version`, which end with 0.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::USAGE } else { Exit::HOLDS }.into();
        }
    };
    log::start(&cli.globals);
    let context = Context::new(cli.globals);
    let exit = dispatch(cli.command, &context).unwrap_or_else(|failure| {
        context.tell(&failure.told(context.stderr_paint()));
        failure.exit
    });
    exit.into()
}

fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => wait_for(run::run(args, context)),
        Command::Resume(args) => wait_for(resume::resume(args, context)),
        Command::Undo(args) => wait_for(resume::undo(args, context)),
        Command::Runs(args) => runs::run(&args, context),
        Command::Diagnose(args) => wait_for(run::diagnose(args, context)),
        Command::Plan(args) => wait_for(plan::run(args, context)),
        Command::Check(args) => check::run(&args, context),
        Command::New(args) => new::run(&args, context),
        Command::Fmt(args) => fmt::run(&args, context),
        Command::Scripts(args) => scripts::run(&args, context),
        Command::Exec(args) => wait_for(exec::run(args, context)),
        Command::Copy(args) => wait_for(copy::run(args, context)),
        Command::Connect(args) => wait_for(connect::run(args, context)),
        Command::Azure(args) => wait_for(azure::run(args, context)),
        Command::Sim(args) => wait_for(sim::run(args, context)),
        Command::Replay(args) => wait_for(replay::run(args, context)),
        Command::Ports(_) => ports::run(context),
        Command::Targets(args) => targets::run(&args, context),
        Command::Completions(args) => completions::run(&args),
    }
}

/// How often tasks that were left get their turn before the program ends.
const FAREWELLS: usize = 8;

/// Commands that talk to a machine are tasks on one thread: a console carries one thing at a time.
fn wait_for(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::UNREACHABLE, format!("cannot start: {error}")))?;
    let done = runtime.block_on(command);
    // Lines that were dropped say farewell.
    runtime.block_on(async {
        for _ in 0..FAREWELLS {
            tokio::task::yield_now().await;
        }
    });
    // A read of the terminal that nobody waits for must not keep the program.
    runtime.shutdown_background();
    done
}
