//! A program whose terminal is the console: `virsh console`, `ssh`, `az serial-console connect`.

use std::io;
use std::pin::{Pin, pin};
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pty_process::{Command, Pty, Size};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::Child;
use tokio::time::Sleep;

use super::refusal::{Head, Kind};
use super::{CommandLine, Line, OpenError, Refused, write_through};

/// How long a program may live on after it closed its terminal before that counts as the end.
const AFTERLIFE: Duration = Duration::from_secs(1);

/// A running program on a terminal of 24 rows and 80 columns. It is killed when the line is dropped.
pub(super) struct ExecLine {
    terminal: Pty,
    child: Child,
    program: String,
    ending: Option<Pin<Box<Sleep>>>,
    status: Option<ExitStatus>,
    head: Head,
    /// The client lets us watch somebody else's session: that is no console to work with.
    watching: bool,
}

write_through!(ExecLine, terminal);

/// Starts a program.
pub(super) fn open(command: &CommandLine) -> Result<ExecLine, OpenError> {
    let program = command.program().to_owned();
    let what = format!("terminal of {program}");
    let failed = |error| OpenError::Failed { what: what.clone(), error };
    let (terminal, other_end) = pty_process::open().map_err(|error| failed(system(error)))?;
    terminal.resize(Size::new(24, 80)).map_err(|error| failed(system(error)))?;
    let mut mode = tcgetattr(&other_end).map_err(|error| failed(error.into()))?;
    mode.make_raw();
    tcsetattr(&other_end, OptionalActions::Now, &mode).map_err(|error| failed(error.into()))?;
    let child = Command::new(&program)
        .args(command.arguments())
        .env("TERM", "xterm")
        .env_remove("LINES")
        .env_remove("COLUMNS")
        .kill_on_drop(true)
        .spawn(other_end)
        .map_err(|error| OpenError::NotStarted {
            program: program.clone(),
            reason: reason(&system(error)),
        })?;
    Ok(ExecLine {
        terminal,
        child,
        program,
        ending: None,
        status: None,
        head: Head::default(),
        watching: false,
    })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        _ => error.to_string(),
    }
}

fn system(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
        other => io::Error::other(other.to_string()),
    }
}

impl ExecLine {
    /// The terminal is closed: waits for the exit code, but not for ever, since a program may live on without it.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(status) = pin!(self.child.wait()).poll(context) {
            self.status = status.ok();
            return Poll::Ready(());
        }
        let ending = self.ending.get_or_insert_with(|| Box::pin(tokio::time::sleep(AFTERLIFE)));
        ending.as_mut().poll(context)
    }
}

