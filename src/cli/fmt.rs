//! `sacpilot fmt FILE…`: scripts laid out alike, comments kept.

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::script::format::format;

/// Arguments of `fmt`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot fmt scripts/lab/dhcp.yaml
  sacpilot fmt --check scripts/*.yaml
  sacpilot fmt - < script.yaml

Lays out indentation, the blanks between the parts of a line and at its end, line ends, blank lines between steps, \
and the blank behind the # of a comment. Changes no order, keeps every comment, leaves texts as they are; a file \
that would not say the same is left alone. `-` reads standard input and writes standard output.
Exit code 1 with --check: a file would be written anew.")]
pub struct Args {
    /// Files, or `-`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Writes nothing; names the files that would be written anew
    #[arg(long)]
    check: bool,
}

/// Lays them out.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut exit = Exit::HOLDS;
    for path in &args.files {
        let shown = path.display();
        let piped = path.as_os_str() == "-";
        let mut text = String::new();
        let read = if piped {
            io::stdin().read_to_string(&mut text).map(|_| ())
        } else {
            fs::read_to_string(path).map(|read| text = read)
        };
        read.map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
        let formatted = format(&text).map_err(|error| {
            Failure::usage(format!("{shown} is left as it is: {error}"))
                .help("`sacpilot check` says what is wrong with it")
        })?;
        let same = formatted == text;
        if args.check {
            if !same {
                context.say(&format!("{shown}\n"))?;
                exit = Exit::FINDINGS;
            }
        } else if piped {
            context.say(&formatted)?;
        } else if !same {
            fs::write(path, &formatted)
                .map_err(|error| Failure::usage(format!("cannot write {shown}: {error}")))?;
            if !context.globals.quiet {
                context.tell(&format!("{shown}\n"));
            }
        }
    }
    Ok(exit)
}
