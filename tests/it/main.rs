//! The integration tests, one binary. Each file and its purpose:
//!
//! - `engine`: runs of scripts on a toy machine: what is sent, told, and left
//! - `layers`: the order of the modules holds
//! - `sac`: from any state of the console to a login

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

mod engine;
mod layers;
mod sac;
