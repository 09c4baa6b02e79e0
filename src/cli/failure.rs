//! What a user can cause: an exit code, what happened, what to do.

use std::fmt;
use std::io;

use super::exit::Exit;
use crate::report::{Paint, visible};

/// An expected failure. Bugs are panics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened, lower case, fits after "error: ".
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The screen of the machine when it happened, plain text.
    pub screen: Option<String>,
    /// Said instead of all that: the findings of a check, ready to be shown.
    pub rendered: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, screen: None, rendered: None }
    }

    /// Wrong usage: nothing was sent.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::USAGE, message)
    }

    /// A failure that was told already, or that is told by `text` as it is.
    pub fn rendered(exit: Exit, text: impl Into<String>) -> Self {
        Self { rendered: Some(text.into()), ..Self::new(exit, "") }
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As it is told to a person: nothing that the machine said in it acts on the terminal.
    pub fn told(&self, paint: Paint) -> String {
        if let Some(text) = &self.rendered {
            return text.clone();
        }
        let mut lines = vec![format!("{}: {}", paint.bad("error"), visible::lines(&self.message))];
        if let Some(screen) = &self.screen {
            lines.push("  the screen at that moment:".to_owned());
            lines.extend(visible::lines(screen.trim_end()).lines().map(|line| format!("  | {line}")));
        }
        if let Some(help) = &self.help {
            lines.push(format!("  help: {}", visible::lines(help)));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// Shows the screen.
    #[must_use]
    pub fn screen(mut self, screen: impl Into<String>) -> Self {
        self.screen = Some(screen.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Standard output that cannot be written. Somebody who reads no further (`| head`) is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::rendered(Exit::HOLDS, "");
        }
        Self::new(Exit::USAGE, format!("cannot write the output: {error}"))
    }
}
