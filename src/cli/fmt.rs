//! `sacpilot fmt FILE…`: scripts laid out alike, comments kept.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

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
Every file is looked at, also behind one that is refused. Exit code 1 with --check: a file would be written anew; \
2: a file could not be read or laid out.")]
pub struct Args {
    /// Files, or `-`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Writes nothing; names the files that would be written anew
    #[arg(long)]
    check: bool,
}

/// Lays them out, each file whatever became of the others.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut worst = Exit::HOLDS;
    for path in &args.files {
        let exit = match lay_out(path, args.check, context) {
            Ok(exit) => exit,
            Err(failure) => {
                context.tell(&failure.told(context.stderr_paint()));
                failure.exit
            }
        };
        worst = Exit(worst.0.max(exit.0));
    }
    Ok(worst)
}

fn lay_out(path: &Path, check: bool, context: &Context) -> Result<Exit, Failure> {
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
    if check && !same {
        context.say(&format!("{shown}\n"))?;
        return Ok(Exit::FINDINGS);
    }
    if piped && !check {
        context.say(&formatted)?;
    } else if !same {
        fs::write(path, &formatted)
            .map_err(|error| Failure::usage(format!("cannot write {shown}: {error}")))?;
        if !context.globals.quiet {
            context.tell(&format!("{shown}\n"));
        }
    }
    Ok(Exit::HOLDS)
}
