//! `sacpilot exec -t TARGET -- COMMAND`: one command, as ssh does it.

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::opening::{Opening, awaiting};
use super::signals::guarded;
use super::tape;
use super::target::{TARGETS, Target, TargetArgs};
use crate::engine::{Interrupt, Operator, OperatorError, Outcome};
use crate::script::model::Mode;

/// Arguments of `exec`.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// The command, for cmd.exe; words are joined by blanks
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<String>,

    /// The target.
    #[command(flatten)]
    target: TargetArgs,
}

fn help() -> String {
    format!(
        "\
Examples:
  sacpilot exec -t serial:/dev/ttyUSB0 --user Administrator -- ipconfig /all
  sacpilot exec -t tcp:bmc7:2001 -- type C:\\Windows\\WindowsUpdate.log > update.log

Writes the whole output of the command, as UTF-8 and otherwise unaltered, to standard output,
and ends with its exit code (254 when that does not fit into 0 to 254). 255: the command could
not be run.

{TARGETS}"
    )
}

/// Runs the command. Its failures are its own; ours end with 255, unless nothing was tried (2).
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let command = args.command.join(" ");
    if command.trim().is_empty() {
        return Err(Failure::usage("the command is empty"));
    }
    if command.chars().any(char::is_control) {
        return Err(Failure::usage("the command holds a control character, which cannot be typed"));
    }
    let target = args.target.resolve(context)?;
    let files: Vec<_> = context.globals.record.as_deref().into_iter().collect();
    let recorder = tape::recorder(&target, &files, context.started)?;
    let interrupt = Interrupt::default();
    let task = Box::pin(async {
        let opening = Opening::line(&target, recorder).await?;
        Box::pin(one(opening, &target, &command, context)).await
    });
    let outcome = guarded(&interrupt, task).await;
    match outcome {
        Some(Ok(outcome)) => show(&outcome, context),
        Some(Err(error)) => Err(failure(error)),
        None => Err(Failure::new(
            Exit::INTERRUPTED,
            "stopped at once: the command may still run, and a channel may be open",
        )),
    }
}

async fn one(
    opening: Opening,
    target: &Target,
    command: &str,
    context: &Context,
) -> Result<Outcome, OperatorError> {
    let (waits, _awaiting) = awaiting();
    let secrets = vec![target.credentials.password.clone()];
    let mut live = opening.session(secrets, context.started, waits).await?;
    let outcome = live.run(Mode::Cmd, command, context.globals.timeout).await;
    if let Err(error) = live.close().await {
        context.tell(&format!("warning: the channel was not closed: {error}\n"));
    }
    outcome
}

fn show(outcome: &Outcome, context: &Context) -> Result<Exit, Failure> {
    if context.globals.json {
        let elapsed_ms = outcome.elapsed.as_millis() as u64;
        let line = json!({"code": outcome.code, "output": outcome.output, "elapsed_ms": elapsed_ms});
        context.say(&format!("{line}\n"))?;
    } else {
        context.say(&outcome.output)?;
    }
    let exit = exit(outcome.code);
    if exit == Exit::DOES_NOT_FIT {
        context.tell(&format!(
            "the command ended with {}, which does not fit into an exit code\n",
            outcome.code
        ));
    }
    Ok(exit)
}

/// An exit code of Windows has 32 bits, ours 8; never may a failure look like success.
fn exit(code: i32) -> Exit {
    u8::try_from(code).ok().filter(|code| *code < 255).map_or(Exit::DOES_NOT_FIT, Exit)
}

fn failure(error: OperatorError) -> Failure {
    let mut failure = Failure::new(Exit::EXEC_FAILED, error.message);
    failure.help = error.help;
    failure.screen = Some(error.screen).filter(|screen| !screen.trim().is_empty());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_never_looks_like_success() {
        for (code, expected) in [
            (0, 0),
            (1, 1),
            (254, 254),
            (255, 254),
            (256, 254),
            (9009, 254),
            (-1, 254),
            (-1_073_741_819, 254),
        ] {
            assert_eq!(exit(code).0, expected, "{code}");
        }
    }
}
