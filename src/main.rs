//! The `sacpilot` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sacpilot::cli::main()
}
