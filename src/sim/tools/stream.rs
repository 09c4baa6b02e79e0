//! Standard input and output of programs: console, `nul`, or bytes that flow through files and pipes.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::CodePage;
use crate::sim::conhost::{Conhost, Interrupted};

/// Where standard input comes from.
#[derive(Debug, Clone)]
pub enum Stdin {
    /// The console.
    Console(Conhost),
    /// A file, a pipe, or `nul` (empty); shared, so that the next program reads on where this one stopped.
    Bytes(Stream),
}

/// Where standard output goes. Text becomes bytes of the console's code page unless it goes to the console.
#[derive(Debug, Clone)]
pub enum Sink {
    /// The console.
    Console(Conhost),
    /// A file or a pipe. Bytes for a file are written to the disk by cmd when the program ends or waits.
    Bytes(Stream, CodePage),
    /// `nul`.
    Nul,
}

/// Bytes on their way from a writer to a reader. Handles share it.
#[derive(Debug, Clone, Default)]
pub struct Stream(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Nothing more will come.
    ended: bool,
    /// Nobody will read; what is written is lost.
    deserted: bool,
    /// It stands for `nul`.
    void: bool,
    /// Counts changes, so that a pipe notices that it can go on.
    changes: u64,
}

impl Stream {
    /// A stream that holds all it will ever hold.
    pub fn of(bytes: &[u8]) -> Self {
        let stream = Self::default();
        stream.push(bytes);
        stream.end();
        stream
    }

    /// `nul`: at its end, and known to be no file.
    pub fn void() -> Self {
        let stream = Self::of(&[]);
        stream.state().void = true;
        stream
    }

    /// Whether it stands for `nul`.
    pub fn is_void(&self) -> bool {
        self.state().void
    }

    /// Appends bytes.
    pub fn push(&self, bytes: &[u8]) {
        let mut state = self.state();
        if !state.deserted && !bytes.is_empty() {
            state.bytes.extend(bytes);
            state.changes += 1;
        }
    }

    /// No more bytes will come.
    pub fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.changes += 1;
    }

    /// Nobody reads any more.
    pub fn desert(&self) {
        let mut state = self.state();
        state.deserted = true;
        state.bytes.clear();
        state.changes += 1;
    }

    /// Takes all that is there now.
    pub fn drain(&self) -> Vec<u8> {
        let mut state = self.state();
        if !state.bytes.is_empty() {
            state.changes += 1;
        }
        state.bytes.drain(..).collect()
    }

    /// How often it changed.
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// One line with its end, or what is left at the end; `None` at the end of all.
    pub async fn line(&self) -> Option<Vec<u8>> {
        poll_fn(|_| {
            let mut state = self.state();
            let line_end = state.bytes.iter().position(|byte| *byte == b'\n');
            let length = match line_end {
                Some(at) => at + 1,
                None if state.ended && state.bytes.is_empty() => return Poll::Ready(None),
                None if state.ended => state.bytes.len(),
                None => return Poll::Pending,
            };
            state.changes += 1;
            Poll::Ready(Some(state.bytes.drain(..length).collect()))
        })
        .await
    }

    /// One byte; `None` at the end.
    pub async fn byte(&self) -> Option<u8> {
        poll_fn(|_| {
            let mut state = self.state();
            match state.bytes.pop_front() {
                Some(byte) => {
                    state.changes += 1;
                    Poll::Ready(Some(byte))
                }
                None if state.ended => Poll::Ready(None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// All bytes up to the end.
    pub async fn all(&self) -> Vec<u8> {
        poll_fn(|_| {
            let mut state = self.state();
            if state.ended { Poll::Ready(state.bytes.drain(..).collect()) } else { Poll::Pending }
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stdin {
    /// `nul`: at its end from the start.
    pub fn nul() -> Self {
        Self::Bytes(Stream::void())
    }

    /// Whether it is the console.
    pub fn is_console(&self) -> bool {
        matches!(self, Self::Console(_))
    }

    /// One line as text without its end; `None` at the end of the input (Ctrl-Z on the console).
    ///
    /// # Errors
    /// [`Interrupted`] when Ctrl-C is pressed on the console.
    pub async fn line(&self, page: CodePage) -> Result<Option<String>, Interrupted> {
        match self {
            Self::Console(console) => {
                let line = console.read_line().await?;
                Ok(if line.starts_with('\u{1a}') { None } else { Some(line) })
            }
            Self::Bytes(stream) => Ok(stream.line().await.map(|raw| page.decode(strip_end(&raw)))),
        }
    }

    /// Everything up to the end, as bytes of `page`.
    ///
    /// # Errors
    /// [`Interrupted`] when Ctrl-C is pressed on the console.
    pub async fn all(&self, page: CodePage) -> Result<Vec<u8>, Interrupted> {
        let Self::Bytes(stream) = self else {
            let mut all = Vec::new();
            while let Some(line) = self.line(page).await? {
                all.extend(page.encode(&line));
                all.extend(b"\r\n");
            }
            return Ok(all);
        };
        Ok(stream.all().await)
    }
}

impl Sink {
    /// Writes text, CR LF as given.
    pub fn text(&self, text: &str) {
        match self {
            Self::Console(console) => console.write(text),
            Self::Bytes(stream, page) => stream.push(&page.encode(text)),
            Self::Nul => {}
        }
    }

    /// Writes text and CR LF.
    pub fn line(&self, text: &str) {
        self.text(text);
        self.text("\r\n");
    }

    /// Writes bytes as they are (`type` of a file); the console shows them in its code page.
    pub fn bytes(&self, raw: &[u8]) {
        match self {
            Self::Console(console) => console.write(&CodePage(console.code_page()).decode(raw)),
            Self::Bytes(stream, _) => stream.push(raw),
            Self::Nul => {}
        }
    }

    /// Whether it is the console.
    pub fn is_console(&self) -> bool {
        matches!(self, Self::Console(_))
    }
}

/// A line without its CR LF or LF.
pub fn strip_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
