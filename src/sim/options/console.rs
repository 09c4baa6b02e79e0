//! The console behind a CMD channel: how it is shown, and what it gets of the keys.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// How a CMD channel puts its console on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RenderOptions {
    /// By difference or as a stream.
    ///
    /// Source: authors of software that reads 2016, 2019 and 2022.
    pub mode: RenderMode,
    /// How often the difference renderer looks at the console.
    ///
    /// Source: invented.
    pub poll: Span,
    /// Unchanged cells between two changes that are sent again rather than jumped over.
    ///
    /// Source: not known; 0 jumps over every one.
    pub bridge: u16,
    /// How long the console takes for one line of text; output is never faster.
    ///
    /// Source: invented.
    pub line_time: Span,
    /// Blanks in a row that become a cursor move. 0: never. None: as the version does (2022: 6; by difference: never).
    ///
    /// Source: Propolis' authors saw it on 2022; the count is invented.
    pub cursor_right: Option<u16>,
    /// In the stream: what is sent where the console wraps.
    ///
    /// Source: not known.
    pub wrap: Wrap,
    /// OSC sequences for window titles, in the stream. None: as the version does (2022: yes).
    ///
    /// Source: authors of software saw them.
    pub titles: Option<bool>,
    /// `ESC[?25l` and `ESC[?25h` around everything that is sent.
    ///
    /// Source: Wine's console does so; whether Windows' does is not known.
    pub hide_cursor: bool,
    /// A NUL before one in so many characters. 0: none.
    ///
    /// Source: authors of software saw NULs around prompts and echoes.
    pub nuls: u32,
    /// One in so many sequences loses its ESC, and its rest becomes text. 0: none. A command whose screen is hurt that
    /// way cannot be read: expect errors.
    ///
    /// Source: authors of software saw remains of sequences that lost their ESC.
    pub lost_escapes: u32,
}

/// By difference or as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RenderMode {
    /// As the version does: 2016 and 2019 by difference, 2022 as a stream.
    #[default]
    Version,
    /// Only cells that differ from an inner 80x24 screen.
    Difference,
    /// What programs write, nearly as it is.
    Stream,
}

/// What the stream sends where the console wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wrap {
    /// CR LF.
    #[default]
    NewLine,
    /// Nothing: the terminal wraps by itself.
    Bare,
}

/// What the console gets of the keys that were sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyboardOptions {
    /// What becomes of a key that follows an equal one quickly.
    ///
    /// Source: Microsoft and users of 2016 and 2019: doubled letters are lost or tripled.
    pub equal_neighbours: EqualNeighbours,
    /// How quickly.
    ///
    /// Source: pauses of 0.8 s and 1.5 s help, software does so.
    pub equal_within: Span,
    /// How often: one in so many.
    ///
    /// Source: not known; 1 is the worst.
    pub equal_one_in: u32,
    /// Keys that are lost after a shell has started.
    ///
    /// Source: Propolis' authors: the first keys can be eaten.
    pub eaten: u32,
    /// For how long after its start.
    ///
    /// Source: Propolis waits 5 s.
    pub eaten_within: Span,
    /// What decides.
    ///
    /// Source: any number.
    pub seed: u64,
}

/// What becomes of a key that follows an equal one quickly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EqualNeighbours {
    /// It arrives.
    #[default]
    Kept,
    /// It is lost.
    Dropped,
    /// It arrives twice: `boot` becomes `booot`.
    Doubled,
    /// It arrives three times.
    Tripled,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            mode: RenderMode::default(),
            poll: Span::millis(30),
            bridge: 4,
            line_time: Span(Duration::from_micros(100)),
            cursor_right: None,
            wrap: Wrap::default(),
            titles: None,
            hide_cursor: false,
            nuls: 0,
            lost_escapes: 0,
        }
    }
}

impl Default for KeyboardOptions {
    fn default() -> Self {
        Self {
            equal_neighbours: EqualNeighbours::default(),
            equal_within: Span::millis(1_000),
            equal_one_in: 1,
            eaten: 0,
            eaten_within: Span::millis(4_000),
            seed: 0,
        }
    }
}
