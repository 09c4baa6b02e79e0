//! Byte for byte.

use std::collections::VecDeque;
use std::time::Duration;

use super::tape::{Entry, Moment, Tape};
use super::{Difference, Recorded};
use crate::secret::MASK;

/// What is due so soon may cross with a key on the line: it is said at once.
const CROSSING: Duration = Duration::from_millis(100);

/// What is compared, and what is said.
#[derive(Debug, Default)]
pub(super) struct Strict {
    /// The rest of the input event that is being sent.
    expected: VecDeque<u8>,
    whole: Vec<u8>,
    /// Keys of a secret that may still come, and what is echoed for them.
    secret: Option<Secret>,
    /// What is said once that was sent which came in one piece with a secret.
    afterwards: Vec<u8>,
    ready: Vec<u8>,
    /// The moment of the playback at which the recording stood at `anchor_tape`.
    anchor: Duration,
    anchor_tape: Duration,
    /// How much sooner than recorded something is said.
    sooner: Duration,
    failed: Option<Box<Difference>>,
}

/// A masked secret while it is typed. Whoever types it again may have another one, as long or as short as it is: it ends
/// with the Enter that was recorded behind it.
#[derive(Debug)]
struct Secret {
    /// What the console said until the next key, a star for each key in it.
    echo: VecDeque<u8>,
    /// Keys that the recorded one still has; where none is shown, they are not known.
    keys: usize,
    /// Whether a star was shown for each key.
    stars: bool,
    /// What was sent in one piece with it, behind it: an Enter.
    rest: Vec<u8>,
}

impl Secret {
    /// What the console says to one more key.
    fn key(&mut self) -> Vec<u8> {
        if self.keys == 0 {
            return if self.stars { vec![b'*'] } else { Vec::new() };
        }
        self.keys -= 1;
        if !self.stars {
            // What was said behind an Enter in one piece with it waits for that.
            return if self.rest.is_empty() { self.echo.drain(..).collect() } else { Vec::new() };
        }
        let more = self.keys > 0 || !self.rest.is_empty();
        let star = self.echo.iter().position(|byte| more && *byte == b'*');
        let end = star.map_or(self.echo.len(), |place| place + 1);
        self.echo.drain(..end).collect()
    }

    /// What is left to say when fewer keys came than were recorded: not the stars of the others.
    fn rest_of_echo(mut self) -> Vec<u8> {
        while self.keys > 0 && self.stars {
            let Some(star) = self.echo.iter().position(|byte| *byte == b'*') else { break };
            self.echo.remove(star);
            self.keys -= 1;
        }
        self.echo.into()
    }
}

impl Strict {
    pub(super) fn come_sooner(&mut self, by: Duration) {
        self.sooner = by;
    }

    pub(super) fn receive(
        &mut self,
        tape: &mut Tape,
        now: Duration,
        bytes: &[u8],
    ) -> Result<(), Box<Difference>> {
        for (place, byte) in bytes.iter().enumerate() {
            if let Some(failed) = &self.failed {
                return Err(failed.clone());
            }
            if let Err(difference) = self.key(tape, now, *byte, &bytes[place..]) {
                self.failed = Some(difference.clone());
                return Err(difference);
            }
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, tape: &mut Tape, now: Duration) -> Vec<u8> {
        if self.expected.is_empty() && self.secret.is_none() && self.failed.is_none() {
            while let Some(Entry { at, moment: Moment::Said(_), .. }) = tape.peek() {
                if self.due(*at) > now + self.sooner {
                    break;
                }
                if let Some(Entry { at, moment: Moment::Said(bytes), .. }) = tape.take() {
                    // What follows keeps its distance from this one.
                    self.anchor = self.due(at).min(now);
                    self.anchor_tape = at;
                    self.ready.extend(bytes);
                }
            }
        }
        std::mem::take(&mut self.ready)
    }

    pub(super) fn hasten(&mut self, tape: &mut Tape, now: Duration, outputs: usize) -> Vec<u8> {
        let mut said = Vec::new();
        if !self.is_idle() || self.failed.is_some() {
            return said;
        }
        for _ in 0..outputs {
            let Some(Entry { moment: Moment::Said(_), .. }) = tape.peek() else { break };
            if let Some(Entry { at, moment: Moment::Said(bytes), .. }) = tape.take() {
                self.anchor = self.due(at).min(now);
                self.anchor_tape = at;
                said.extend(bytes);
            }
        }
        said
    }

    pub(super) fn next_wake(&self, tape: &mut Tape) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        if !self.expected.is_empty() || self.secret.is_some() || self.failed.is_some() {
            return None;
        }
        match tape.peek() {
            Some(Entry { at, moment: Moment::Said(_), .. }) => {
                Some(self.due(*at).saturating_sub(self.sooner))
            }
            Some(Entry { at, moment: Moment::Lost(_), .. }) => Some(self.due(*at)),
            _ => None,
        }
    }

