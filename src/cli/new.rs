//! `sacpilot new NAME`: a commented script to begin with.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::script::skeleton;

/// Arguments of `new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot new time-service
  sacpilot new lab/dhcp --into scripts

Writes FOLDER/NAME.yaml, a script with one step of the common kinds and a comment at each key, and \
overwrites nothing. It passes `sacpilot check` as it is. Its example starts the service w32time where that is \
stopped: put your own condition in its place before you run it.")]
pub struct Args {
    /// Its name: lower-case words with dashes, parted by slashes
    #[arg(value_name = "NAME")]
    name: String,

    /// The folder of your scripts
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    into: PathBuf,
}

/// Writes the script.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(part) = args.name.split('/').find(|part| is_device(part)) {
        return Err(Failure::usage(format!("Windows can't have a file named `{part}`"))
            .help("it is the name of a device there; choose another name"));
    }
    let text = skeleton::of(&args.name).ok_or_else(|| {
        Failure::usage(format!("`{}` can't be the name of a script", args.name))
            .help("lower-case words with dashes, parted by slashes: lab/time-service")
    })?;
    let path = args.into.join(format!("{}.yaml", args.name));
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::usage(format!("cannot write {shown}: {error}"));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::usage(format!("{shown} is there already"))
                .help("nothing was written; choose another name"));
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(text.as_bytes()).map_err(failed)?;
    context.say(&format!("{shown}\n"))?;
    if !context.globals.quiet {
        context.tell(&format!("check it with: sacpilot check {shown}\n"));
    }
    Ok(Exit::HOLDS)
}

/// Names that Windows keeps for devices, with any ending and in every folder.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit()))
}
