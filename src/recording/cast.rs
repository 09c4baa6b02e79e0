//! What a recording holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Version of the format that is written; see the module's documentation.
pub(super) const FORMAT: u32 = 2;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always 2.
    pub version: u8,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Start of the recording, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// Shown by players.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it comes from; absent in recordings of other tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sacpilot: Option<Origin>,
}

/// What sacpilot adds to the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of what is described in the module's documentation.
    pub format: u32,
    /// Version of the tool that wrote it.
    pub tool: String,
    /// The line that was recorded, as [`crate::recording`]'s caller describes it. Holds no secret.
    pub endpoint: String,
    /// Which Windows it is said to be: `2016`, `2019`, `2022`, … Absent where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What the same session needs to be driven again. Absent in format 1, and where nobody logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionOrigin>,
    /// Which part it is, of a recording in several files. Absent in the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A part of a recording in several files, but the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From 2.
    pub number: u32,
    /// When it begins, microseconds after the recording began; the times of its events count from there.
    pub after_us: u64,
}

/// What decides which bytes are typed, beside the machine's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOrigin {
    /// Start of the program, milliseconds since 1970: names of temporary files on the machine come from it.
    pub started_ms: i64,
    /// The account. Its password is in no recording.
    pub user: String,
    /// Its domain; empty for the machine's own accounts.
    pub domain: String,
    /// Whether the line began with output that may have been old, so that nothing of it was believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
}

impl Header {
    /// The header of a console of 80 columns and 24 rows at `endpoint`, begun at `timestamp` (seconds since 1970).
    pub fn of_console(endpoint: &str, timestamp: i64) -> Self {
        Self {
            version: 2,
            width: 80,
            height: 24,
            timestamp: Some(timestamp),
            title: Some(endpoint.to_owned()),
            sacpilot: Some(Origin {
                format: FORMAT,
                tool: env!("CARGO_PKG_VERSION").to_owned(),
                endpoint: endpoint.to_owned(),
                profile: None,
                session: None,
                part: None,
            }),
        }
    }

    /// Which part of a recording it begins, from 1; `None` when another tool wrote it.
    pub(super) fn part_number(&self) -> Option<u32> {
        self.sacpilot.as_ref().map(|origin| origin.part.map_or(1, |part| part.number))
    }

    /// The header of part `number`, that begins `after` the recording began.
    pub(super) fn of_part(&self, number: u32, after: Duration) -> Self {
        let mut header = self.clone();
        if let Some(origin) = &mut header.sacpilot {
            let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
            origin.part = Some(Part { number, after_us });
        }
        header
    }

    /// The same, of a machine that is said to be this Windows.
    #[must_use]
    pub fn with_profile(mut self, profile: Option<String>) -> Self {
        if let Some(origin) = &mut self.sacpilot {
            origin.profile = profile;
        }
        self
    }

    /// The same, of a session that somebody logs in to.
    #[must_use]
    pub fn with_session(mut self, session: SessionOrigin) -> Self {
        if let Some(origin) = &mut self.sacpilot {
            origin.session = Some(session);
        }
        self
    }
}

/// Something that happened on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Since the beginning of the recording.
    pub at: Duration,
    /// What it was.
    pub kind: Kind,
}

/// What happened on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The console sent bytes.
    Output(Vec<u8>),
    /// Bytes were sent to the console.
    Input(Vec<u8>),
    /// A mark was set.
    Mark(String),
    /// What the program told of its run at that moment: one event of the engine, as JSON.
    Told(String),
    /// An event of another tool (`r`, a new window size).
    Other {
        /// Its letter.
        code: String,
        /// Its data.
        data: String,
    },
}
