//! The terminal model: what a person would see, where the cursor is, and the text that went by.
//!
//! The only module that names `vt100`. Text arrives decoded ([`crate::encoding`]), one character after the
//! other, and every answer depends on the characters alone, never on how reads cut them.
//!
//! Two views of the same stream:
//! - the **screen**, 24 rows of 80 cells: prompts and echoes are read here, since Server 2016 and 2019 send only
//!   what differs from what is already shown (Oxide Propolis, phd-tests);
//! - the **[`Transcript`]**: the text in the order in which it came, with cursor addressing kept apart from line
//!   ends, for what truly is a stream (SAC's messages and events).

mod transcript;

use std::num::NonZeroU16;

pub use transcript::{ADDRESSED, Offset, Transcript};

/// Rows of a SAC console (24: ReactOS vtutf8chan.c; Azure docs).
pub const ROWS: u16 = 24;
/// Columns of a SAC console.
pub const COLUMNS: u16 = 80;

/// What is drawn for a character that vt100 passes over.
const STAND_IN: char = '\u{fffc}';

/// The terminal model.
pub struct Screen {
    terminal: vt100::Parser,
    transcript: Transcript,
}

/// A cell position on the screen, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Row, 0 at the top.
    pub row: u16,
    /// Column; [`COLUMNS`] when the last cell of the row was just written and the terminal has not wrapped yet.
    pub column: u16,
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Screen {
    /// A blank screen.
    pub fn new() -> Self {
        let rows = NonZeroU16::new(ROWS).unwrap_or(NonZeroU16::MIN);
        let columns = NonZeroU16::new(COLUMNS).unwrap_or(NonZeroU16::MIN);
        Self { terminal: vt100::Parser::new(rows, columns, 0), transcript: Transcript::default() }
    }

    /// Takes one character of the stream.
    pub fn feed(&mut self, character: char) {
        let mut buffer = [0; 4];
        // vt100 draws neither U+FFFD nor the control characters above ASCII, but the machine does: what a bad byte became
        // stands in its line, and must be seen.
        let is_passed_over = matches!(character, char::REPLACEMENT_CHARACTER | '\u{80}'..='\u{9f}');
        let drawn = if is_passed_over { STAND_IN } else { character };
        self.terminal.process(drawn.encode_utf8(&mut buffer).as_bytes());
        self.transcript.feed(character);
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Position {
        let (row, column) = self.terminal.screen().cursor_position();
        Position { row, column: column.min(COLUMNS) }
    }

    /// The text of a row without trailing blanks.
    pub fn row(&self, row: u16) -> String {
        let mut text = self.cells(row, 0, COLUMNS);
        text.truncate(text.trim_end().len());
        text
    }

    /// The row of the cursor, from its start to the cursor, blanks included.
    pub fn before_cursor(&self) -> String {
        let cursor = self.cursor();
        self.cells(cursor.row, 0, cursor.column)
    }

    /// Whether the row of the cursor, from its start to the cursor, is exactly this text. As [`Screen::before_cursor`],
    /// for those who ask after each character: the first cell that differs ends it.
    pub fn is_before_cursor(&self, text: &str) -> bool {
        let cursor = self.cursor();
        self.reads(cursor.row, text) == Some(cursor.column)
    }

    /// Whether the row of the cursor begins with this text, and the cursor is behind it.
    pub fn begins_before_cursor(&self, text: &str) -> bool {
        let cursor = self.cursor();
        self.reads(cursor.row, text).is_some_and(|end| end <= cursor.column)
    }

    /// Whether the row of the cursor begins with this text, with nothing but blanks between it and the cursor.
    pub fn is_before_blanks(&self, text: &str) -> bool {
        let cursor = self.cursor();
        let end = self.reads(cursor.row, text).filter(|end| *end <= cursor.column);
        end.is_some_and(|end| self.are_blank(cursor.row, end..cursor.column))
    }

    /// Whether a row begins with this text.
    pub fn row_begins(&self, row: u16, text: &str) -> bool {
        self.reads(row, text).is_some()
    }

    /// Whether a row is this text, trailing blanks left out.
    pub fn row_is(&self, row: u16, text: &str) -> bool {
        self.reads(row, text).is_some_and(|end| self.are_blank(row, end..COLUMNS))
    }

    /// Whether nothing stands in a row.
    pub fn is_blank(&self, row: u16) -> bool {
        self.row_is(row, "")
    }

    /// The first two characters of the row of the cursor and the last one before the cursor: enough to tell, after each
    /// character, that something cannot stand there. None: the cursor is not behind a second character.
    pub fn glance(&self) -> Option<(char, char, char)> {
        let Position { row, column } = self.cursor();
        (column > 1)
            .then(|| (self.first_char(row, 0), self.first_char(row, 1), self.first_char(row, column - 1)))
    }

    /// Walks `text` over the cells of one row from its start; the column where it ends.
    fn reads(&self, row: u16, text: &str) -> Option<u16> {
        let (mut rest, mut column) = (text, 0);
        while !rest.is_empty() {
            let cell = self.terminal.screen().cell(row, column)?;
            rest = rest.strip_prefix(shown(cell))?;
            column += if cell.is_wide() { 2 } else { 1 };
        }
        Some(column)
    }

    fn are_blank(&self, row: u16, mut columns: std::ops::Range<u16>) -> bool {
        columns.all(|column| self.terminal.screen().cell(row, column).is_none_or(|cell| shown(cell) == " "))
    }

    fn first_char(&self, row: u16, column: u16) -> char {
        self.terminal.screen().cell(row, column).and_then(|cell| shown(cell).chars().next()).unwrap_or(' ')
    }

    /// The row of the cursor from the cursor on, without trailing blanks.
    pub fn after_cursor(&self) -> String {
        let cursor = self.cursor();
        let mut text = self.cells(cursor.row, cursor.column, COLUMNS);
        text.truncate(text.trim_end().len());
        text
    }

    /// All rows as text, trailing blanks and trailing empty rows left out. For people and for searching.
    pub fn text(&self) -> String {
        let rows: Vec<String> = (0..ROWS).map(|row| self.row(row)).collect();
        let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        rows[..used].join("\n")
    }

    /// The text in the order in which it came.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Something new begins: of the text that came before only the last 4 KiB are kept.
    pub fn forget(&mut self) {
        self.transcript.forget();
    }

    /// How often the whole screen was erased (`ESC[2J`): a repaint begins with it.
    pub fn epoch(&self) -> u64 {
        self.transcript.erased()
    }

    /// Whether `text`, begun in the first column of some row and wrapped at the right edge, ends exactly at the
    /// cursor.
    ///
    /// This is how an echo is proven: prompt and typed line together, cell by cell, whatever the console did to
    /// draw them. A wide character never splits: when it does not fit, the last cell of the row stays blank
    /// (Windows console). A line that fills its row leaves the cursor either past the edge or on the next row.
    pub fn spells_before_cursor(&self, text: &str) -> bool {
        let cursor = self.cursor();
        // Asked after each character of a long echo: mostly the column says that it cannot end here.
        if text.is_ascii() && text.len() % usize::from(COLUMNS) != usize::from(cursor.column % COLUMNS) {
            return false;
        }
        (0..=cursor.row).rev().any(|row| {
            self.spells(row, text).is_some_and(|end| end == cursor || past_the_edge(end) == cursor)
        })
    }

    /// Where `text` is spelled from the first column of some row, what stands between its end and the cursor, when the
    /// cursor is on the row where it ends or has wrapped from it. `None`: it is spelled nowhere, or the cursor left.
    pub fn spelled_and_more(&self, text: &str) -> Option<String> {
        let cursor = self.cursor();
        (0..=cursor.row).rev().find_map(|row| {
            let end = self.spells(row, text)?;
            if end > cursor && past_the_edge(end) != cursor {
                return None;
            }
            let mut more = String::new();
            for row in end.row..=cursor.row {
                let from = if row == end.row { end.column } else { 0 };
                let to = if row == cursor.row { cursor.column } else { COLUMNS };
                // A row that is not full did not wrap: what follows it is something else.
                if row < cursor.row && self.row(row).chars().count() < usize::from(COLUMNS) {
                    return None;
                }
                more.push_str(&self.cells(row, from, to));
            }
            Some(more)
        })
    }

    /// Walks `text` over the cells from the start of `row`; where it ends, or `None` when the cells differ.
    fn spells(&self, row: u16, text: &str) -> Option<Position> {
        let screen = self.terminal.screen();
        let mut at = Position { row, column: 0 };
        for expected in text.chars() {
            at = past_the_edge(at);
            let mut cell = screen.cell(at.row, at.column)?;
            if at.column == COLUMNS - 1 && !cell.has_contents() && expected != ' ' {
                at = Position { row: at.row + 1, column: 0 };
                cell = screen.cell(at.row, at.column)?;
                if !cell.is_wide() {
                    return None;
                }
            }
            let mut shown = cell.contents().chars();
            let same = match shown.next() {
                None => expected == ' ',
                Some(first) => first == expected && shown.next().is_none(),
            };
            if !same {
                return None;
            }
            at.column += if cell.is_wide() { 2 } else { 1 };
        }
        Some(at)
    }

    fn cells(&self, row: u16, from: u16, to: u16) -> String {
        let screen = self.terminal.screen();
        let mut text = String::new();
        for column in from..to {
            match screen.cell(row, column) {
                Some(cell) if cell.is_wide_continuation() => {}
                Some(cell) => text.push_str(shown(cell)),
                None => text.push(' '),
            }
        }
        text
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("cursor", &self.cursor())
            .field("text", &self.text())
            .finish_non_exhaustive()
    }
}

/// What a cell shows: a blank where nothing was drawn, and the bad byte itself where a stand-in was.
fn shown(cell: &vt100::Cell) -> &str {
    match cell.contents() {
        "" => " ",
        drawn if drawn.starts_with(STAND_IN) => "\u{fffd}",
        drawn => drawn,
    }
}

/// The same place, named as a terminal does that has wrapped already.
fn past_the_edge(at: Position) -> Position {
    if at.column >= COLUMNS { Position { row: at.row + 1, column: 0 } } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(text: &str) -> Screen {
        let mut screen = Screen::new();
        text.chars().for_each(|c| screen.feed(c));
        screen
    }

    #[test]
    fn a_row_is_read_without_trailing_blanks_and_up_to_the_cursor_with_them() {
        let screen = fed("Username: ");
        assert_eq!(screen.row(0), "Username:");
        assert_eq!(screen.before_cursor(), "Username: ");
        assert_eq!(screen.text(), "Username:");
    }

    #[test]
    fn a_row_is_compared_as_it_is_read() {
        let screen = fed("q>\u{fffd}한\u{301} \r\n\r\n  x\x1b[1;8H");
        let (row, before) = (screen.row(0), screen.before_cursor());
        assert_eq!((&*row, &*before), ("q>\u{fffd}한\u{301}", "q>\u{fffd}한\u{301}  "));
        assert!(screen.row_is(0, &row) && screen.row_begins(0, &row) && screen.row_begins(0, "q>"));
        assert!(screen.is_before_cursor(&before) && screen.is_before_blanks(&row));
        for other in ["q>한", "q>\u{fffd}한", "x"] {
            assert!(!screen.row_is(0, other) && !screen.is_before_cursor(other), "{other}");
            assert!(!screen.is_before_blanks(other), "{other}");
        }
        assert!(!screen.is_before_cursor(&row) && !screen.row_is(0, "q>"));
        assert!(screen.is_blank(1) && !screen.is_blank(2) && screen.row_is(2, "  x"));
        assert_eq!(screen.glance(), Some(('q', '>', ' ')));
        assert!(
            fed("q>x\x1b[1;3H").begins_before_cursor("q>") && !fed("q>x\x1b[1;2H").begins_before_cursor("q>")
        );
        assert_eq!(fed("q").glance(), None);
    }

    #[test]
    fn what_a_bad_byte_became_stands_in_the_line() {
        let screen = fed("q>\u{fffd}echo");
        assert_eq!(screen.before_cursor(), "q>\u{fffd}echo");
        for altered in ["q>\u{80}echo", "q>ec\u{9b}ho", "q>echo\u{9f}"] {
            assert!(!fed(altered).spells_before_cursor("q>echo"), "{altered:?}");
        }
        assert!(!screen.spells_before_cursor("q>echo"));
        assert!(!fed("q>ec\u{fffd}ho").spells_before_cursor("q>echo"));
        assert!(!fed("q>echo\u{fffd}").spells_before_cursor("q>echo"));
        // One cell wide, as on the machine, which goes on drawing behind it.
        assert!(fed("\u{fffd}\u{1b}[1;2Hq").spells_before_cursor("\u{fffc}q"));
    }

    #[test]
    fn nul_bytes_around_a_prompt_are_nothing() {
        let screen = fed("C:\\Windows\\\0system32>\0");
        assert_eq!(screen.before_cursor(), "C:\\Windows\\system32>");
    }

    #[test]
    fn an_echo_is_proven_across_rows_however_it_was_drawn() {
        let line = "x".repeat(150);
        let prompt = "C:\\>";
        let whole = format!("{prompt}{line}");
        // Streamed, the terminal wraps by itself.
        assert!(fed(&format!("junk\r\n{whole}")).spells_before_cursor(&whole));
        // Drawn by cursor addressing, row by row.
        let drawn = format!("\x1b[5;1H{}\x1b[6;1H{}", &whole[..80], &whole[80..]);
        assert!(fed(&drawn).spells_before_cursor(&whole));
        // One character is missing, doubled, or different.
        for wrong in
            [&whole[..whole.len() - 1], &format!("{whole}x"), &format!("{}y", &whole[..whole.len() - 1])]
        {
            assert!(!fed(wrong).spells_before_cursor(&whole), "{wrong}");
        }
    }

    #[test]
    fn what_stands_behind_a_text_is_read_up_to_the_cursor() {
        assert_eq!(fed("q>echo a b").spelled_and_more("q>echo").as_deref(), Some(" a b"));
        assert_eq!(fed("q>echo ").spelled_and_more("q>echo").as_deref(), Some(" "));
        assert_eq!(fed("q>echo\r\n").spelled_and_more("q>echo"), None);
        assert_eq!(fed("q>echo\r").spelled_and_more("q>echo"), None);
        assert_eq!(fed("q>exho").spelled_and_more("q>echo"), None);
        let wrapped = format!("q>{}", "x".repeat(100));
        assert_eq!(fed(&wrapped).spelled_and_more("q>").as_deref(), Some(&wrapped[2..]));
    }

    #[test]
    fn a_line_that_fills_its_row_ends_at_the_edge_or_on_the_next_row() {
        let whole = "y".repeat(160);
        assert!(fed(&whole).spells_before_cursor(&whole));
        assert!(fed(&format!("{whole}\r\n")).spells_before_cursor(&whole));
        assert!(!fed(&format!("{whole}\r\n ")).spells_before_cursor(&whole));
    }

    #[test]
    fn a_wide_character_leaves_the_last_cell_blank() {
        let whole = format!("{}한글", "z".repeat(79));
        assert!(fed(&whole).spells_before_cursor(&whole));
        let short = format!("{}한글", "z".repeat(75));
        assert!(fed(&short).spells_before_cursor(&short));
        assert!(!fed(&format!("{}한", "z".repeat(79))).spells_before_cursor(&whole));
    }

    #[test]
    fn trailing_blanks_count() {
        assert!(fed("C:\\>echo a  ").spells_before_cursor("C:\\>echo a  "));
        assert!(!fed("C:\\>echo a ").spells_before_cursor("C:\\>echo a  "));
    }
}