impl AsyncRead for ExecLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.watching {
            return Poll::Ready(Ok(()));
        }
        if self.ending.is_none() && self.status.is_none() {
            let before = buffer.filled().len();
            match ready!(pin!(&mut self.terminal).poll_read(context, buffer)) {
                Ok(()) if buffer.filled().len() > before || buffer.remaining() == 0 => {
                    self.head.keep(&buffer.filled()[before..]);
                    self.watching |= self.head.refusal().is_some_and(|r| r.kind == Kind::Spectator);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.raw_os_error() != Some(rustix::io::Errno::IO.raw_os_error()) => {
                    return Poll::Ready(Err(error));
                }
                _ => {}
            }
        }
        if self.status.is_none() {
            ready!(self.poll_end(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl Line for ExecLine {
    fn describe(&self) -> String {
        // Not its arguments: they may hold a password.
        format!("terminal of {}", self.program)
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn refused(&self) -> Option<Refused> {
        // A client that gives up says little, and not always something that is known.
        self.head.refused().or(self.head.is_whole().then_some(Refused::NotAllowed))
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if self.watching {
            return self.head.reason().unwrap_or_default();
        }
        let status = self.status.or_else(|| self.child.try_wait().ok().flatten());
        match (status, error) {
            (Some(status), _) => match status.code() {
                // A client that gives up says why at the end of the little that it says, some with exit code 0.
                Some(code) => match self.head.reason() {
                    Some(said) => format!("{} exited with code {code}: {said}", self.program),
                    None => format!("{} exited with code {code}", self.program),
                },
                None => format!("{} was ended: {status}", self.program),
            },
            (None, Some(error)) if error.raw_os_error() != Some(rustix::io::Errno::IO.raw_os_error()) => {
                error.to_string()
            }
            (None, _) => format!("{} closed its terminal", self.program),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};

    use super::super::{Endpoint, suite};
    use super::*;

    fn start(command: &str) -> Result<ExecLine, OpenError> {
        let Ok(Endpoint::Exec { command }) = format!("exec:{command}").parse() else { panic!("{command}") };
        open(&command)
    }

    async fn output(command: &str) -> (String, String) {
        let mut line = start(command).unwrap();
        let mut bytes = Vec::new();
        line.read_to_end(&mut bytes).await.unwrap();
        (String::from_utf8(bytes).unwrap(), line.hang_up(None))
    }

    #[tokio::test]
    async fn every_byte_comes_back_from_cat() {
        let text: Vec<u8> = (0..1 << 20).map(|n: u32| (n + n / 256) as u8).collect();
        let (mut from, mut to) = split(start("cat").unwrap());
        let mut back = vec![0; text.len()];
        let (sent, heard) = tokio::join!(to.write_all(&text), from.read_exact(&mut back));
        sent.unwrap();
        heard.unwrap();
        assert!(back == text);
    }

    #[tokio::test]
    async fn all_output_comes_before_the_exit_code() {
        let (text, end) = output("sh -c 'printf \"a\\nb\"; exit 7'").await;
        assert_eq!((text.as_str(), end.as_str()), ("a\nb", "sh exited with code 7: b"));
        let (text, end) = output("sh -c 'kill -9 $$'").await;
        assert_eq!(text, "");
        assert!(end.starts_with("sh was ended: signal: 9"), "{end}");
        let (text, _) = output("sh -c 'seq 1 20000'").await;
        assert!(text.ends_with("19999\n20000\n") && text.len() == 108_894, "{}", text.len());
    }

    #[tokio::test]
    async fn a_client_that_is_not_let_in_is_understood() {
        // The text of ipmitool; `hw/ipmi.md` says where it was seen.
        let said = "Info: SOL payload already active on another session";
        let (_, end) = output(&format!("sh -c 'echo \"{said}\"; exit 1'")).await;
        assert_eq!(
            end,
            format!("sh exited with code 1: {said}: end the other session: `ipmitool … sol deactivate`")
        );
        let (_, end) = output("sh -c 'echo; echo nobody home; exit 1'").await;
        assert_eq!(end, "sh exited with code 1: nobody home");
        let (_, end) = output("sh -c 'seq 1 2000; exit 1'").await;
        assert_eq!(end, "sh exited with code 1", "after much output its last line says nothing");
    }

    #[tokio::test]
    async fn the_terminal_has_24_rows_and_80_columns() {
        assert_eq!(output("stty size").await.0, "24 80\n");
    }

    #[tokio::test]
    async fn a_program_that_only_leaves_its_terminal_does_not_hold_the_line() {
        let mut line = start("sh -c 'exec sleep 1000 </dev/null >/dev/null 2>&1'").unwrap();
        assert_eq!(suite::hang_up(&mut line).await, "sh closed its terminal");
    }

    #[tokio::test]
    async fn a_dropped_line_ends_its_program() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("alive");
        let command = format!("sh -c 'mkfifo {0}; echo; exec 3>{0}; echo; exec sleep 1000'", pipe.display());
        let mut line = start(&command).unwrap();
        line.read_exact(&mut [0; 1]).await.unwrap();
        let mut alive = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&pipe).unwrap();
        line.read_exact(&mut [0; 1]).await.unwrap();
        drop(line);
        // The pipe ends when the last one who holds it for writing is gone.
        let mut rest = Vec::new();
        alive.read_to_end(&mut rest).await.unwrap();
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said() {
        let error = start("no-such-program-here --password x").err().unwrap();
        assert_eq!(error.to_string(), "cannot start no-such-program-here: there is no such program");
        assert_eq!(error.code(), "open-not-started");
        assert_eq!(start("cat 'secret'").unwrap().describe(), "terminal of cat");
    }
}
