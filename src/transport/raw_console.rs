//! The console window of Windows in raw mode: keys as the bytes that a VT-UTF8 terminal sends, text shown as it comes.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::encoding::Utf8Stream;

/// The console window in raw mode. Its old mode is put back when this is dropped, also by a panic.
#[derive(Debug)]
pub struct RawTerminal {
    keys: UnboundedReceiver<Vec<u8>>,
    waiting: VecDeque<u8>,
    /// The window takes text, not bytes.
    text: Utf8Stream,
}

impl RawTerminal {
    /// The window that standard input is, made raw.
    ///
    /// # Errors
    /// It is none, and what the system says.
    pub fn of_standard_input() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        // Asking switches escape sequences on where the window knows them.
        let _ = crossterm::ansi_support::supports_ansi();
        let (sender, keys) = unbounded_channel();
        // Events of a window cannot be awaited; the thread ends with the program.
        std::thread::spawn(move || {
            while let Ok(event) = event::read() {
                let Event::Key(key) = event else { continue };
                if sender.send(bytes_of(key)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { keys, waiting: VecDeque::new(), text: Utf8Stream::new() })
    }

    /// Rows and columns; none when it does not know them.
    pub fn size(&self) -> Option<(u16, u16)> {
        let (columns, rows) = terminal::size().ok()?;
        (rows > 0 && columns > 0).then_some((rows, columns))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// A line typed without being shown; `ask` is called when nothing is shown any more. Ctrl-C is
/// [`io::ErrorKind::Interrupted`].
pub(crate) fn hidden_line(ask: impl FnOnce() -> io::Result<()>) -> io::Result<String> {
    struct Raw;
    impl Drop for Raw {
        fn drop(&mut self) {
            let _ = terminal::disable_raw_mode();
        }
    }
    terminal::enable_raw_mode()?;
    let _raw = Raw;
    ask()?;
    let mut line = String::new();
    loop {
        let Event::Key(key) = event::read()? else { continue };
        match bytes_of(key).as_slice() {
            [b'\r' | b'\n'] => return Ok(line),
            [0x03 | 0x04] => return Err(io::ErrorKind::Interrupted.into()),
            [0x15] => line.clear(),
            [0x08 | 0x7F] => drop(line.pop()),
            // Arrows and the like are no part of a password.
            [] | [0x1B, ..] => {}
            text => line.push_str(&String::from_utf8_lossy(text)),
        }
    }
}

/// What a VT-UTF8 terminal sends for a key; nothing when it is let go, as Windows tells that too.
fn bytes_of(key: KeyEvent) -> Vec<u8> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let text: &[u8] = match key.code {
        KeyCode::Char(c) => return bytes_of_char(c, key.modifiers),
        KeyCode::Enter => b"\r",
        KeyCode::Tab => b"\t",
        KeyCode::BackTab => b"\x1b[Z",
        KeyCode::Backspace => b"\x08",
        KeyCode::Esc => b"\x1b",
        KeyCode::Up => b"\x1b[A",
        KeyCode::Down => b"\x1b[B",
        KeyCode::Right => b"\x1b[C",
        KeyCode::Left => b"\x1b[D",
        KeyCode::Home => b"\x1bh",
        KeyCode::End => b"\x1bk",
        KeyCode::Insert => b"\x1b+",
        KeyCode::Delete => b"\x1b-",
        KeyCode::PageUp => b"\x1b?",
        KeyCode::PageDown => b"\x1b/",
        KeyCode::F(number @ 1..=9) => return vec![0x1B, b'0' + number],
        KeyCode::F(10) => b"\x1b0",
        KeyCode::F(11) => b"\x1b!",
        KeyCode::F(12) => b"\x1b@",
        _ => b"",
    };
    text.to_vec()
}

fn bytes_of_char(c: char, with: KeyModifiers) -> Vec<u8> {
    let (control, alt) = (with.contains(KeyModifiers::CONTROL), with.contains(KeyModifiers::ALT));
    let mut bytes = Vec::new();
    // Both together are AltGr, which only chose the character.
    if control && !alt {
        // The digits as xterm has them, for keyboards without brackets: Ctrl-5 is Ctrl-].
        let code = match c.to_ascii_lowercase() {
            c @ 'a'..='z' => c as u8 & 0x1F,
            '@' | ' ' | '2' => 0x00,
            '[' | '3' => 0x1B,
            '\\' | '4' => 0x1C,
            ']' | '5' => 0x1D,
            '^' | '6' => 0x1E,
            '_' | '-' | '7' => 0x1F,
            '?' | '8' => 0x7F,
            _ => return bytes,
        };
        bytes.push(code);
        return bytes;
    }
    if alt && !control {
        bytes.push(0x1B);
    }
    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    bytes
}

impl AsyncRead for RawTerminal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.waiting.is_empty() {
            match ready!(self.keys.poll_recv(context)) {
                Some(bytes) => self.waiting.extend(bytes),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.waiting.len().min(buffer.remaining());
        for byte in self.waiting.drain(..count) {
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for RawTerminal {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut text = String::new();
        self.text.push(bytes, &mut text);
        let mut window = io::stdout().lock();
        window.write_all(text.as_bytes())?;
        window.flush()?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_bytes_of_a_terminal_and_only_when_pressed() {
        let none = KeyModifiers::NONE;
        let alt_gr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        for (code, with, bytes) in [
            (KeyCode::Char('a'), none, &b"a"[..]),
            (KeyCode::Char('é'), none, "é".as_bytes()),
            (KeyCode::Char(']'), KeyModifiers::CONTROL, b"\x1d"),
            (KeyCode::Char('5'), KeyModifiers::CONTROL, b"\x1d"),
            (KeyCode::Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, b"\x03"),
            (KeyCode::Char('\\'), alt_gr, b"\\"),
            (KeyCode::Char('x'), KeyModifiers::ALT, b"\x1bx"),
            (KeyCode::Enter, none, b"\r"),
            (KeyCode::Backspace, none, b"\x08"),
            (KeyCode::F(8), none, b"\x1b8"),
            (KeyCode::F(10), none, b"\x1b0"),
            (KeyCode::Up, none, b"\x1b[A"),
            (KeyCode::CapsLock, none, b""),
        ] {
            assert_eq!(bytes_of(KeyEvent::new(code, with)), bytes, "{code:?}");
            let released = KeyEvent::new_with_kind(code, with, KeyEventKind::Release);
            assert_eq!(bytes_of(released), b"", "{code:?} let go");
        }
    }
}
