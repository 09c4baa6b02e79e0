//! The second stage of the arguments: what the world says about them.

use std::env;
use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;

use super::args::{ColorWhen, Globals};
use super::failure::Failure;
use crate::report::{Detail, Paint};

/// What every command gets beside its own arguments.
#[derive(Debug, Clone)]
pub struct Context {
    /// Options of every command.
    pub globals: Globals,
    /// Wall clock when the program started.
    pub started: Timestamp,
    /// Whether a person reads standard error.
    pub stderr_is_terminal: bool,
    /// Whether a person reads standard output.
    pub stdout_is_terminal: bool,
    /// Whether a person can answer: standard input and standard error are terminals.
    pub can_ask: bool,
    /// Whether standard output may have colours.
    pub stdout_color: bool,
    /// Whether standard error may have colours.
    pub stderr_color: bool,
}

impl Context {
    /// Looks at the terminal, the environment and the clock.
    pub fn new(globals: Globals) -> Self {
        let stdout = io::stdout().is_terminal();
        let stderr = io::stderr().is_terminal();
        let wish = wish(globals.color, |name| env::var(name).ok());
        Self {
            started: Timestamp::now(),
            stderr_is_terminal: stderr,
            stdout_is_terminal: stdout,
            can_ask: stderr && io::stdin().is_terminal(),
            stdout_color: wish.unwrap_or(stdout),
            stderr_color: wish.unwrap_or(stderr),
            globals,
        }
    }

    /// How much a run shows.
    pub fn detail(&self) -> Detail {
        match (self.globals.quiet, self.globals.verbose) {
            (true, _) => Detail::Quiet,
            (false, 0) => Detail::Steps,
            (false, 1) => Detail::Commands,
            (false, _) => Detail::Output,
        }
    }

    /// How standard output is painted.
    pub fn stdout_paint(&self) -> Paint {
        if self.stdout_color { Paint::Colours } else { Paint::Plain }
    }

    /// How standard error is painted.
    pub fn stderr_paint(&self) -> Paint {
        if self.stderr_color { Paint::Colours } else { Paint::Plain }
    }

    /// Writes to standard output.
    pub fn say(&self, text: &str) -> Result<(), Failure> {
        self.say_bytes(text.as_bytes())
    }

    /// Writes to standard output what need not be text.
    pub fn say_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes to standard error. Nobody is left to tell when that is gone.
    pub fn tell(&self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Colours on, off, or as the terminal is. The option wins; then no-color.org, then bixense.com/clicolors.
fn wish(option: ColorWhen, variable: impl Fn(&str) -> Option<String>) -> Option<bool> {
    match option {
        ColorWhen::Always => return Some(true),
        ColorWhen::Never => return Some(false),
        ColorWhen::Auto => {}
    }
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return Some(false);
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return Some(true);
    }
    if set("CLICOLOR").is_some_and(|value| value == "0") || set("TERM").is_some_and(|term| term == "dumb") {
        return Some(false);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wins_over_colours() {
        let cases = [
            (ColorWhen::Auto, "", None),
            (ColorWhen::Auto, "NO_COLOR=", None),
            (ColorWhen::Auto, "NO_COLOR=1", Some(false)),
            (ColorWhen::Auto, "NO_COLOR=1 CLICOLOR_FORCE=1", Some(false)),
            (ColorWhen::Auto, "CLICOLOR_FORCE=1", Some(true)),
            (ColorWhen::Auto, "CLICOLOR=0", Some(false)),
            (ColorWhen::Auto, "CLICOLOR=1", None),
            (ColorWhen::Always, "NO_COLOR=1", Some(true)),
            (ColorWhen::Never, "CLICOLOR_FORCE=1", Some(false)),
        ];
        for (option, environment, expected) in cases {
            let variable = |name: &str| {
                let mut settings = environment.split(' ').filter_map(|setting| setting.split_once('='));
                settings.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
            };
            assert_eq!(wish(option, variable), expected, "{option:?} {environment:?}");
        }
    }
}
