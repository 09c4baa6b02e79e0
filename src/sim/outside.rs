//! A program of the world outside behind a CMD channel: it has a terminal of its own, and the machine passes its bytes
//! on as they are.

use std::time::Duration;

use super::keyboard::Keyboard;
use super::options::{AtLogin, KeyboardOptions};

/// A running program with its terminal. Nothing here waits: what it has written so far is taken.
pub trait Program: Send {
    /// Bytes for its terminal.
    fn type_bytes(&mut self, bytes: &[u8]);

    /// What it wrote since the last call.
    fn take_output(&mut self) -> Vec<u8>;

    /// Whether it wrote something that was not taken yet, or ended.
    fn has_news(&self) -> bool;

    /// Whether it ended and all it wrote was taken.
    fn is_over(&self) -> bool;
}

/// Such a program in a session.
pub(super) struct Outside {
    program: Box<dyn Program>,
    user: String,
    keyboard: Keyboard,
    /// Bytes of a character that is not whole yet.
    cut: Vec<u8>,
    /// What was typed since the last Enter.
    typed: Vec<u8>,
    lines: Vec<String>,
    text: String,
}

impl Outside {
    pub(super) fn new(
        program: Box<dyn Program>,
        user: &str,
        keyboard: &KeyboardOptions,
        at_login: AtLogin,
        now: Duration,
    ) -> Self {
        let lead = match at_login {
            AtLogin::Clear => "\x1b[2J\x1b[1;1H",
            AtLogin::Keep => "\r\n",
        };
        Self {
            program,
            user: user.to_owned(),
            keyboard: Keyboard::new(keyboard, now),
            cut: Vec::new(),
            typed: Vec::new(),
            lines: Vec::new(),
            text: lead.to_owned(),
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// A byte arrived from the channel; sequences of keys pass as they are.
    pub(super) fn byte(&mut self, byte: u8, now: Duration) {
        for _ in 0..self.keyboard.times(char::from(byte), now) {
            self.program.type_bytes(&[byte]);
            self.note(byte);
        }
    }

    /// Takes what the program has written.
    pub(super) fn advance(&mut self) {
        self.cut.extend(self.program.take_output());
        while !self.cut.is_empty() {
            let (valid, bad) = match std::str::from_utf8(&self.cut) {
                Ok(text) => (text.len(), Some(0)),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            self.text += &String::from_utf8_lossy(&self.cut[..valid]);
            // A character may be cut by a read; what can be none never becomes one.
            let Some(bad) = bad else {
                self.cut.drain(..valid);
                return;
            };
            if bad > 0 {
                self.text.push(char::REPLACEMENT_CHARACTER);
            }
            self.cut.drain(..valid + bad);
        }
    }

    pub(super) fn has_news(&self) -> bool {
        self.program.has_news()
    }

    pub(super) fn is_over(&self) -> bool {
        self.program.is_over()
    }

    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Lines that were entered since the last call, as they were typed, with what was rubbed out taken off.
    pub(super) fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    fn note(&mut self, byte: u8) {
        match byte {
            b'\r' => {
                let typed = std::mem::take(&mut self.typed);
                self.lines.push(String::from_utf8_lossy(&typed).into_owned());
            }
            0x08 | 0x7f => while self.typed.pop().is_some_and(|last| last & 0xc0 == 0x80) {},
            0x03 => self.typed.clear(),
            byte => self.typed.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A program that writes what it is told and keeps what was typed.
    #[derive(Clone, Default)]
    struct Told {
        writes: Arc<Mutex<Vec<u8>>>,
        typed: Arc<Mutex<Vec<u8>>>,
    }

    impl Program for Told {
        fn type_bytes(&mut self, bytes: &[u8]) {
            self.typed.lock().unwrap().extend_from_slice(bytes);
        }

        fn take_output(&mut self) -> Vec<u8> {
            std::mem::take(&mut self.writes.lock().unwrap())
        }

        fn has_news(&self) -> bool {
            !self.writes.lock().unwrap().is_empty()
        }

        fn is_over(&self) -> bool {
            false
        }
    }

    fn outside(told: &Told) -> Outside {
        let keyboard = KeyboardOptions::default();
        Outside::new(Box::new(told.clone()), "ann", &keyboard, AtLogin::Keep, Duration::ZERO)
    }

    #[test]
    fn bytes_pass_as_they_are_and_lines_are_on_record() {
        let told = Told::default();
        let mut outside = outside(&told);
        let keys = "dix\u{8}r 한\u{7f}é\r\x1b[A\x03ver\r".as_bytes();
        for byte in keys {
            outside.byte(*byte, Duration::ZERO);
        }
        assert_eq!(*told.typed.lock().unwrap(), keys);
        assert_eq!(outside.take_lines(), ["dir é", "ver"]);
    }

    #[test]
    fn text_is_the_same_wherever_reads_fall() {
        let bytes = ["a한é".as_bytes(), b"\xff\xc3(b", "글\x1b[K".as_bytes()].concat();
        for size in 1..=bytes.len() {
            let told = Told::default();
            let mut outside = outside(&told);
            for piece in bytes.chunks(size) {
                told.writes.lock().unwrap().extend_from_slice(piece);
                outside.advance();
            }
            assert_eq!(outside.take_text(), "\r\na한é\u{fffd}\u{fffd}(b글\x1b[K", "{size}");
        }
    }
}
