//! cmd.exe: the command language, its built-in commands, and the console programs it starts.
//!
//! `cmd` knows the language (parsing phases, redirection, pipes, variables, `if`, `for`, batch files); the
//! programs (`reg`, `sc`, `netstat`, …) live in [`crate::sim::tools`] and are found by name as on `PATH`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::sim::conhost::Conhost;
use crate::sim::windows::SharedWorld;
use crate::sim::windows::acl::Token;

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

/// The lines that a shell executed, in order; clones share the list.
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

/// The shell of a CMD channel: banner, prompt, commands, until `exit`.
///
/// invented: a new channel starts in `C:\Windows\system32` whoever logs in.
pub async fn interactive(world: SharedWorld, console: Conhost, session: Session) -> ExitCode {
    let _ = world;
    loop {
        console.write("\r\nC:\\Windows\\system32>");
        if let Ok(line) = console.read_line().await {
            session.audit.record(&line);
            if line.trim() == "exit" {
                return 0;
            }
        }
    }
}
