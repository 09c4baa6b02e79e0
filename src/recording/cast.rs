//! What a recording holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
                format: 1,
                tool: env!("CARGO_PKG_VERSION").to_owned(),
                endpoint: endpoint.to_owned(),
            }),
        }
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
    /// An event of another tool (`r`, a new window size).
    Other {
        /// Its letter.
        code: String,
        /// Its data.
        data: String,
    },
}
