//! `sacpilot copy SRC… DST`: files to or from a machine, over its console.

mod bar;
mod down;
mod estimate;
mod place;
mod up;

use std::path::PathBuf;

use serde_json::json;
use tokio::time::Instant;

use self::bar::Bar;
use self::place::{FORM, Place};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::lock;
use super::opening::{Opening, STOPPED, awaiting};
use super::signals::guarded_saying;
use super::tape;
use super::target::{ReachArgs, TARGETS, Target, TargetArgs};
use crate::encoding::harmless_json;
use crate::engine::live::operator_error;
use crate::engine::{Interrupt, OperatorError, Trouble};
use crate::report::visible;
use crate::shell::{Session, ShellError};

/// Arguments of `copy`.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// What is copied, then where to: one side is on this computer, the other is TARGET:PATH
    #[arg(value_name = "SRC DST", required = true, num_args = 2..)]
    words: Vec<String>,

    /// Begins also what takes hours
    #[arg(short, long)]
    yes: bool,

    /// The way there.
    #[command(flatten)]
    reach: ReachArgs,
}

fn help() -> String {
    format!(
        "\
Examples:
  sacpilot copy fix.reg web01:C:\\Temp\\
  sacpilot copy 'serial:COM1:C:\\Windows\\Logs\\CBS\\CBS.log' .
  sacpilot copy 'web01:%SystemRoot%\\Minidump\\*.dmp' dumps/
  sacpilot copy tools/ readme.txt web01:C:\\Temp\\

Files come over byte for byte (SHA-256 on both sides) and take their place whole: under a \
temporary name first, then renamed. They keep their times, to two seconds. Folders are copied \
with all that is in them. What is compressible is compressed on its way.

Stopped, or cut off: the same command again goes on where it was. What would take more than an \
hour is refused with the estimate; --yes begins it.

{TARGETS}"
    )
}

/// Why a transfer ended.
enum Ended {
    /// What the machine or the way to it says.
    Machine(ShellError),
    /// What this computer says, or a refusal.
    Here(Failure),
}

impl From<ShellError> for Ended {
    fn from(error: ShellError) -> Self {
        Self::Machine(error)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

/// Which way.
enum Way {
    Up { sources: Vec<PathBuf>, to: String },
    Down { sources: Vec<String>, to: PathBuf },
}

/// A file that was copied, to be told.
struct Copied {
    source: String,
    destination: String,
    size: u64,
    carried: u64,
    resumed: u64,
    hash: String,
    began: Instant,
    kept_time: bool,
}

/// Copies.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let (target, way) = planned(&args.words)?;
    if let Way::Up { sources, .. } = &way {
        up::check(sources)?;
    }
    if let Way::Down { sources, to } = &way {
        down::check(sources, to)?;
    }
    let target = TargetArgs { target, reach: args.reach }.resolve(context)?;
    let _lock = lock::take(&target.endpoint, "copy", context)?;
    let files: Vec<_> = context.globals.record.as_deref().into_iter().collect();
    let recorder = tape::recorder(&target, &files, context)?;
    let interrupt = Interrupt::default();
    let yes = args.yes;
    let task = Box::pin(async {
        let opening = tokio::select! {
            opening = Opening::line(&target, recorder, None) => opening.map_err(failure)?,
            () = interrupt.requested() => return Err(stopped()),
        };
        transfer(opening.stopped_by(&interrupt), &target, &way, yes, &interrupt, context).await
    });
    match guarded_saying("stopping; Ctrl-C again stops at once", &interrupt, task).await {
        Some(result) => result.map(|()| Exit::HOLDS),
        None => Err(Failure::new(Exit::INTERRUPTED, "stopped at once: a channel may be open").help(AGAIN)),
    }
}

const AGAIN: &str = "the same command again goes on where it was";

async fn transfer(
    opening: Opening,
    target: &Target,
    way: &Way,
    yes: bool,
    interrupt: &Interrupt,
    context: &Context,
) -> Result<(), Failure> {
    let (waits, _awaiting) = awaiting();
    let secrets = vec![target.credentials.password.clone()];
    let opened = Box::pin(opening.session(secrets, context.started, waits, None)).await;
    let mut session = opened.map_err(failure)?.into_session();
    session.set_stop(Some(interrupt.sign()));
    let job = Job { session: &mut session, target, context, yes };
    let result = match way {
        Way::Up { sources, to } => Box::pin(up::copy(job, sources, to)).await,
        Way::Down { sources, to } => Box::pin(down::copy(job, sources, to)).await,
    };
    session.set_stop(None);
    if let Err(error) = session.close().await {
        let error = operator_error(&error, session.console().secrets());
        context.tell(&format!("warning: the channel was not closed: {}\n", visible::line(&error.message)));
    }
    result.map_err(|trouble| match trouble {
        Ended::Here(failure) => failure,
        Ended::Machine(error) if error.is_stop() => stopped(),
        Ended::Machine(error) => failure(operator_error(&error, session.console().secrets())),
    })
}

/// What both ways need.
struct Job<'j> {
    session: &'j mut Session,
    target: &'j Target,
    context: &'j Context,
    yes: bool,
}

