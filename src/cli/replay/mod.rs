//! `sacpilot replay`: a recording driven again, shown, explained, played, cut into a test, looked through.

mod again;
mod play;
mod save;
mod views;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::args::duration;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::script_args::secret_source;
use crate::recording::{Event, Hints, Import, Parts, ReadError};
use crate::report::visible;
use crate::secret::SecretSource;
use crate::transport::{Mutation, Pieces, ReplayPace};

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The recording: session.cast of a run, a file of --record, or a log of another tool (script, PuTTY, minicom, boot
    /// diagnostics, tcpdump)
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,

    /// Drives this script instead of the recorded one
    #[arg(long, value_name = "SCRIPT")]
    script: Option<String>,

    /// How what is sent must agree with what was recorded
    #[arg(long, value_enum, value_name = "MANNER", default_value_t = Agreement::Strict)]
    manner: Agreement,

    /// How fast recorded time goes: instant, real, or so many times faster [default: instant; real with --play]
    #[arg(long, value_name = "PACE", value_parser = pace)]
    pace: Option<ReplayPace>,

    /// Gives the driver at most so many bytes at a time, cuts them at random places (seed:NUMBER), joins what came in
    /// several reads as well (joined:NUMBER), or gives at once all that comes before the next input (all): a proof
    /// that cuts do not matter
    #[arg(long, value_name = "BYTES", default_value = "whole", hide_default_value = true, value_parser = pieces)]
    pieces: Pieces,

    /// Makes the driver do something wrong, byte:120 (that byte is sent wrong) or miss:TEXT (that text is not seen): a
    /// proof that the recording notices it
    #[arg(long, value_name = "FAULT", value_parser = mutation)]
    mutate: Option<Mutation>,

    /// Gives a secret of the script again, which no recording holds: NAME=env:VARIABLE, NAME=file:PATH or
    /// NAME=command:COMMAND [default: any other in its place, which is enough where it was typed at a hidden question]
    #[arg(long, value_name = "NAME=SOURCE", value_parser = secret_source)]
    secret: Vec<(String, SecretSource)>,

    /// What is done instead of driving the run again.
    #[command(flatten)]
    view: View,

    /// With --play: begins at a moment, seconds (12.5) or a mark
    #[arg(long, value_name = "TIME|MARK", requires = "play")]
    from: Option<String>,

    /// With --play: a silence that is longer is passed over (0: none is) [default: 3s]
    #[arg(long, value_name = "TIME", requires = "play", value_parser = silence)]
    idle: Option<Duration>,

    /// With --save-fixture: a word (a name, an account) that is replaced by letters; may be given more than once
    #[arg(long, value_name = "WORD", requires = "save_fixture")]
    redact: Vec<String>,

    /// With --save-fixture: the secrets that --audit finds are replaced too. An output that held one is then no longer
    /// the proven one, so the run that read it does not replay
    #[arg(long, requires = "save_fixture")]
    redact_found: bool,

    /// How the log of another tool is read.
    #[command(flatten)]
    log: LogArgs,
}

/// How the log of another tool is read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Logs of other tools")]
struct LogArgs {
    /// The timing file that `script --timing=FILE` wrote beside the log
    #[arg(long, value_name = "FILE")]
    timing: Option<PathBuf>,

    /// Speed of the line, for the time of a log that has none [default: 115200]
    #[arg(long, value_name = "BAUD", value_parser = clap::value_parser!(u32).range(50..))]
    baud: Option<u32>,

    /// In a capture of a network: which side is the console, when it is not found
    #[arg(long, value_name = "HOST:PORT")]
    console: Option<String>,
}

/// What is done instead of driving the run again.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct View {
    /// Plays it in this terminal: pause, step, speed, jump to a mark (`?` shows the keys)
    #[arg(long)]
    play: bool,

    /// Tells line by line what the console was doing: boots, logins, commands, bug checks
    #[arg(long)]
    explain: bool,

    /// Prints the text of the console, unwrapped
    #[arg(long)]
    text: bool,

    /// Prints the screen at a moment: seconds (12.5) or a mark (`step tls`)
    #[arg(long, value_name = "TIME|MARK")]
    screen_at: Option<String>,

    /// Draws the screen at a moment as a picture (SVG, to standard output)
    #[arg(long, value_name = "TIME|MARK")]
    svg: Option<String>,

    /// Looks for secrets and personal data before the recording is passed on
    #[arg(long)]
    audit: bool,

    /// Writes a trimmed recording that a test can replay (compressed when FILE ends with .gz)
    #[arg(long, value_name = "FILE")]
    save_fixture: Option<PathBuf>,

    /// Writes it as asciicast, untrimmed: a log of another tool for players, and for -t replay:FILE
    #[arg(long, value_name = "FILE")]
    save_cast: Option<PathBuf>,
}

