//! `sacpilot completions SHELL`.

use std::io::{self, Write};

use clap_complete::Shell;
use clap_complete::env::Shells;

use super::exit::Exit;
use super::failure::Failure;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot completions bash > ~/.local/share/bash-completion/completions/sacpilot
  sacpilot completions zsh > ~/.zfunc/_sacpilot")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completion script.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let shell = shells.completer(&name).ok_or_else(|| Failure::usage(format!("{name} is not supported")))?;
    // The shell asks the program itself, which knows the names of the inventory.
    shell.write_registration("COMPLETE", "sacpilot", "sacpilot", "sacpilot", &mut script)?;
    io::stdout().write_all(&script)?;
    Ok(Exit::HOLDS)
}