impl Job<'_> {
    /// Refuses what takes hours, and begins to show the rest.
    fn begin(&self, carried: u64) -> Result<Bar, Failure> {
        estimate::check(&self.target.endpoint, carried, self.yes)?;
        Ok(Bar::new(self.context, carried))
    }

    fn tell(&self, file: &Copied) -> Result<(), Failure> {
        let elapsed = file.began.elapsed();
        if self.context.globals.json {
            let line = json!({
                "source": file.source, "destination": file.destination, "bytes": file.size,
                "carried": file.carried, "resumed": file.resumed, "sha256": file.hash,
                "kept_time": file.kept_time, "elapsed_ms": elapsed.as_millis() as u64,
            });
            return self.context.say(&(harmless_json(line.to_string()) + "\n"));
        }
        if self.context.globals.quiet {
            return Ok(());
        }
        let resumed = if file.resumed > 0 { format!(", {} were there", file.resumed) } else { String::new() };
        let time = if file.kept_time || file.size == 0 { "" } else { "; its time could not be kept" };
        let hash = if file.hash.is_empty() { String::new() } else { format!("  SHA-256 {}", file.hash) };
        self.context.say(&format!(
            "{} -> {}  {} bytes, {} over the line{resumed}, {:.1} s{time}\n{hash}\n",
            visible::line(&file.source),
            visible::line(&file.destination),
            file.size,
            file.carried,
            elapsed.as_secs_f64(),
        ))
    }
}

/// The target and the way, from the words.
fn planned(words: &[String]) -> Result<(String, Way), Failure> {
    let mut places = words.iter().map(|word| Place::parse(word)).collect::<Result<Vec<_>, _>>()?;
    let to = places.pop().ok_or_else(|| Failure::usage("nothing to copy"))?;
    match to {
        Place::There { target, path } => {
            if path.contains(['*', '?']) {
                return Err(Failure::usage(format!("`{path}` is no place to copy to")).help(FORM));
            }
            let sources = places.into_iter().map(|place| match place {
                Place::Here(path) => Ok(path),
                there @ Place::There { .. } => Err(between(&there)),
            });
            Ok((target, Way::Up { sources: sources.collect::<Result<_, _>>()?, to: path }))
        }
        Place::Here(to) => {
            let mut target: Option<String> = None;
            let mut sources = Vec::new();
            for place in places {
                let Place::There { target: of, path } = place else {
                    let message = format!("`{place}` and `{}` are both on this computer", to.display());
                    return Err(Failure::usage(message).help(FORM));
                };
                if target.as_ref().is_some_and(|target| *target != of) {
                    let message = "the sources are on several machines; copy from one at a time";
                    return Err(Failure::usage(message));
                }
                target = Some(of);
                sources.push(path);
            }
            let target = target.ok_or_else(|| Failure::usage("nothing to copy"))?;
            Ok((target, Way::Down { sources, to }))
        }
    }
}

fn between(place: &Place) -> Failure {
    Failure::usage(visible::line(&format!("`{place}` and the destination are both on a machine")))
        .help("copy it here first, then from here")
}

fn stopped() -> Failure {
    Failure::new(Exit::INTERRUPTED, "stopped by the user").help(AGAIN)
}

fn failure(error: OperatorError) -> Failure {
    let exit = match error.kind {
        _ if error.code == STOPPED => Exit::INTERRUPTED,
        Trouble::Unreachable | Trouble::LineLost | Trouble::MachineDown => Exit::UNREACHABLE,
        Trouble::LoginRefused => Exit::LOGIN_REFUSED,
        _ => Exit::FINDINGS,
    };
    let mut failure = Failure::new(exit, error.message);
    failure.help = error.help;
    failure.screen = Some(error.screen).filter(|screen| !screen.trim().is_empty());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        planned(&words).map(|_| ()).unwrap_err().message
    }

    #[test]
    fn one_side_is_here_and_the_other_on_one_machine() {
        assert_eq!(refusal(&["Cargo.toml", "x.txt"]), "`Cargo.toml` and `x.txt` are both on this computer");
        assert_eq!(
            refusal(&[r"a:b:C:\x", r"web:C:\y"]),
            r"`a:b:C:\x` and the destination are both on a machine"
        );
        assert_eq!(
            refusal(&[r"web1:C:\x", r"web2:C:\y", "."]),
            "the sources are on several machines; copy from one at a time"
        );
        assert_eq!(refusal(&["Cargo.toml", r"web:C:\*"]), r"`C:\*` is no place to copy to");
    }
}
