//! How a CMD channel puts its console on the wire.
//!
//! Server 2016 and 2019 compare the console with an inner screen from time to time and send what differs; 2022 sends
//! nearly what programs write (authors of software that reads both; the bytes in detail are invented).

use std::fmt::Write as _;

use super::conhost::Op;
use super::options::{AtLogin, RenderMode, RenderOptions, Wrap};
use super::text_buffer::{BLANK, COLUMNS, Cell, Effect, Over, Place, ROWS, TextBuffer};
use super::windows::os::Os;

/// One of the two.
#[derive(Debug)]
pub(super) enum Renderer {
    /// By difference.
    Difference(Difference),
    /// As a stream.
    Stream(Stream),
}

/// Sends the cells that differ from what was sent before.
#[derive(Debug)]
pub(super) struct Difference {
    sent: Vec<[Option<Cell>; COLUMNS]>,
    /// Where the terminal's cursor is, when that is certain.
    cursor: Option<(usize, usize)>,
    bridge: usize,
    /// Blanks in a row that become an erasure and a cursor move; 0: none do.
    cursor_right: usize,
    /// Sent before the next frame.
    lead: &'static str,
}

/// Sends what is written, following where the terminal's cursor is.
#[derive(Debug)]
pub(super) struct Stream {
    terminal: Place,
    /// The terminal has filled a row and has not wrapped yet.
    pending: bool,
    /// Blanks that were written and may become a cursor move.
    blanks: usize,
    cursor_right: usize,
    wrap: Wrap,
    titles: bool,
}

const CLEAR: &str = "\x1b[2J\x1b[1;1H";

impl Renderer {
    /// The renderer of a console that starts blank, and what it sends at once.
    pub(super) fn new(os: Os, options: &RenderOptions, at_login: AtLogin) -> (Self, String) {
        let difference = match options.mode {
            RenderMode::Version => os.renders_by_difference(),
            RenderMode::Difference => true,
            RenderMode::Stream => false,
        };
        if difference {
            let mut renderer =
                Difference::new(usize::from(options.bridge), usize::from(options.cursor_right.unwrap_or(0)));
            if at_login == AtLogin::Clear {
                renderer.start_over();
            }
            return (Self::Difference(renderer), String::new());
        }
        let renderer = Stream {
            terminal: Place::default(),
            pending: false,
            blanks: 0,
            cursor_right: usize::from(options.cursor_right.unwrap_or(6)),
            wrap: options.wrap,
            titles: options.titles.unwrap_or(true),
        };
        let lead = match at_login {
            AtLogin::Clear => CLEAR,
            AtLogin::Keep => "\r\n",
        };
        (Self::Stream(renderer), lead.to_owned())
    }
}

impl Difference {
    fn new(bridge: usize, cursor_right: usize) -> Self {
        Self { sent: vec![[None; COLUMNS]; ROWS], cursor: None, bridge, cursor_right, lead: "" }
    }

    /// The next frame clears the terminal and sends everything.
    pub(super) fn start_over(&mut self) {
        self.sent = vec![[Some(BLANK); COLUMNS]; ROWS];
        self.cursor = Some((0, 0));
        self.lead = CLEAR;
    }

    /// What makes the terminal show `buffer`.
    pub(super) fn frame(&mut self, buffer: &TextBuffer) -> String {
        let mut out = std::mem::take(&mut self.lead).to_owned();
        for (row, cells) in buffer.rows().iter().enumerate() {
            self.row(&mut out, row, cells);
        }
        let (row, column) = buffer.cursor();
        self.go(&mut out, row, column);
        out
    }

    fn row(&mut self, out: &mut String, row: usize, cells: &[Cell; COLUMNS]) {
        let differs = |sent: &[Option<Cell>; COLUMNS], column: usize| sent[column] != Some(cells[column]);
        let text_end = cells.iter().rposition(|cell| *cell != BLANK).map_or(0, |last| last + 1);
        let mut column = 0;
        while column < COLUMNS {
            if !differs(&self.sent[row], column) {
                column += 1;
                continue;
            }
            if column >= text_end {
                self.go(out, row, column);
                out.push_str("\x1b[K");
                break;
            }
            let mut end = column + 1;
            while let Some(next) =
                (end..text_end.min(end + self.bridge + 1)).find(|&at| differs(&self.sent[row], at))
            {
                end = next + 1;
            }
            while cells.get(end) == Some(&Cell::Tail) {
                end += 1;
            }
            self.go(out, row, column);
            if let Some((start, count)) = self.long_gap(&cells[column..end]) {
                let gap = column + start;
                out.extend(text_of(&cells[column..gap]));
                let _ = write!(out, "\x1b[K\x1b[{count}C");
                self.sent[row][column..gap].copy_from_slice(&cells.map(Some)[column..gap]);
                self.sent[row][gap..].fill(Some(BLANK));
                column = gap + count;
                self.cursor = Some((row, column));
                continue;
            }
            out.extend(text_of(&cells[column..end]));
            // In the last column a terminal waits to wrap: where its cursor is depends on the terminal.
            self.cursor = (end < COLUMNS).then_some((row, end));
            column = end;
        }
        self.sent[row] = cells.map(Some);
    }

