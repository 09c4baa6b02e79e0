//! Diagnostics of the program itself, on standard error: `-v`, `-vv`, `-vvv`, or `SACPILOT_LOG`.
//!
//! No control character and no secret gets into them, whoever writes the line (laws 7 and 8).

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::args::Globals;
use crate::recording::mask;
use crate::report::visible;
use crate::secret::Secret;

/// Chooses what is logged in place of `-v`: `debug`, `sacpilot::sac=trace`.
const VARIABLE: &str = "SACPILOT_LOG";

/// Whether standard error is a terminal in raw mode, where a new line begins below the end of the old one.
static RAW: AtomicBool = AtomicBool::new(false);

static SECRETS: Mutex<Vec<Secret>> = Mutex::new(Vec::new());

/// Begins to log, and makes a bug say that it is one.
pub fn start(globals: &Globals) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env(VARIABLE)
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,sacpilot={level}")));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Harmless)
        .with_ansi(false)
        .with_timer(tracing_subscriber::fmt::time::uptime());
    // A library user who logs already keeps that.
    let _ = subscriber.try_init();
    panic::set_hook(Box::new(|bug| {
        let what = bug.payload_as_str().unwrap_or("without a word");
        let place = bug.location().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "error: this is a bug in sacpilot: {what} ({place})\n  help: please report it with what you did; what was \
             sent to the machine is in the journal of the run\n"
        );
        let _ = Harmless.write(text.as_bytes());
    }));
}

/// Masks `secret` in every line from here on.
pub fn hide(secret: &Secret) {
    SECRETS.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
}

/// Lines are for a terminal in raw mode until this is dropped: each begins at the left.
#[derive(Debug)]
pub struct ToRawTerminal(());

/// From here on standard error is a terminal in raw mode.
pub fn to_raw_terminal() -> ToRawTerminal {
    RAW.store(true, Ordering::Relaxed);
    ToRawTerminal(())
}

impl Drop for ToRawTerminal {
    fn drop(&mut self) {
        RAW.store(false, Ordering::Relaxed);
    }
}

/// As a terminal in raw mode draws lines one below the other, below what the console drew.
fn for_raw_terminal(text: &str) -> String {
    format!("\r\n{}", text.replace('\n', "\r\n"))
}

/// Standard error, for text that may hold anything.
#[derive(Debug, Clone, Copy)]
struct Harmless;

impl Write for Harmless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = visible::lines(&String::from_utf8_lossy(bytes));
        let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = if secrets.is_empty() { text } else { mask(&text, &secrets) };
        let text = if RAW.load(Ordering::Relaxed) { for_raw_terminal(&text) } else { text };
        io::stderr().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for Harmless {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_on_a_raw_terminal_begin_at_the_left() {
        assert_eq!(for_raw_terminal("WARN it is gone\n"), "\r\nWARN it is gone\r\n");
    }
}
