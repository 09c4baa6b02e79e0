//! A real program as the shell of a simulated machine: on a terminal of 24 rows and 80 columns behind its CMD channels.

use std::collections::VecDeque;
use std::env;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pty_process::{Command, Pty, Size};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::sim::Bell;
use super::{CommandLine, OpenError};
use crate::sim::machine::Launcher;
use crate::sim::outside::Program;

/// Starts a program for every session.
pub(super) struct ProgramShell {
    command: CommandLine,
    bell: Bell,
}

impl ProgramShell {
    /// The shell that starts `command`.
    ///
    /// # Errors
    /// [`OpenError::NotStarted`] when there is no such program.
    pub(super) fn new(command: &CommandLine, bell: Bell) -> Result<Self, OpenError> {
        let program = command.program();
        if !exists(program) {
            let reason = "there is no such program".to_owned();
            return Err(OpenError::NotStarted { program: program.to_owned(), reason });
        }
        Ok(Self { command: command.clone(), bell })
    }
}

impl Launcher for ProgramShell {
    fn launch(&self) -> Box<dyn Program> {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (keys, typed) = mpsc::unbounded_channel();
        match start(&self.command) {
            Ok((terminal, child)) => {
                let bell = self.bell.clone();
                let task = tokio::spawn(carry(terminal, child, typed, Arc::clone(&shared), bell));
                Box::new(Running { shared, keys, task: Some(task) })
            }
            Err(error) => {
                let text = format!("{} cannot be started: {error}\r\n", self.command.program());
                *lock(&shared) = Shared { output: text.into_bytes().into(), ended: true };
                Box::new(Running { shared, keys, task: None })
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    output: VecDeque<u8>,
    ended: bool,
}

/// A program that was started. It is killed when this is dropped.
struct Running {
    shared: Arc<Mutex<Shared>>,
    keys: UnboundedSender<Vec<u8>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Program for Running {
    fn type_bytes(&mut self, bytes: &[u8]) {
        // It may have ended.
        let _ = self.keys.send(bytes.to_vec());
    }

    fn take_output(&mut self) -> Vec<u8> {
        lock(&self.shared).output.drain(..).collect()
    }

    fn has_news(&self) -> bool {
        let shared = lock(&self.shared);
        shared.ended || !shared.output.is_empty()
    }

    fn is_over(&self) -> bool {
        let shared = lock(&self.shared);
        shared.ended && shared.output.is_empty()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn start(command: &CommandLine) -> io::Result<(Pty, tokio::process::Child)> {
    let system = |error: pty_process::Error| io::Error::other(error.to_string());
    let (terminal, other_end) = pty_process::open().map_err(system)?;
    terminal.resize(Size::new(24, 80)).map_err(system)?;
    let child = Command::new(command.program())
        .args(command.arguments())
        .env("TERM", "xterm")
        .env_remove("LINES")
        .env_remove("COLUMNS")
        .kill_on_drop(true)
        .spawn(other_end)
        .map_err(system)?;
    Ok((terminal, child))
}

/// Carries bytes between the terminal and the session until the program ends.
async fn carry(
    terminal: Pty,
    mut child: tokio::process::Child,
    mut typed: UnboundedReceiver<Vec<u8>>,
    shared: Arc<Mutex<Shared>>,
    bell: Bell,
) {
    let (mut reading, mut writing) = terminal.into_split();
    let out = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reading.read(&mut buffer).await {
            lock(&shared).output.extend(&buffer[..count]);
            bell.ring();
        }
    };
    let keys = async {
        let mut typing = Vec::new();
        while let Some(bytes) = typed.recv().await {
            typing.extend(bytes);
            let whole: Vec<u8> = typing.drain(..whole_characters(&typing)).collect();
            if writing.write_all(&whole).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = out => {}
        () = keys => {}
    }
    let _ = child.start_kill();
    let _ = child.wait().await;
    lock(&shared).ended = true;
    bell.ring();
}

/// How many of these bytes end with a whole character. A channel of Windows hands on characters; a program that is given
/// the bytes of one by and by may take each for a bad one, as Wine's cmd does.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // What is no text is not held back.
        _ => bytes.len(),
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn exists(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_handed_on_whole_and_what_is_none_at_once() {
        let text = "e\u{e9}\u{d55c}\u{1f600}".as_bytes();
        let whole: Vec<usize> = (0..=text.len()).map(|end| whole_characters(&text[..end])).collect();
        assert_eq!(whole, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10]);
        assert_eq!(whole_characters(b"\xff"), 1);
        assert_eq!(whole_characters(b"\xc3\r"), 2);
    }
}
