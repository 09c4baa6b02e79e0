//! What really happened inside a machine: the record by which "nothing wrong was executed" is a fact.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

/// Everything that was executed on a machine since time zero, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    entries: Vec<Entry>,
}

/// One thing that happened, and when (machine time since power on).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// What.
    pub act: Act,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// The kernel started.
    Boot,
    /// SAC executed a line, as it was typed (not yet stripped or lowered). Empty lines are not recorded.
    Sac {
        /// The line.
        line: String,
    },
    /// A line was entered in a CMD channel: executed by cmd.exe, or read by a program it runs.
    Cmd {
        /// The channel's name.
        channel: String,
        /// The user of the session.
        user: String,
        /// The line.
        line: String,
    },
    /// Somebody tried to log in.
    Login {
        /// The channel's name.
        channel: String,
        /// The name as typed.
        user: String,
        /// The domain as typed.
        domain: String,
        /// Whether Windows let them in.
        outcome: LoginOutcome,
    },
    /// A CMD channel was opened.
    ChannelOpened {
        /// Its name.
        channel: String,
    },
    /// A CMD channel ended.
    ChannelClosed {
        /// Its name.
        channel: String,
    },
    /// Windows was told to restart.
    Restart,
    /// Windows was told to shut down.
    Shutdown,
    /// The machine crashed.
    BugCheck {
        /// The stop code.
        code: u32,
    },
}

/// Whether Windows let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginOutcome {
    /// Yes.
    Accepted,
    /// No.
    Refused,
}

impl Entry {
    /// The entry as JSON: `at_ms`, `act`, and what belongs to it.
    pub fn to_json(&self) -> Value {
        let mut value = json!({"at_ms": self.at.as_millis() as u64});
        if let (Some(fields), Ok(Value::Object(act))) =
            (value.as_object_mut(), serde_json::to_value(&self.act))
        {
            fields.extend(act);
        }
        value
    }
}

impl Audit {
    /// Everything, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The lines that were entered in CMD channels, oldest first.
    pub fn cmd_lines(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.act {
                Act::Cmd { line, .. } => Some(line.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The lines that SAC executed, oldest first.
    pub fn sac_lines(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.act {
                Act::Sac { line } => Some(line.as_str()),
                _ => None,
            })
            .collect()
    }

    /// How often that happened.
    pub fn count(&self, act: &Act) -> usize {
        self.entries.iter().filter(|entry| entry.act == *act).count()
    }

    pub(super) fn add(&mut self, at: Duration, act: Act) {
        self.entries.push(Entry { at, act });
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}
