//! Arguments, one file per command; the only place that prints or exits.
//!
//! A command is a file with `Args` (clap) and `run(args, &Context) -> Result<Exit, Failure>`, a variant of
//! [`args::Command`] and a line in [`dispatch`]. `run` refuses whatever is wrong before it opens a line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

pub mod args;
pub mod completions;
pub mod context;
pub mod exit;
pub mod failure;

use args::{Cli, Command};
use context::Context;
use exit::Exit;
use failure::Failure;

/// The whole program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Also `--help` and `--version`, which end with 0.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::USAGE } else { Exit::HOLDS }.into();
        }
    };
    let context = Context::new(cli.globals);
    let exit = dispatch(cli.command, &context).unwrap_or_else(|failure| {
        show(&failure);
        failure.exit
    });
    exit.into()
}

fn dispatch(command: Command, _context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Completions(args) => completions::run(&args),
    }
}

fn show(failure: &Failure) {
    if failure.message.is_empty() {
        return;
    }
    let mut lines = vec![format!("error: {}", failure.message)];
    if let Some(screen) = &failure.screen {
        lines.push("  screen:".to_owned());
        lines.extend(screen.lines().map(|line| format!("  | {line}")));
    }
    if let Some(help) = &failure.help {
        lines.push(format!("  help: {help}"));
    }
    lines.push(String::new());
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().write_all(lines.join("\n").as_bytes());
}
