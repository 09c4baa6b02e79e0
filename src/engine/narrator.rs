//! Tells what happens: stamps events, masks secrets, writes the journal, then informs the listeners.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::event::{Event, EventKind, Failure, VERSION, Values};
use super::journal::{Book, JournalError};
use super::ledger::Ledger;
use super::masks::Masks;
use super::memo::Memo;

/// Hears every event. Must not fail the run: a listener that cannot go on keeps quiet.
pub trait Listener: Send {
    /// One event, in order. It is in the journal already.
    fn hear(&mut self, event: &Event);
}

/// Tells what happens in one run.
pub struct Narrator {
    began_at: Timestamp,
    began: Instant,
    seq: u64,
    masks: Masks,
    journal: Option<Box<dyn Book>>,
    ledger: Ledger,
    memo: Memo,
    listeners: Vec<Box<dyn Listener>>,
}

impl Narrator {
    /// Begins to tell; `now` is the wall clock of this moment, from here on tokio's clock counts.
    pub fn new(now: Timestamp, masks: Masks) -> Self {
        Self {
            began_at: now,
            began: Instant::now(),
            seq: 1,
            masks,
            journal: None,
            ledger: Ledger::default(),
            memo: Memo::default(),
            listeners: Vec::new(),
        }
    }

    /// Writes to `journal` too, before anybody hears of an event.
    #[must_use]
    pub fn with_journal(mut self, journal: impl Book + 'static) -> Self {
        self.seq = journal.next_seq();
        self.journal = Some(Box::new(journal));
        self
    }

    /// Goes on with what was done before.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
    }

    /// Informs `listener` as well.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Listener + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Something happened. When this returns an error, whatever the event announces must not be done.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be written; the listeners hear the event nevertheless.
    pub fn tell(&mut self, event: EventKind) -> Result<(), JournalError> {
        let at = self.now();
        let ms = self.elapsed_ms();
        let event = Event { v: VERSION, seq: self.seq, at, ms, event };
        self.memo.add(&event, &self.ledger);
        self.ledger.add(event.seq, at, &event.event);
        let event = Event { event: self.masks.event(event.event), ..event };
        let written = match &mut self.journal {
            Some(journal) => journal.append(&event),
            None => Ok(()),
        };
        self.seq += 1;
        for listener in &mut self.listeners {
            listener.hear(&event);
        }
        written
    }

    /// The number of the receipt of the next command that changes the machine.
    pub fn next_receipt(&self) -> u64 {
        self.ledger.next_receipt()
    }

    /// What was done to the machine so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How the steps ended so far, those of an earlier program among them.
    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Goes on with what steps left before.
    pub(super) fn remember(&mut self, memo: Memo) {
        self.memo = memo;
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).ok();
        elapsed.and_then(|elapsed| self.began_at.checked_add(elapsed).ok()).unwrap_or(self.began_at)
    }

    /// Text of the machine without secrets.
    pub fn mask(&self, text: &str) -> String {
        self.masks.text(text)
    }

    /// Values without secrets.
    pub(super) fn mask_values(&self, values: &mut Values) {
        self.masks.values(values);
    }

    /// Whether there is a secret to be masked.
    pub(super) fn has_secrets(&self) -> bool {
        !self.masks.is_empty()
    }

    /// A failure without secrets.
    pub fn masked(&self, failure: Failure) -> Failure {
        Failure {
            message: self.mask(&failure.message),
            help: failure.help.map(|help| self.mask(&help)),
            screen: failure.screen.map(|screen| self.mask(&screen)),
            ..failure
        }
    }

    /// Milliseconds since it began.
    pub fn elapsed_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}
