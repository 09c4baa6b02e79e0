//! Events as JSON lines, and the whole of a run as `report.json`, for programs.

use std::io::Write;

use super::summary::Summary;
use crate::encoding::harmless_json;
use crate::engine::{Event, Listener};

/// `report.json`.
///
/// # Errors
/// Of the library that writes JSON; none is known.
pub fn report(summary: &Summary) -> serde_json::Result<String> {
    Ok(harmless_json(serde_json::to_string_pretty(summary)?) + "\n")
}

/// Writes each event as one line.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: Option<W>,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out: Some(out) }
    }
}

impl<W: Write + Send> Listener for JsonLines<W> {
    fn hear(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let Ok(line) = serde_json::to_string(event) else { return };
        let mut line = harmless_json(line);
        line.push('\n');
        // Nobody reads on: that must not end the run.
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.out = None;
        }
    }
}
