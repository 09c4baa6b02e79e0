//! The integration tests, one binary. Each file and its purpose:
//!
//! - `again`: resume, undo, runs and locks with real programs, one of them killed; no password is left anywhere
//! - `cable`: no tests; a line whose other end is in the test
//! - `captures`: consoles as they were captured, recognised wherever the stream is cut
//! - `campaign`: thousands of commands over bad lines, judged by the machine's own record
//! - `checked`: `check`, `fmt` and `new`: several files, folders, standard input, codes
//! - `cli`: help, refusals, exit codes, what a run leaves, Ctrl-C
//! - `connect`: a person at the console on a real terminal, and what a run shows there
//! - `copy`: files to and from the machine over its console
//! - `copy_command`: the same through the real program: folders, JSON, cut, killed, refused
//! - `ctrl_c`: stopped at any moment: no half line executed, channel and journal closed
//! - `domain`: TLS on a member of a domain, through the real program: what its policy takes back is found
//! - `engine`: runs of scripts on a toy machine: what is sent, told, and left
//! - `azure`: our side of Azure against the simulated one
//! - `exact`: outputs that are hard to bring over a console, byte for byte
//! - `fuzz`: what fuzzing found, replayed
//! - `learnt`: what `-v` and `sim --audit` tell; a line to a machine of the same process that is lost
//! - `library`: every shipped script: repairs, refuses, leaves alone, takes back
//! - `hw`: the whole repair behind real programs (`hw/rig`); the conformance run of a real machine, on a rig
//! - `inventory`: targets by name, a gallery of bad inventories
//! - `layers`: the order of the modules holds
//! - `offered`: the whole path in two processes, over each way in that `sim --listen` offers
//! - `outside`: real programs behind the simulated machine's channels
//! - `picture`: the picture of the README is what a run shows
//! - `powershell`: codes, errors and exact output of PowerShell scripts; machines that run none
//! - `program`: no tests; runs the real program
//! - `repair`: the shipped scripts on simulated machines, and what differs on the machine afterwards
//! - `replay`: recordings driven again, shown, explained, looked through
//! - `sac`: from any state of the console to a login
//! - `session`: exit code and exact output of any command
//! - `script_docs`: every example and every key of docs/script-format.md; a new script
//! - `script_errors`: a gallery of bad scripts and what is said about each
//! - `script_files`: plan texts and JSON Schema as stored; scripts read as another YAML reader reads them
//! - `script_language`: questions, stale plans, parts of blocks, layout, and the schema against the loader
//! - `script_mutations`: nothing that is written into a script makes the loader panic
//! - `states`: every state of a console × every option of the simulated machine
//! - `stored`: compares with files of the repository, or writes them anew
//! - `secrets`: a whole repair with marked secrets, which are left nowhere
//! - `survive`: kills and power cuts at lines of the journal, then resume and undo
//! - `ways`: every way in, against real programs
//! - `windows`: the Windows program itself, under Wine

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

#[cfg(unix)]
mod again;
mod azure;
mod cable;
mod campaign;
mod captures;
mod checked;
mod cli;
#[cfg(unix)]
mod connect;
mod copy;
mod copy_command;
#[cfg(unix)]
mod ctrl_c;
mod domain;
mod engine;
mod exact;
mod fuzz;
#[cfg(unix)]
mod hw;
mod inventory;
mod layers;
#[cfg(unix)]
mod learnt;
mod library;
#[cfg(unix)]
mod offered;
#[cfg(unix)]
mod outside;
mod picture;
mod powershell;
mod program;
mod repair;
mod replay;
mod sac;
mod script_docs;
mod script_errors;
mod script_files;
mod script_language;
mod script_mutations;
#[cfg(unix)]
mod secrets;
mod session;
mod states;
mod stored;
mod stubborn;
mod survive;
#[cfg(unix)]
mod ways;
#[cfg(unix)]
mod windows;
