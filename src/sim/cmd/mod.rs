//! cmd.exe: the command language, its built-in commands, and the console programs it starts.
//!
//! ```text
//!  line ─► percent ─► parse ─► (echo: deparse) ─► exec ─► late (for variables, !x!) ─► handles ─► builtin
//!                                                  │                                              launch ─► tools
//!                                                  ├─ pipe, nested: another Shell                  batch
//!                                                  └─ condition, loops, lines
//! ```
//!
//! `cmd` knows the language (parsing phases, redirection, pipes, variables, `if`, `for`, batch files); the
//! programs (`reg`, `sc`, `netstat`, …) live in [`crate::sim::tools`] and are found by name as on `PATH`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::sim::windows::acl::Token;

mod batch;
mod builtin;
mod call;
mod condition;
mod datetime;
mod deparse;
mod env;
mod exec;
mod handles;
mod interactive;
mod late;
mod launch;
mod lines;
mod loops;
mod modifiers;
mod nested;
mod parse;
mod percent;
mod pipe;
mod shell;
mod substitute;
#[cfg(test)]
mod tests;
pub(in crate::sim) mod text;
mod tree;
#[cfg(test)]
mod trial;

pub use interactive::interactive;

/// How a program ended, as `%ERRORLEVEL%` sees it.
pub type ExitCode = i32;

/// Who sits at the console.
#[derive(Debug, Clone)]
pub struct Session {
    /// The account's name (`azureuser`).
    pub user: String,
    /// Its domain, or the computer's name.
    pub domain: String,
    /// What it may do.
    pub token: Token,
    /// Every line that was executed.
    pub audit: Audit,
}

/// The lines that were typed at a prompt and executed, in order; clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Audit(Arc<Mutex<Vec<String>>>);

impl Audit {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a line.
    pub fn record(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }
}
