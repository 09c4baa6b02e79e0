//! Line by line: chunks, erasing, typing again and timing are free.

use std::time::Duration;

use super::tape::{Entry, Moment, Tape};
use super::{Difference, Recorded};
use crate::secret::MASK;

const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const ENTER: u8 = b'\r';
/// So much is said at once, of a console that speaks for long.
const PORTION: usize = 16 * 1024;

/// What is compared, and what is said.
#[derive(Debug, Default)]
pub(super) struct Tolerant {
    action: Option<Action>,
    /// What stands on the line that is being typed.
    line: Vec<u8>,
    /// The part of a key that was sent.
    key: Vec<u8>,
    ready: Vec<u8>,
    /// The stars of a secret that was sent in one piece with its Enter stand before what is said next.
    echoed: bool,
    failed: Option<Box<Difference>>,
}

/// What the recording does next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// A line was entered.
    Line(Vec<u8>),
    /// A secret was entered; whether a star was shown for each key.
    Hidden {
        /// Whether it was.
        stars: bool,
        /// Whether its Enter was sent in one piece with it, so that its stars come behind that.
        one_piece: bool,
    },
    /// Keys that are not echoed: each counts.
    Keys(Vec<u8>),
    /// The line was lost before anything was entered.
    Lost,
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
            self.say(tape, PORTION);
        }
        std::mem::take(&mut self.ready)
    }

    pub(super) fn next_wake(&self, tape: &mut Tape) -> Option<Duration> {
        let waiting = self.action.is_none()
            && self.failed.is_none()
            && matches!(tape.peek(), Some(Entry { moment: Moment::Said(_) | Moment::Lost(_), .. }));
        (waiting || !self.ready.is_empty()).then_some(Duration::ZERO)
    }

    /// Timing is free: what was said before is said, and then the line is lost.
    pub(super) fn is_lost(&self, tape: &mut Tape) -> bool {
        self.ready.is_empty()
            && self.failed.is_none()
            && matches!(self.action, None | Some(Action::Lost))
            && matches!(tape.peek(), Some(Entry { moment: Moment::Lost(_), .. }))
    }

    /// The line was made anew.
    pub(super) fn go_on(&mut self) {
        self.action = None;
        self.line.clear();
        self.key.clear();
        self.echoed = false;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && matches!(self.action, None | Some(Action::End))
    }

    /// Says what comes before the next key, until so many bytes are ready.
    fn say(&mut self, tape: &mut Tape, most: usize) {
        while self.ready.len() < most
            && let Some(Entry { moment: Moment::Said(_), .. }) = tape.peek()
        {
            if let Some(Entry { moment: Moment::Said(bytes), .. }) = tape.take() {
                let echoed = std::mem::take(&mut self.echoed);
                self.ready.extend(bytes.into_iter().skip_while(|byte| echoed && *byte == b'*'));
            }
        }
    }

    /// When a line is entered: an empty one that was recorded before it only brought a fresh prompt, where an event had cut
    /// a line that was typed. What meets no event needs none.
    fn past_fresh_prompts(&self, tape: &mut Tape, byte: u8, action: Action) -> Action {
        let mut action = action;
        while byte == ENTER && !self.line.is_empty() && action == Action::Line(Vec::new()) {
            while let Some(Entry { moment: Moment::Said(_), .. }) = tape.peek() {
                tape.take();
            }
            action = next_action(tape);
        }
        action
    }

    fn take(&mut self, tape: &mut Tape, byte: u8, rest: &[u8]) -> Result<(), Box<Difference>> {
        let erases = byte == BACKSPACE || byte == DELETE;
        if erases && self.line.is_empty() && self.key.is_empty() {
            return Ok(());
        }
        let action = if let Some(action) = self.action.take() {
            action
        } else {
            self.say(tape, usize::MAX);
            next_action(tape)
        };
        let action = self.past_fresh_prompts(tape, byte, action);
        let done = match &action {
            Action::End => return Err(tape.difference(Recorded::End, rest)),
            Action::Lost => false,
            Action::Keys(keys) => {
                self.key.push(byte);
                if !keys.starts_with(&self.key) {
                    return Err(tape.difference(Recorded::Sent(keys.clone()), &self.key));
                }
                self.key.len() == keys.len()
            }
            Action::Line(_) | Action::Hidden { stars: true, .. } if erases => {
                self.line.pop();
                self.ready.extend(b"\x08 \x08");
                false
            }
            Action::Hidden { .. } if erases => {
                self.line.pop();
                false
            }
            Action::Hidden { one_piece, .. } if byte == ENTER => {
                self.echoed = *one_piece && is_starred(tape);
                true
            }
            Action::Line(line) if byte == ENTER => {
                if self.line != *line {
                    return Err(tape.difference(Recorded::Sent(line.clone()), &self.line));
                }
                true
            }
            Action::Line(line) if byte < b' ' => {
                return Err(tape.difference(Recorded::Sent(line.clone()), rest));
            }
            Action::Hidden { stars, .. } => {
                self.line.push(byte);
                self.ready.extend(stars.then_some(b'*'));
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
    let (mut hidden, mut stars) = (false, false);
    loop {
        let Some(Entry { moment, .. }) = tape.peek() else { return Action::End };
        let bytes = match moment.clone() {
            Moment::Sent(bytes) => bytes,
            Moment::Lost(_) | Moment::Anew => return Action::Lost,
            Moment::Said(said) => {
                stars |= hidden && said.contains(&b'*');
                tape.take();
                continue;
            }
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
        let one_piece = bytes.starts_with(MASK.as_bytes());
        hidden |= one_piece;
        for byte in bytes {
            match byte {
                ENTER if hidden => {
                    let stars = stars || is_starred(tape);
                    return Action::Hidden { stars, one_piece };
                }
                ENTER => return Action::Line(line),
                BACKSPACE | DELETE => {
                    line.pop();
                }
                other => line.push(other),
            }
        }
    }
}

/// Whether what the console says next begins with a star.
fn is_starred(tape: &mut Tape) -> bool {
    matches!(tape.peek(), Some(Entry { moment: Moment::Said(said), .. }) if said.starts_with(b"*"))
}

/// Whether what the console said behind this input begins with it (or with a star): a typed line, not a key.
fn is_echoed(tape: &mut Tape, bytes: &[u8]) -> bool {
    if bytes.starts_with(MASK.as_bytes()) {
        return true;
    }
    let Some(Entry { moment: Moment::Said(said), .. }) = tape.peek_at(1) else { return true };
    // A difference renderer may place the cursor first; what is shown of the text then follows a sequence.
    let first = bytes[0];
    let text = said.strip_prefix(b"\x1b[?25l").unwrap_or(said);
    text.first() == Some(&first) || text.first() == Some(&b'*') || (first != b' ' && said.contains(&first))
}
