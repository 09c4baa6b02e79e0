//! `sacpilot connect`: a person at the console, recorded.

mod escape_key;
mod pass_through;
mod secret_prompt;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::args::duration;
use super::azure::account::AzureArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::inventory::{Place, complete, place};
use super::run::runs_dir;
use super::signals::Signals;
use super::tape;
use super::target::{TARGETS, profile_of};
use super::{lock, log};
use crate::transport::{self, RawTerminal, Way};

pub use escape_key::EscapeKey;
#[cfg(test)]
pub(super) use pass_through::tell;
pub use pass_through::{End, Session};

/// Arguments of `connect`.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// Where the console is, see below
    #[arg(value_name = "TARGET", env = "SACPILOT_TARGET", add = clap_complete::ArgValueCompleter::new(complete))]
    target: String,

    /// How long to wait for a console that is not there or lets nobody in: an adapter to plug in (again), a virtual
    /// machine that is off, a session to end [default: 30s for one that somebody else has, else not at all]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,

    /// The key that speaks to sacpilot
    #[arg(long, value_name = "KEY", default_value_t = EscapeKey::default())]
    escape: EscapeKey,

    /// Does not record the session (what is typed at a password prompt is never recorded)
    #[arg(long, conflicts_with = "record")]
    no_record: bool,

    /// The way to Azure.
    #[command(flatten)]
    azure: AzureArgs,
}

fn help() -> String {
    let keys: String = escape_key::KEYS
        .iter()
        .map(|(key, meaning)| format!("  {key}  {meaning}\n"))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "\
Keys after the escape key:
{keys}
A console that another sacpilot works on is refused, with who that is: two readers share its \
bytes, and a key would land in the middle of a line that is being typed. While a console is waited \
for (--wait, or `wait` of the inventory), Ctrl-C leaves.

Examples:
  sacpilot connect serial:/dev/ttyUSB0
  sacpilot connect tcp:bmc7:2001 --record session.cast
  sacpilot connect pipe:web01-com1 --wait 10m     before the machine is switched on

{TARGETS}"
    )
}

/// `sacpilot connect`.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Place { endpoint, entry } = place(&args.target, context)?;
    let profile = profile_of(&endpoint, entry.as_ref());
    let patience = args.wait.or(entry.and_then(|entry| entry.wait)).unwrap_or(Duration::ZERO);
    let recording = match (&context.globals.record, args.no_record) {
        (_, true) => None,
        (Some(file), false) => Some(file.clone()),
        (None, false) => Some(own_recording(context)?),
    };
    let azure = args.azure.for_endpoint(&endpoint, context)?;
    let web = args.azure.web_for(&endpoint)?;
    // Also one who only looks would take bytes from it, and every key would land in a line that is being typed.
    let _lock = lock::take(&endpoint, "connect", context)?;
    let way = Way::new(endpoint).through(azure).over(web);
    session(way, patience, profile, args.escape, recording, context).await
}

/// A file in the folder of the runs, named after the time.
fn own_recording(context: &Context) -> Result<PathBuf, Failure> {
    let folder = runs_dir(context)?;
    fs::create_dir_all(&folder).map_err(|error| {
        Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
            .help("name a file with --record, or give --no-record")
    })?;
    Ok(folder.join(file_name(context.started)))
}

fn file_name(now: Timestamp) -> String {
    format!("connect-{}.cast", now.strftime("%Y%m%dT%H%M%S%3f"))
}

async fn session(
    way: Way,
    patience: Duration,
    profile: Option<String>,
    escape: EscapeKey,
    recording: Option<PathBuf>,
    context: &Context,
) -> Result<Exit, Failure> {
    let no_terminal = || {
        Failure::usage("`connect` needs a terminal")
            .help("without one, use `exec` for a command or `run` for a script")
    };
    if !io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    let mut signals = Signals::new();
    let opened = tokio::select! {
        biased;
        opened = transport::open_knocking(&way, patience) => opened,
        () = signals.next() => {
            context.tell("\nstopped: nothing was sent\n");
            return Ok(Exit::INTERRUPTED);
        }
    };
    let line =
        opened.map_err(|error| Failure::new(Exit::UNREACHABLE, error.to_string()).help(error.help()))?;
    let what = line.describe();
    let files: Vec<&std::path::Path> = recording.iter().map(PathBuf::as_path).collect();
    let mut recorder = tape::of_endpoint(way.endpoint(), profile, &files, context)?;
    if let Some(recorder) = &mut recorder {
        for secret in &line.secrets() {
            recorder.hide(secret);
        }
    }

    let mut terminal = RawTerminal::of_standard_input().map_err(|_| no_terminal())?;
    if let Some((rows, columns)) = terminal.size()
        && (rows < 24 || columns < 80)
    {
        context.tell(&format!(
            "warning: this window has {columns}x{rows} characters; the console has 80x24 and will look wrong\r\n"
        ));
    }
    let session = Session { line, recorder, recording: recording.clone(), escape };
    let raw = context.stderr_is_terminal.then(log::to_raw_terminal);
    let end = session.pass_through(&mut terminal, signals.next()).await;
    // The machine may have left colours on and the cursor off.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut terminal, b"\x1b[0m\x1b[?25h\r\n").await;
    drop((terminal, raw));

    if let Some(path) = recording {
        context.tell(&format!("recorded in {}\n", path.display()));
    }
    match end {
        Ok(End::Quit) => Ok(Exit::HOLDS),
        Ok(End::Stopped) => Ok(Exit::INTERRUPTED),
        Ok(End::LineLost(reason)) => {
            Err(Failure::new(Exit::UNREACHABLE, format!("lost the {what}: {reason}")))
        }
        Err(error) => Err(Failure::new(Exit::INTERRUPTED, format!("lost your terminal: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_named_after_their_time() {
        let now = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        assert_eq!(file_name(now), "connect-20231114T221320123.cast");
    }
}