    /// A loss comes at its time, never sooner: whoever waits meanwhile does so to its end.
    pub(super) fn is_lost(&self, tape: &mut Tape, now: Duration) -> bool {
        self.loss(tape).is_some_and(|due| due <= now)
    }

    /// A key may be sent a little before the recorded one met the lost line.
    pub(super) fn refuses(&self, tape: &mut Tape, now: Duration) -> bool {
        self.loss(tape).is_some_and(|due| due <= now + self.sooner.max(CROSSING))
    }

    /// When the line is lost, if that comes next.
    fn loss(&self, tape: &mut Tape) -> Option<Duration> {
        if !self.is_idle() || self.failed.is_some() {
            return None;
        }
        match tape.peek() {
            Some(Entry { at, moment: Moment::Lost(_), .. }) => Some(self.due(*at)),
            _ => None,
        }
    }

    /// The line was made anew at `at`; it is `now` here.
    pub(super) fn go_on(&mut self, now: Duration, at: Duration) {
        self.anchor = now;
        self.anchor_tape = at;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.expected.is_empty() && self.secret.is_none()
    }

    fn due(&self, at: Duration) -> Duration {
        self.anchor + at.saturating_sub(self.anchor_tape)
    }

    fn key(&mut self, tape: &mut Tape, now: Duration, byte: u8, rest: &[u8]) -> Result<(), Box<Difference>> {
        if let Some(mut secret) = self.secret.take() {
            let follows = match (secret.rest.first(), tape.peek().map(|entry| &entry.moment)) {
                (Some(first), _) => Some(*first),
                (None, Some(Moment::Sent(bytes))) => bytes.first().copied(),
                _ => None,
            };
            let enter = follows.filter(u8::is_ascii_control);
            if enter != Some(byte) {
                self.ready.extend(secret.key());
                self.anchor = now;
                if secret.keys > 0 || enter.is_some() {
                    self.secret = Some(secret);
                } else {
                    self.expected.extend(&secret.rest);
                    self.afterwards.extend(secret.rest_of_echo());
                }
                return Ok(());
            }
            self.expected.extend(&secret.rest);
            let said = secret.rest_of_echo();
            if self.expected.is_empty() { self.ready.extend(said) } else { self.afterwards.extend(said) }
        }
        if self.expected.is_empty() {
            self.next_input(tape, now, rest)?;
        }
        let Some(expected) = self.expected.pop_front() else {
            // A secret begins with this key.
            return if self.secret.is_some() { self.key(tape, now, byte, rest) } else { Ok(()) };
        };
        if expected != byte {
            let mut left = vec![expected];
            left.extend(&self.expected);
            let mut difference = tape.difference(Recorded::Sent(left), rest);
            difference.at = self.anchor_tape;
            return Err(difference);
        }
        if self.expected.is_empty() {
            self.ready.append(&mut self.afterwards);
            self.anchor = now;
        }
        Ok(())
    }

    /// Goes on to the next input event; what is said before it must be due.
    fn next_input(&mut self, tape: &mut Tape, now: Duration, rest: &[u8]) -> Result<(), Box<Difference>> {
        loop {
            match tape.peek().map(|entry| (entry.at, entry.moment.clone())) {
                None => return Err(tape.difference(Recorded::End, rest)),
                Some((at, Moment::Said(text))) => {
                    let due = self.due(at);
                    if due > now + CROSSING {
                        return Err(
                            tape.difference(Recorded::Said { text, later: due.saturating_sub(now) }, rest)
                        );
                    }
                    tape.take();
                    self.anchor = due;
                    self.anchor_tape = at;
                    self.ready.extend(text);
                }
                Some((at, Moment::Lost(_) | Moment::Anew)) => {
                    let later = self.due(at).saturating_sub(now);
                    return Err(tape.difference(Recorded::Lost { later }, rest));
                }
                Some((at, Moment::Sent(bytes))) => {
                    tape.take();
                    self.anchor_tape = at;
                    if let Some(behind) = bytes.strip_prefix(MASK.as_bytes())
                        && !rest.starts_with(b"*")
                    {
                        self.secret = Some(Secret { rest: behind.to_vec(), ..echoed_secret(tape) });
                        return Ok(());
                    }
                    self.whole.clone_from(&bytes);
                    self.expected.extend(bytes);
                    return Ok(());
                }
            }
        }
    }
}

/// What the console said while a masked secret was typed: until the next key.
fn echoed_secret(tape: &mut Tape) -> Secret {
    let mut echo = VecDeque::new();
    while let Some(Entry { moment: Moment::Said(_), .. }) = tape.peek() {
        if let Some(Entry { moment: Moment::Said(bytes), .. }) = tape.take() {
            echo.extend(bytes);
        }
    }
    // What comes behind the line is no echo of it.
    let line = echo.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
    let stars = line.map(|byte| usize::from(*byte == b'*')).sum::<usize>();
    Secret { echo, keys: stars.max(1), stars: stars > 0, rest: Vec::new() }
}
