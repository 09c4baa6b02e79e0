//! The command line as data: parsed, nothing touched. What needs the world (terminal, environment, files,
//! clock) is made from it in [`super::context`] and in the commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::recording::Rotation;

/// Drives a Windows machine through its serial console (EMS/SAC): finds out why Remote Desktop is broken,
/// repairs it, proves the repair, can take it back.
#[derive(Debug, Parser)]
#[command(name = "sacpilot", version, after_help = EXAMPLES, propagate_version = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sacpilot run rdp-internal-error -t sim:rdp-internal-error --yes
  sacpilot diagnose rdp-internal-error -t serial:/dev/ttyUSB0 --user Administrator
  sacpilot exec -t serial:COM1 --user Administrator -- ipconfig /all
  sacpilot copy fix.reg serial:COM1:C:\\Temp\\ --user Administrator

Exit codes:
  0    all conditions hold
  1    conditions do not hold: findings remain
  2    usage or script error: nothing was sent
  3    target not reachable
  4    login refused
  5    a step failed, changes undone
  6    a step failed, changes remain: see the journal
  130  interrupted";

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Records the session into FILE as well (asciicast v2: `asciinema play FILE`); compressed when it ends with .gz
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Goes on in another file (session.2.cast) when a recording has become so large or so long (50MB, 1h)
    #[arg(long, global = true, value_name = "SIZE|TIME", value_parser = rotation)]
    pub record_rotate: Option<Rotation>,

    /// Where run folders are made [default: the state folder of the user]
    #[arg(long, global = true, value_name = "DIR", env = "SACPILOT_RUNS_DIR")]
    pub runs_dir: Option<PathBuf>,

    /// Where targets are named [default: targets.yaml in this folder or above it]
    #[arg(long, global = true, value_name = "FILE", env = super::inventory::VARIABLE)]
    pub inventory: Option<PathBuf>,

    /// Writes events (or the result) as JSON to standard output
    #[arg(long, global = true)]
    pub json: bool,

    /// Colours: auto honours NO_COLOR and CLICOLOR
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,

    /// Shows more: each command (-v), what is typed and read (-vv), everything (-vvv)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Shows only findings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// How long a command may take unless its step says otherwise (30s, 5m)
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub timeout: Duration,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Repairs: checks each condition, changes what does not hold, verifies, else undoes
    Run(super::run::RunArgs),
    /// Goes on with a run that ended early: a crash, a lost line, a power cut, Ctrl-C
    Resume(super::resume::ResumeArgs),
    /// Takes the changes of a run back, last one first
    Undo(super::resume::UndoArgs),
    /// Lists the runs with their results, or shows one
    Runs(super::runs::Args),
    /// Finds out what is wrong, and changes nothing
    Diagnose(super::run::DiagnoseArgs),
    /// Shows exactly what a run may send, for approval
    Plan(super::plan::Args),
    /// Checks scripts without a machine
    Check(super::check::Args),
    /// Writes a commented script to begin with
    New(super::new::Args),
    /// Lays scripts out alike, and keeps their comments
    Fmt(super::fmt::Args),
    /// Lists the scripts that ship, or shows one
    Scripts(super::scripts::Args),
    /// Runs one command on the machine; its output on standard output, its exit code
    Exec(super::exec::Args),
    /// Copies files to or from the machine, verified
    Copy(super::copy::Args),
    /// Puts you at the console, recorded, with keys for SAC
    Connect(super::connect::Args),
    /// What Azure can do beside the console: snapshot, power, NMI, network rule, rescue
    Azure(super::azure::Args),
    /// Offers the simulated machine to other programs
    Sim(super::sim::Args),
    /// Drives a recorded run again and compares; shows, explains, audits recordings
    Replay(super::replay::Args),
    /// Lists the serial ports of this computer
    Ports(super::ports::Args),
    /// Lists the machines of the inventory (targets.yaml)
    Targets(super::targets::Args),
    /// Prints the completion script of a shell
    Completions(super::completions::Args),
}

/// A length of time as people write it: `90s`, `5m`, `1h 30m`; a number alone is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span = duration_or_none(text)?;
    if span.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(span) }
}

/// The same; `0s` is nothing at all.
pub(super) fn duration_or_none(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no length of time: write 90s, 5m or 1h30m");
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let signed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

/// A size (`50MB`, `512K`) or a length of time of a recording's file.
fn rotation(text: &str) -> Result<Rotation, String> {
    const SMALLEST: u64 = 1024;
    let wrong = || format!("`{text}` is no size and no time: write 50MB, 512K, 30m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_end_matches(['B', 'b', 'i']) {
        "k" | "K" => 1 << 10,
        // `m` alone is minutes.
        "M" => 1 << 20,
        "G" | "g" => 1 << 30,
        _ if unit.is_empty() => return Err(wrong()),
        _ => return duration(text).map(Rotation::Time).map_err(|_| wrong()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
    if bytes < SMALLEST { Err("must be at least 1K".to_owned()) } else { Ok(Rotation::Bytes(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    /// A terminal is not as wide as this file: whoever shows a paragraph breaks it into lines.
    #[test]
    fn paragraphs_of_help_are_one_line() {
        let mut commands = vec![<Cli as clap::CommandFactory>::command()];
        while let Some(command) = commands.pop() {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = after.lines().collect();
            for pair in lines.windows(2) {
                let prose =
                    |line: &str| line.starts_with(|c: char| !c.is_whitespace()) && !line.ends_with(':');
                let goes_on = prose(pair[0]) && prose(pair[1]) && !pair[0].ends_with('.');
                assert!(!goes_on, "{}: {pair:#?}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn sizes_and_times_of_a_file() {
        let time = |seconds| Rotation::Time(Duration::from_secs(seconds));
        for (text, rotation) in [
            ("50MB", Rotation::Bytes(50 << 20)),
            ("50MiB", Rotation::Bytes(50 << 20)),
            ("2M", Rotation::Bytes(2 << 20)),
            ("512K", Rotation::Bytes(512 << 10)),
            ("1G", Rotation::Bytes(1 << 30)),
            ("1h", time(3600)),
            ("5m", time(300)),
        ] {
            assert_eq!(super::rotation(text), Ok(rotation), "{text}");
        }
        for text in ["", "50", "0K", "MB", "1X", "99999999999999999999G", "0s"] {
            assert!(super::rotation(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("5m", 300), ("1h 30m", 5400), ("1h30m", 5400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration_or_none("0s"), Ok(Duration::ZERO));
        for text in ["", "0", "0s", "-5s", "soon", "5 parsecs"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
