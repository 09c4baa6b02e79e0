//! The console of one CMD channel as programs inside the machine see it: they write text, read lines and keys,
//! sleep, and are interrupted by Ctrl-C. The machine takes what was written and renders it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::text_buffer::cells_of;

/// The user pressed Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// What a program did to its console, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Text, with CR, LF, BS, TAB processed as WriteConsole does.
    Write(String),
    /// The whole buffer was blanked and the cursor homed (`cls`).
    Clear,
    /// The window title changed.
    Title(String),
}

/// A handle to the console of one CMD channel; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Conhost(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ops: Vec<Op>,
    keys: VecDeque<char>,
    line: String,
    now: Duration,
    wake: Option<Duration>,
    interrupted: bool,
    code_page: u16,
}

impl Conhost {
    /// A console with output code page `code_page` (437, 949, 65001, …).
    pub fn new(code_page: u16) -> Self {
        let console = Self::default();
        console.state().code_page = code_page;
        console
    }

    /// Writes text at the cursor.
    pub fn write(&self, text: &str) {
        self.state().ops.push(Op::Write(text.to_owned()));
    }

    /// Blanks the console and homes the cursor.
    pub fn clear(&self) {
        self.state().ops.push(Op::Clear);
    }

    /// Sets the window title.
    pub fn set_title(&self, title: &str) {
        self.state().ops.push(Op::Title(title.to_owned()));
    }

    /// The output code page.
    pub fn code_page(&self) -> u16 {
        self.state().code_page
    }

    /// Sets the output code page (`chcp`).
    pub fn set_code_page(&self, code_page: u16) {
        self.state().code_page = code_page;
    }

    /// The machine's time, since power on.
    pub fn now(&self) -> Duration {
        self.state().now
    }

    /// Reads one line as a cooked console does: echo, backspace, ESC clears the line, CR ends it.
    ///
    /// # Errors
    /// [`Interrupted`] when Ctrl-C is pressed; what was typed is dropped.
    pub async fn read_line(&self) -> Result<String, Interrupted> {
        poll_fn(|_| {
            let mut state = self.state();
            if std::mem::take(&mut state.interrupted) {
                state.line.clear();
                return Poll::Ready(Err(Interrupted));
            }
            while let Some(key) = state.keys.pop_front() {
                match key {
                    '\r' => {
                        state.ops.push(Op::Write("\r\n".to_owned()));
                        return Poll::Ready(Ok(std::mem::take(&mut state.line)));
                    }
                    '\u{8}' => state.rub_out(),
                    '\x1b' => {
                        while !state.line.is_empty() {
                            state.rub_out();
                        }
                    }
                    '\n' => {}
                    key => {
                        state.line.push(key);
                        state.ops.push(Op::Write(key.to_string()));
                    }
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Reads one key without echo (`pause`, `more`, `choice`).
    ///
    /// # Errors
    /// [`Interrupted`] when Ctrl-C is pressed.
    pub async fn read_key(&self) -> Result<char, Interrupted> {
        poll_fn(|_| {
            let mut state = self.state();
            if std::mem::take(&mut state.interrupted) {
                return Poll::Ready(Err(Interrupted));
            }
            state.keys.pop_front().map_or(Poll::Pending, |key| Poll::Ready(Ok(key)))
        })
        .await
    }

    /// Waits for `span` of machine time.
    ///
    /// # Errors
    /// [`Interrupted`] when Ctrl-C is pressed meanwhile.
    pub async fn sleep(&self, span: Duration) -> Result<(), Interrupted> {
        let until = self.now() + span;
        poll_fn(|_| {
            let mut state = self.state();
            if std::mem::take(&mut state.interrupted) {
                return Poll::Ready(Err(Interrupted));
            }
            if state.now >= until {
                return Poll::Ready(Ok(()));
            }
            // Both sides of a pipe may sleep: the first to wake counts.
            state.wake = Some(state.wake.map_or(until, |wake| wake.min(until)));
            Poll::Pending
        })
        .await
    }

    /// Machine side: a key arrived from the channel. Ctrl-C interrupts.
    pub fn press(&self, key: char) {
        let mut state = self.state();
        if key == '\u{3}' {
            state.interrupted = true;
            state.keys.clear();
        } else {
            state.keys.push_back(key);
        }
    }

    /// Machine side: takes what was written since the last call.
    pub fn take_ops(&self) -> Vec<Op> {
        std::mem::take(&mut self.state().ops)
    }

    /// Machine side: the machine's time moved on, and the program is about to be polled: if it still sleeps, it
    /// will say so again.
    pub fn set_now(&self, now: Duration) {
        let mut state = self.state();
        state.now = now;
        state.wake = None;
    }

    /// Machine side: when a sleeping program wants to run again.
    pub fn wake(&self) -> Option<Duration> {
        self.state().wake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the last character back, from the line and from the screen.
    fn rub_out(&mut self) {
        let Some(last) = self.line.pop() else { return };
        let (back, blank) = ("\u{8}", " ");
        let cells = cells_of(last);
        self.ops.push(Op::Write([back, blank, back].map(|part| part.repeat(cells)).concat()));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    /// Types `keys` into a program that reads one line; what it read and what the console shows.
    fn line(keys: &str) -> (Poll<Result<String, Interrupted>>, String) {
        let console = Conhost::new(437);
        keys.chars().for_each(|key| console.press(key));
        let poll = pin!(console.read_line()).poll(&mut Context::from_waker(Waker::noop()));
        let shown = console.take_ops().into_iter().map(|op| match op {
            Op::Write(text) => text,
            other => panic!("{other:?}"),
        });
        (poll, shown.collect())
    }

    #[test]
    fn a_line_is_edited_and_echoed() {
        for (keys, read, shown) in [
            ("dir\r", "dir", "dir\r\n"),
            ("dx\u{8}ir\r", "dir", "dx\u{8} \u{8}ir\r\n"),
            ("\u{8}a\r", "a", "a\r\n"),
            ("ab\x1bc\r", "c", "ab\u{8} \u{8}\u{8} \u{8}c\r\n"),
            ("한\u{8}글\r", "글", "한\u{8}\u{8}  \u{8}\u{8}글\r\n"),
        ] {
            assert_eq!(line(keys), (Poll::Ready(Ok(read.to_owned())), shown.to_owned()), "{keys:?}");
        }
        assert!(line("dir").0.is_pending());
    }

    #[test]
    fn a_sleep_says_when_it_ends() {
        let console = Conhost::new(437);
        let mut sleep = pin!(console.sleep(Duration::from_secs(2)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(console.wake(), Some(Duration::from_secs(2)));
        console.set_now(Duration::from_secs(1));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(console.wake(), Some(Duration::from_secs(2)));
        console.set_now(Duration::from_secs(2));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        assert_eq!(console.wake(), None);
    }
}
