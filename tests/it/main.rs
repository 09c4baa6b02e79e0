//! The integration tests, one binary. Each file and its purpose:
//!
//! - `layers`: the order of the modules holds
//! - `sac`: from any state of the console to a login

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

mod layers;
mod sac;