    /// Where blanks begin that are worth a cursor move, and how many they are. After them comes text.
    fn long_gap(&self, cells: &[Cell]) -> Option<(usize, usize)> {
        if self.cursor_right == 0 {
            return None;
        }
        let mut start = 0;
        for (at, cell) in cells.iter().enumerate() {
            if *cell != BLANK {
                if at - start >= self.cursor_right {
                    return Some((start, at - start));
                }
                start = at + 1;
            }
        }
        None
    }

    fn go(&mut self, out: &mut String, row: usize, column: usize) {
        if self.cursor == Some((row, column)) {
            return;
        }
        match self.cursor {
            Some((from, _)) if from + 1 == row && column == 0 => out.push_str("\r\n"),
            _ => {
                let _ = write!(out, "\x1b[{};{}H", row + 1, column + 1);
            }
        }
        self.cursor = Some((row, column));
    }
}

fn text_of(cells: &[Cell]) -> impl Iterator<Item = char> {
    cells.iter().filter_map(|cell| match cell {
        Cell::Char(character) => Some(*character),
        Cell::Tail => None,
    })
}

impl Stream {
    /// Takes a part of what a program did: changes the console and returns what is sent.
    pub(super) fn operate(&mut self, op: &Op, buffer: &mut TextBuffer) -> String {
        let mut out = String::new();
        match op {
            Op::Write(text) => {
                for character in text.chars() {
                    if character == '\t' {
                        (0..buffer.blanks_of_tab()).for_each(|_| self.put(&mut out, ' ', buffer));
                    } else {
                        self.put(&mut out, character, buffer);
                    }
                }
                self.flush_blanks(&mut out);
            }
            Op::Clear => {
                buffer.clear();
                out.push_str(CLEAR);
                self.terminal = buffer.place();
                self.pending = false;
            }
            Op::Title(title) => {
                if self.titles {
                    let _ = write!(out, "\x1b]0;{title}\u{7}");
                }
            }
        }
        out
    }

    fn put(&mut self, out: &mut String, character: char, buffer: &mut TextBuffer) {
        if character < ' ' {
            self.flush_blanks(out);
            if self.pending {
                self.go(out, buffer.place());
            }
        }
        match buffer.put(character) {
            Effect::Put { at, cells, over } => {
                let fits = character == ' ' && over == Over::Blank && at.column + cells < COLUMNS;
                let joined = Place { column: self.terminal.column + self.blanks, ..self.terminal };
                if fits && !self.pending && joined == at {
                    self.blanks += 1;
                    return;
                }
                self.flush_blanks(out);
                if self.pending && at == (Place { line: self.terminal.line + 1, column: 0 }) {
                    (self.terminal, self.pending) = (at, false);
                }
                self.go(out, at);
                out.push(character);
                self.terminal.column += cells;
                if self.terminal.column >= COLUMNS {
                    self.pending = true;
                    if self.wrap == Wrap::NewLine {
                        self.go(out, buffer.place());
                    }
                }
            }
            Effect::Moved => match character {
                '\r' => {
                    out.push('\r');
                    self.terminal.column = 0;
                }
                '\n' if self.terminal.column == 0 => {
                    out.push('\n');
                    self.terminal.line += 1;
                }
                _ => self.go(out, buffer.place()),
            },
            Effect::Nothing => out.extend((character == '\u{7}').then_some(character)),
        }
    }

    fn flush_blanks(&mut self, out: &mut String) {
        let count = std::mem::take(&mut self.blanks);
        if count == 0 {
            return;
        }
        if self.cursor_right > 0 && count >= self.cursor_right {
            let _ = write!(out, "\x1b[{count}C");
        } else {
            out.extend(std::iter::repeat_n(' ', count));
        }
        self.terminal.column += count;
    }

    /// Moves the terminal's cursor, by relative moves alone: the terminal may show other lines above.
    fn go(&mut self, out: &mut String, to: Place) {
        if self.pending {
            out.push('\r');
            self.terminal.column = 0;
            self.pending = false;
        }
        while self.terminal.line > to.line {
            out.push_str("\x1b[A");
            self.terminal.line -= 1;
        }
        while self.terminal.line < to.line {
            if self.terminal.column > 0 {
                out.push('\r');
                self.terminal.column = 0;
            }
            out.push('\n');
            self.terminal.line += 1;
        }
        if to.column + 1 == self.terminal.column {
            out.push('\u{8}');
        } else if to.column < self.terminal.column {
            out.push('\r');
            self.terminal.column = 0;
        }
        if to.column > self.terminal.column && to.column + 1 != self.terminal.column {
            let _ = write!(out, "\x1b[{}C", to.column - self.terminal.column);
        }
        self.terminal = to;
    }
}

#[cfg(test)]
mod tests;
