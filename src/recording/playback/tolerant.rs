//! Line by line: chunks, erasing, typing again and timing are free.

use std::time::Duration;

use super::tape::{Entry, Moment, Tape};
use super::{Difference, Recorded};
use crate::secret::MASK;

const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const ENTER: u8 = b'\r';

/// What is compared, and what is said.
#[derive(Debug, Default)]
pub(super) struct Tolerant {
    action: Option<Action>,
    /// What stands on the line that is being typed.
    line: Vec<u8>,
    /// The part of a key that was sent.
    key: Vec<u8>,
    ready: Vec<u8>,
    failed: Option<Box<Difference>>,
}

/// What the recording does next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// A line was entered.
    Line(Vec<u8>),
    /// A secret was entered.
    Hidden,
    /// Keys that are not echoed: each counts.
    Keys(Vec<u8>),
    /// The recording ends.
    End,
}

impl Tolerant {
    pub(super) fn receive(
        &mut self,
        tape: &mut Tape,
        _now: Duration,
        bytes: &[u8],
    ) -> Result<(), Box<Difference>> {
        for (place, byte) in bytes.iter().enumerate() {
            if let Some(failed) = &self.failed {
                return Err(failed.clone());
            }
            if let Err(difference) = self.take(tape, *byte, &bytes[place..]) {
                self.failed = Some(difference.clone());
                return Err(difference);
            }
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, tape: &mut Tape, _now: Duration) -> Vec<u8> {
        if self.action.is_none() && self.failed.is_none() {
            self.say(tape);
        }
        std::mem::take(&mut self.ready)
    }

    pub(super) fn next_wake(&self, tape: &mut Tape) -> Option<Duration> {
        let waiting = self.action.is_none()
            && self.failed.is_none()
            && matches!(tape.peek(), Some(Entry { moment: Moment::Said(_), .. }));
        (waiting || !self.ready.is_empty()).then_some(Duration::ZERO)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && matches!(self.action, None | Some(Action::End))
    }

    /// Says what comes before the next key.
    fn say(&mut self, tape: &mut Tape) {
        while let Some(Entry { moment: Moment::Said(_), .. }) = tape.peek() {
            if let Some(Entry { moment: Moment::Said(bytes), .. }) = tape.take() {
                self.ready.extend(bytes);
            }
        }
    }

    fn take(&mut self, tape: &mut Tape, byte: u8, rest: &[u8]) -> Result<(), Box<Difference>> {
        let erases = byte == BACKSPACE || byte == DELETE;
        if erases && self.line.is_empty() && self.key.is_empty() {
            return Ok(());
        }
        let action = if let Some(action) = self.action.take() {
            action
        } else {
            self.say(tape);
            next_action(tape)
        };
        let done = match &action {
            Action::End => return Err(tape.difference(Recorded::End, rest)),
            Action::Keys(keys) => {
                self.key.push(byte);
                if !keys.starts_with(&self.key) {
                    return Err(tape.difference(Recorded::Sent(keys.clone()), &self.key));
                }
                self.key.len() == keys.len()
            }
            Action::Line(_) | Action::Hidden if erases => {
                self.line.pop();
                self.ready.extend(b"\x08 \x08");
                false
            }
            Action::Hidden if byte == ENTER => true,
            Action::Line(line) if byte == ENTER => {
                if self.line != *line {
                    return Err(tape.difference(Recorded::Sent(line.clone()), &self.line));
                }
                true
            }
            Action::Line(line) if byte < b' ' => {
                return Err(tape.difference(Recorded::Sent(line.clone()), rest));
            }
            Action::Hidden => {
                self.line.push(byte);
                self.ready.push(b'*');
                false
            }
            Action::Line(_) => {
                self.line.push(byte);
                self.ready.push(byte);
                false
            }
        };
        if done {
            self.line.clear();
            self.key.clear();
        } else {
            self.action = Some(action);
        }
        Ok(())
    }
}

/// Reads the recording up to the end of what was done next: its echoes are left out, since the playback echoes
/// itself, and what was erased is taken away.
fn next_action(tape: &mut Tape) -> Action {
    let mut line = Vec::new();
    let mut hidden = false;
    loop {
        let Some(Entry { moment, .. }) = tape.peek() else { return Action::End };
        let Moment::Sent(bytes) = moment.clone() else {
            tape.take();
            continue;
        };
        if bytes.iter().all(|byte| matches!(*byte, BACKSPACE | DELETE)) && line.is_empty() {
            tape.take();
            continue;
        }
        let echoed =
            bytes.contains(&ENTER) || bytes[0] == BACKSPACE || !line.is_empty() || is_echoed(tape, &bytes);
        if !echoed || bytes.iter().any(|byte| *byte < b' ' && !matches!(*byte, ENTER | BACKSPACE)) {
            tape.take();
            return Action::Keys(bytes);
        }
        tape.take();
        hidden |= bytes.starts_with(MASK.as_bytes());
        for byte in bytes {
            match byte {
                ENTER if hidden => return Action::Hidden,
                ENTER => return Action::Line(line),
                BACKSPACE | DELETE => {
                    line.pop();
                }
                other => line.push(other),
            }
        }
    }
}

/// Whether what the console said behind this input begins with it (or with a star): a typed line, not a key.
fn is_echoed(tape: &mut Tape, bytes: &[u8]) -> bool {
    let Some(Entry { moment: Moment::Said(said), .. }) = tape.peek_at(1) else { return true };
    // A difference renderer may place the cursor first; what is shown of the text then follows a sequence.
    let first = bytes[0];
    let text = said.strip_prefix(b"\x1b[?25l").unwrap_or(said);
    text.first() == Some(&first) || text.first() == Some(&b'*') || (first != b' ' && said.contains(&first))
}
