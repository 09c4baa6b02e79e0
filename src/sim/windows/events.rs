//! The event logs.

use jiff::Timestamp;

use super::World;
use super::language::Text;

/// Who writes the Security log.
pub const AUDITING: &str = "Microsoft-Windows-Security-Auditing";

/// How bad an event is, by the number the log stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 1.
    Critical = 1,
    /// 2.
    Error = 2,
    /// 3.
    Warning = 3,
    /// 4.
    Information = 4,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The log: `System`, `Application`, …
    pub log: String,
    /// Number of the record in its log.
    pub record: u64,
    /// Who wrote it: `Schannel`, `Service Control Manager`.
    pub provider: String,
    /// The event id.
    pub id: u32,
    /// How bad.
    pub level: Level,
    /// When.
    pub time: Timestamp,
    /// The inserts.
    pub data: Vec<String>,
    /// The text, in the machine's language.
    pub message: String,
}

/// All logs; they outlive a restart.
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    events: Vec<Event>,
}

impl EventLog {
    /// Appends an entry; its record number is filled in here.
    pub fn append(&mut self, mut event: Event) {
        event.record = 1 + self.of(&event.log).count() as u64;
        self.events.push(event);
    }

    /// The entries of one log, oldest first.
    pub fn of<'a>(&'a self, log: &'a str) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.log.eq_ignore_ascii_case(log))
    }

    /// Forgets the entries of one log.
    pub fn clear(&mut self, log: &str) {
        self.events.retain(|event| !event.log.eq_ignore_ascii_case(log));
    }
}

impl World {
    /// Writes an entry with the current time and the machine's language.
    pub fn record(
        &mut self,
        log: &str,
        provider: &str,
        id: u32,
        level: Level,
        text: &Text,
        inserts: &[String],
    ) {
        let borrowed: Vec<&str> = inserts.iter().map(String::as_str).collect();
        let event = Event {
            log: log.to_owned(),
            record: 0,
            provider: provider.to_owned(),
            id,
            level,
            time: self.wall_time(),
            data: inserts.to_vec(),
            message: text.fill(self.language, &borrowed),
        };
        self.events.append(event);
    }

    /// Writes down in the Security log what became of an account, as Windows audits it by default.
    pub fn record_account(&mut self, id: u32, name: &str) {
        let text = match id {
            4720 => "A user account was created.",
            4722 => "A user account was enabled.",
            4725 => "A user account was disabled.",
            4726 => "A user account was deleted.",
            4740 => "A user account was locked out.",
            _ => "A user account was unlocked.",
        };
        let data = [name.to_owned(), self.computer.clone()];
        self.record("Security", AUDITING, id, Level::Information, &Text::same(text), &data);
    }
}
