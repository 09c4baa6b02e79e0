//! cmd.exe: the command language, its built-in commands, and the console programs it starts.
//!
//! `cmd` knows the language (parsing phases, redirection, pipes, variables, `if`, `for`, batch files); the
//! programs (`reg`, `sc`, `netstat`, …) live in [`crate::sim::tools`] and are found by name as on `PATH`.

/// How a program ended, as `%ERRORLEVEL%` sees it.
pub type ExitCode = i32;
