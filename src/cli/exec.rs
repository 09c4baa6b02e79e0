//! `sacpilot exec -t TARGET -- COMMAND`: one command, as ssh does it.

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::lock;
use super::opening::{Opening, STOPPED, awaiting};
use super::signals::guarded_saying;
use super::tape;
use super::target::{TARGETS, Target, TargetArgs};
use crate::encoding::harmless_json;
use crate::engine::live::operator_error;
use crate::engine::{Interrupt, OperatorError};
use crate::report::visible;
use crate::shell::{Outcome, ShellError, refuse_too_long};

/// Arguments of `exec`.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// The command, for cmd.exe; words are joined by blanks
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<String>,

    /// Writes the bytes as the machine wrote them, in its code page, not as UTF-8
    #[arg(long, conflicts_with = "json")]
    raw: bool,

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

Writes the whole output of the command, as UTF-8 and otherwise unaltered, to standard output, \
and ends with its exit code (254 when that does not fit into 0 to 254). 255: the command could \
not be run. On a terminal control characters of the output are made visible.

The command runs in a cmd.exe of its own with an empty standard input: what asks gets no \
answer and does not hang, `cd` and `set` do not last, and a name that Windows does not know \
ends with 1, as from `cmd /c`, not with the 9009 of a prompt. A command of more than about 1,300 \
characters cannot be proven on the screen and is refused (2) before anything is sent.

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
    refuse_too_long(&command).map_err(|error| {
        let failure = Failure::usage(error.to_string());
        Failure { help: error.help().map(str::to_owned), ..failure }
    })?;
    let target = args.target.resolve(context)?;
    // As with every failure of its own.
    let _lock = lock::take(&target.endpoint, "exec", context)
        .map_err(|failure| Failure { exit: Exit::EXEC_FAILED, ..failure })?;
    let files: Vec<_> = context.globals.record.as_deref().into_iter().collect();
    let recorder = tape::recorder(&target, &files, context)?;
    let interrupt = Interrupt::default();
    let task = Box::pin(async {
        let opening = tokio::select! {
            opening = Opening::line(&target, recorder, None) => opening?,
            () = interrupt.requested() => return Err(stopped_before()),
        };
        Box::pin(one(opening.stopped_by(&interrupt), &target, &command, &interrupt, context)).await
    });
    let outcome = guarded_saying("stopping; Ctrl-C again stops at once", &interrupt, task).await;
    match outcome {
        Some(Ok(outcome)) => show(&outcome, args.raw, context),
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
    interrupt: &Interrupt,
    context: &Context,
) -> Result<Outcome, OperatorError> {
    let (waits, _awaiting) = awaiting();
    let secrets = vec![target.credentials.password.clone()];
    let session = Box::pin(opening.session(secrets, context.started, waits, None));
    let mut session = session.await?.into_session();
    session.set_stop(Some(interrupt.sign()));
    let outcome = session.cmd(command, context.globals.timeout).await;
    session.set_stop(None);
    if let Err(error) = session.close().await {
        let error = operator_error(&error, session.console().secrets());
        context.tell(&format!("warning: the channel was not closed: {}\n", visible::line(&error.message)));
    }
    outcome.map_err(|error| operator_error(&error, session.console().secrets()))
}

fn show(outcome: &Outcome, raw: bool, context: &Context) -> Result<Exit, Failure> {
    if context.stdout_is_terminal && !context.globals.json {
        context.say(&shown(&outcome.text))?;
    } else if raw {
        context.say_bytes(&outcome.bytes)?;
    } else if context.globals.json {
        context.say(&as_json(outcome))?;
    } else {
        context.say(&outcome.text)?;
    }
    if outcome.lossy && !raw {
        context.tell(
            "warning: some bytes are no text in the machine's code page and stand as U+FFFD; --raw writes them as they \
             are\n",
        );
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

pub(super) fn as_json(outcome: &Outcome) -> String {
    let elapsed_ms = outcome.elapsed.as_millis() as u64;
    let line = json!({"code": outcome.code, "output": outcome.text, "elapsed_ms": elapsed_ms});
    harmless_json(line.to_string()) + "\n"
}

/// The output for the eyes of a person: nothing in it acts on the terminal, except tabs.
pub(super) fn shown(text: &str) -> String {
    text.split('\t').map(visible::lines).collect::<Vec<_>>().join("\t")
}

/// An exit code of Windows has 32 bits, ours 8; never may a failure look like success.
fn exit(code: i32) -> Exit {
    u8::try_from(code).ok().filter(|code| *code < 255).map_or(Exit::DOES_NOT_FIT, Exit)
}

/// Stopped while the line was being opened.
fn stopped_before() -> OperatorError {
    operator_error(&ShellError::Stopped { channel: None }, &[])
}

fn failure(error: OperatorError) -> Failure {
    if error.code == STOPPED {
        let failure = Failure::new(Exit::INTERRUPTED, error.message);
        return Failure { help: error.help, ..failure };
    }
    let mut failure = Failure::new(Exit::EXEC_FAILED, error.message);
    failure.help = error.help;
    failure.screen = Some(error.screen).filter(|screen| !screen.trim().is_empty());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_output_acts_on_a_terminal() {
        assert_eq!(shown("a\tb\r\n\x1b]0;x\x07c\r\n"), "a\tb\n␛]0;x␇c\n");
    }

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
