//! `sacpilot completions SHELL`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
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
    clap_complete::generate(args.shell, &mut Cli::command(), "sacpilot", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::HOLDS)
}