/// How what is sent must agree with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Agreement {
    /// Byte for byte
    Strict,
    /// Line by line: chunks, erasing, typing again and timing are free
    Tolerant,
}

const HELP: &str = "\
Examples:
  sacpilot replay session.cast                     # drives the recorded run again, compares
  sacpilot replay session.cast --script my.yaml --manner tolerant
  sacpilot replay session.cast --play --from 'step tls-server'
  sacpilot replay console.log --explain            # a log that somebody sent
  sacpilot replay typescript --timing timing --play
  sacpilot replay console.pcap --save-cast console.cast
  sacpilot replay session.cast --screen-at 'step tls-server'
  sacpilot replay session.cast --save-fixture tests/recordings/mine.cast.gz --redact WINSRV7
  sacpilot exec -t replay:session.cast -- ver      # the recording as a machine

Exit codes: 0 the run told the same again, 1 something differs (or --audit found something), \
2 the recording cannot be read, or holds no run.";

/// Does what was asked.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let recorded = Recorded::new(&args);
    if args.view.play {
        return Box::pin(play::run(&args, &recorded)).await;
    }
    if args.view.explain {
        return views::explain(&recorded, context);
    }
    if args.view.text {
        return views::text(&recorded, context);
    }
    if let Some(moment) = &args.view.screen_at {
        return views::screen(&recorded, moment, context);
    }
    if let Some(moment) = &args.view.svg {
        return views::picture(&recorded, moment, context);
    }
    if args.view.audit {
        return views::audit(&recorded, context);
    }
    if let Some(to) = &args.view.save_fixture {
        return save::fixture(&recorded, to, &args.redact, args.redact_found, context);
    }
    if let Some(to) = &args.view.save_cast {
        return save::cast(&recorded, to, context);
    }
    Box::pin(again::run(&args, &recorded, context)).await
}

/// A recording or a log, and how it is read.
#[derive(Clone)]
struct Recorded {
    path: PathBuf,
    timing: Option<PathBuf>,
    baud: Option<u32>,
    console: Option<String>,
}

impl Recorded {
    fn new(args: &Args) -> Self {
        let LogArgs { timing, baud, console } = &args.log;
        Self { path: args.recording.clone(), timing: timing.clone(), baud: *baud, console: console.clone() }
    }

    /// Its events, from the beginning.
    fn import(&self) -> Result<Import, Failure> {
        let timing = match &self.timing {
            Some(path) => Some(Box::new(BufReader::new(open(path)?)) as Box<_>),
            None => None,
        };
        let hints = Hints { timing, baud: self.baud, console: self.console.clone() };
        Import::with(self.open()?, hints).map_err(|error| self.unreadable(&error))
    }

    /// Hands every event to `take`.
    fn each(&self, mut take: impl FnMut(&Event) -> Result<(), Failure>) -> Result<(), Failure> {
        for event in self.import()? {
            take(&event.map_err(|error| self.unreadable(&error))?)?;
        }
        Ok(())
    }

    fn open(&self) -> Result<Parts, Failure> {
        Parts::open(&self.path).map_err(|error| not_there(&self.path, &error))
    }

    fn unreadable(&self, error: &ReadError) -> Failure {
        Failure::usage(visible::line(&format!("{}: {error}", self.path.display()))).help(error.help())
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| not_there(path, &error))
}

fn not_there(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {error}", path.display()))
        .help("give the session.cast of a run folder, a file of --record, or a log")
}

fn pace(text: &str) -> Result<ReplayPace, String> {
    ReplayPace::parse(text).ok_or_else(|| format!("write {}", ReplayPace::WANTS))
}

fn pieces(text: &str) -> Result<Pieces, String> {
    Pieces::parse(text).ok_or_else(|| format!("write {}", Pieces::WANTS))
}

fn mutation(text: &str) -> Result<Mutation, String> {
    Mutation::parse(text).ok_or_else(|| format!("write {}", Mutation::WANTS))
}

/// A silence that is shown in full at the most; zero: all of them.
fn silence(text: &str) -> Result<Duration, String> {
    if matches!(text, "0" | "0s") { Ok(Duration::ZERO) } else { duration(text) }
}
