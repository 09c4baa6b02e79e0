//! Questions to a person at the terminal.

use std::io::{self, Write};

use super::exit::Exit;
use super::failure::Failure;
use super::log;
use crate::report::visible;
use crate::secret::Secret;

/// Asks for a password without showing it.
pub fn password(prompt: &str) -> Result<Secret, Failure> {
    let line = hidden_line(prompt).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::rendered(Exit::INTERRUPTED, ""),
        _ => Failure::usage(format!("cannot ask for the password: {error}")).help(OTHER_SOURCES),
    })?;
    let secret =
        Secret::new(line).map_err(|_| Failure::usage("the password is empty").help(OTHER_SOURCES))?;
    log::hide(&secret);
    Ok(secret)
}

/// How a password is given without a terminal.
pub const OTHER_SOURCES: &str =
    "give it with SACPILOT_PASSWORD, --password-env, --password-file or --password-command";

/// Asks a question whose answer is yes or no; no, when the answer is anything else.
pub fn confirm(question: &str) -> Result<bool, Failure> {
    let mut err = io::stderr();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// What a person says to a plan.
pub enum Approval {
    /// It is not to be done.
    No,
    /// It is to be done.
    Yes,
    /// It is to be done, after a snapshot of the system disk.
    AfterSnapshot,
}

/// Asks whether a plan is to be done on a machine of which a snapshot can be taken first.
pub fn approval(question: &str) -> Result<Approval, Failure> {
    let mut err = io::stderr();
    write!(err, "{question} [y/N, or s: yes, after a snapshot of its system disk] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Approval::Yes,
        "s" | "snapshot" => Approval::AfterSnapshot,
        _ => Approval::No,
    })
}

/// Asks a question of a script, until the answer is one of `choices` where there are any. `None`: the terminal is gone.
pub fn question(question: &str, choices: &[String]) -> Option<String> {
    let offered = if choices.is_empty() { String::new() } else { format!(" [{}]", choices.join("/")) };
    loop {
        let mut err = io::stderr();
        write!(err, "{}{offered} ", visible::line(question)).ok()?;
        err.flush().ok()?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line).ok()? == 0 {
            return None;
        }
        let answer = line.trim();
        let chosen = choices.iter().find(|choice| choice.eq_ignore_ascii_case(answer));
        if let Some(chosen) = chosen {
            return Some(chosen.clone());
        }
        if choices.is_empty() && !answer.chars().any(char::is_control) {
            return Some(answer.to_owned());
        }
        let _ = writeln!(err, "answer with {}", choices.join(", "));
    }
}

/// A line of the terminal that is not shown. Ctrl-C is [`io::ErrorKind::Interrupted`].
#[cfg(unix)]
fn hidden_line(prompt: &str) -> io::Result<String> {
    use std::fs::OpenOptions;
    use std::io::Read;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Gives the terminal back as it was, also when reading fails.
    struct Restored<'t>(&'t std::fs::File, Termios);
    impl Drop for Restored<'_> {
        fn drop(&mut self) {
            let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
        }
    }

    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    // Without signals: Ctrl-C comes as a character, so that the terminal is always restored.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let reader = terminal.try_clone()?;
    let restored = Restored(&reader, before);
    tcsetattr(&reader, OptionalActions::Flush, &hidden)?;
    // Only now: who answers at once would be shown, and Ctrl-C would end the program.
    terminal.write_all(prompt.as_bytes())?;
    terminal.flush()?;
    let mut keys = Vec::new();
    let outcome: io::Result<()> = loop {
        let mut key = [0];
        if (&reader).read(&mut key)? == 0 {
            break Err(io::ErrorKind::UnexpectedEof.into());
        }
        match key[0] {
            b'\r' | b'\n' => break Ok(()),
            0x03 | 0x04 => break Err(io::ErrorKind::Interrupted.into()),
            0x15 => keys.clear(),
            0x08 | 0x7f => {
                // A character of UTF-8 goes as a whole.
                while keys.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {}
            }
            key => keys.push(key),
        }
    };
    drop(restored);
    terminal.write_all(b"\r\n")?;
    outcome?;
    String::from_utf8(keys).map_err(|_| io::Error::other("the terminal does not send UTF-8"))
}

#[cfg(not(unix))]
fn hidden_line(prompt: &str) -> io::Result<String> {
    let mut err = io::stderr();
    let line = crate::transport::hidden_line(|| {
        write!(io::stderr(), "{prompt}")?;
        io::stderr().flush()
    });
    writeln!(err)?;
    line
}
