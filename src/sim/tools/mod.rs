//! The console programs of `System32` that the machine has, over one [`World`](crate::sim::windows::World).

use std::collections::VecDeque;

use crate::sim::cmd::ExitCode;
use crate::sim::conhost::{Conhost, Interrupted};
use crate::sim::windows::SharedWorld;

/// What a program is started with.
#[derive(Debug)]
pub struct Process {
    /// The machine.
    pub world: SharedWorld,
    /// The console it is attached to (for `CONIN$`, sleeping, Ctrl-C).
    pub console: Conhost,
    /// The program's name as found, lower case, without `.exe` (`reg`).
    pub name: String,
    /// Everything after the program's name, untouched (`cmd /c` and `findstr` care).
    pub tail: String,
    /// The arguments as the C runtime splits them.
    pub args: Vec<String>,
    /// Current folder, `C:\Windows\System32`.
    pub folder: String,
    /// Standard input.
    pub stdin: Stdin,
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
}

/// Where standard input comes from.
#[derive(Debug)]
pub enum Stdin {
    /// The console.
    Console,
    /// A file, a pipe, or `nul` (empty).
    Bytes(VecDeque<u8>),
}

/// Where standard output goes. Text becomes bytes of the console's code page unless it goes to the console.
#[derive(Debug, Clone)]
pub enum Sink {
    /// The console.
    Console(Conhost),
    /// A file or a pipe: bytes are collected here and written by cmd when the program ends, so that a program
    /// which is interrupted leaves what it wrote.
    Bytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>, CodePage),
    /// `nul`.
    Nul,
}

/// A code page by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePage(pub u16);

impl Sink {
    /// Writes text, CR LF as given.
    pub fn text(&self, text: &str) {
        match self {
            Self::Console(console) => console.write(text),
            Self::Bytes(bytes, page) => {
                let encoded = page.encode(text);
                bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(encoded);
            }
            Self::Nul => {}
        }
    }

    /// Writes bytes as they are (`type` of a file); the console shows them in its code page.
    pub fn bytes(&self, raw: &[u8]) {
        match self {
            Self::Console(console) => console.write(&CodePage(console.code_page()).decode(raw)),
            Self::Bytes(bytes, _) => {
                bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(raw);
            }
            Self::Nul => {}
        }
    }
}

impl CodePage {
    /// Text as bytes of this code page; what it lacks becomes `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        text.as_bytes().to_vec() // replaced by the tables of `crate::encoding`
    }

    /// Bytes of this code page as text.
    pub fn decode(self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// Runs the program `process.name`.
///
/// `None`: there is no such program (cmd answers "is not recognized …", 9009).
///
/// # Errors
/// [`Interrupted`] when Ctrl-C ended it.
#[expect(clippy::unused_async, reason = "programs that wait come with the tools")]
pub async fn run(process: Process) -> Option<Result<ExitCode, Interrupted>> {
    let _ = process;
    None
}
