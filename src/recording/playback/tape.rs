//! The line's part of a recording: what was said and what was sent, one event ahead, the rest on disk.

use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

use super::{Difference, Recorded};
use crate::recording::{Import, Kind, ReadError, line_marks};

/// What one event did to the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moment {
    /// The console said them.
    Said(Vec<u8>),
    /// They were sent to it.
    Sent(Vec<u8>),
    /// The line was lost, for this reason.
    Lost(String),
    /// It was there again.
    Anew,
}

/// A moment and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: Duration,
    pub(super) line: usize,
    pub(super) behind: Option<String>,
    pub(super) moment: Moment,
}

/// Reads a recording moment by moment.
pub(super) struct Tape {
    reader: Import,
    ahead: VecDeque<Entry>,
    mark: Option<String>,
    ended: bool,
    trouble: Option<ReadError>,
    last: (Duration, usize),
    /// A loss was read, and not yet that the line was there again.
    lost: bool,
}

impl Tape {
    pub(super) fn new(input: impl Read + Send + 'static) -> Result<Self, ReadError> {
        Ok(Self {
            reader: Import::new(input)?,
            ahead: VecDeque::new(),
            mark: None,
            ended: false,
            trouble: None,
            last: (Duration::ZERO, 1),
            lost: false,
        })
    }

    /// What the header says of the line's beginning.
    pub(super) fn began_with_the_past(&self) -> bool {
        let origin = self.reader.header().sacpilot.as_ref();
        origin.and_then(|origin| origin.session.as_ref()).is_some_and(|session| session.past)
    }

    /// The next moment.
    pub(super) fn peek(&mut self) -> Option<&Entry> {
        self.peek_at(0)
    }

    /// The moment so many behind the next one.
    pub(super) fn peek_at(&mut self, place: usize) -> Option<&Entry> {
        while self.ahead.len() <= place && !self.ended {
            self.read();
        }
        self.ahead.get(place)
    }

    /// Takes the next moment.
    pub(super) fn take(&mut self) -> Option<Entry> {
        self.peek()?;
        let entry = self.ahead.pop_front()?;
        self.last = (entry.at, entry.line);
        Some(entry)
    }

    /// What could not be read.
    pub(super) fn trouble(&self) -> Option<&ReadError> {
        self.trouble.as_ref()
    }

    /// `sent` is not what the recording has at its next moment.
    #[expect(clippy::unnecessary_box_returns, reason = "every caller returns it boxed, since it is large")]
    pub(super) fn difference(&mut self, recorded: Recorded, sent: &[u8]) -> Box<Difference> {
        let last = self.last;
        let mark = self.mark.clone();
        let ((at, line), behind) =
            self.peek().map_or((last, mark), |entry| ((entry.at, entry.line), entry.behind.clone()));
        Box::new(Difference { at, line, behind, recorded, sent: sent.to_vec() })
    }

    fn read(&mut self) {
        let event = match self.reader.next() {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                self.trouble = Some(error);
                self.ended = true;
                return;
            }
            None => {
                self.ended = true;
                return;
            }
        };
        let moment = match event.kind {
            // Nothing was sent or said.
            Kind::Output(bytes) | Kind::Input(bytes) if bytes.is_empty() => return,
            Kind::Output(bytes) => Moment::Said(bytes),
            Kind::Input(bytes) => Moment::Sent(bytes),
            Kind::Mark(label) => {
                if let Some(reason) = line_marks::reason_of_loss(&label) {
                    self.lost = true;
                    Moment::Lost(reason.to_owned())
                } else if label == line_marks::MADE_ANEW {
                    if !std::mem::take(&mut self.lost) {
                        // Recordings of before do not tell when it was lost.
                        let last = self.ahead.back().map_or(self.last.0, |entry| entry.at);
                        self.push(last, Moment::Lost(String::new()));
                    }
                    Moment::Anew
                } else {
                    self.mark = Some(label);
                    return;
                }
            }
            Kind::Told(_) | Kind::Other { .. } => return,
        };
        self.push(event.at, moment);
    }

    fn push(&mut self, at: Duration, moment: Moment) {
        let entry = Entry { at, line: self.reader.line(), behind: self.mark.clone(), moment };
        self.ahead.push_back(entry);
    }

    /// Goes on behind a loss that is next: when the line was there again, or none if it never was.
    pub(super) fn go_on(&mut self) -> Option<Duration> {
        let (Moment::Lost(_), Moment::Anew) = (&self.peek()?.moment.clone(), &self.peek_at(1)?.moment) else {
            return None;
        };
        self.take();
        self.take().map(|entry| entry.at)
    }
}
