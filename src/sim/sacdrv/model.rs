//! The 24x80 model behind a VT-UTF8 channel: what text does to it, and the repaint that shows it (ReactOS vtutf8chan.c).

use std::fmt::Write as _;

use crate::sim::options::{ModelLineEnds, RepaintColours, ScrolledRows};

/// Rows of the model.
pub(super) const ROWS: usize = 24;
/// Columns of the model.
pub(super) const COLUMNS: usize = 80;

const BLINK: u8 = 1;
const BOLD: u8 = 2;
const INVERSE: u8 = 4;

/// How a cell is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    flags: u8,
    fore: u8,
    back: u8,
}

/// One cell: a UTF-16 unit, 0 in rows that came in by scrolling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    unit: u16,
    look: Look,
}

/// The screen of one channel.
#[derive(Debug, Clone)]
pub(super) struct Model {
    cells: Vec<[Cell; COLUMNS]>,
    row: usize,
    column: usize,
    look: Look,
    line_ends: ModelLineEnds,
}

const PLAIN: Look = Look { flags: 0, fore: 37, back: 40 };
const BLANK: Cell = Cell { unit: b' ' as u16, look: PLAIN };
const ZERO: Cell = Cell { unit: 0, look: Look { flags: 0, fore: 0, back: 0 } };

impl Model {
    pub(super) fn new(line_ends: ModelLineEnds) -> Self {
        Self { cells: vec![[BLANK; COLUMNS]; ROWS], row: 0, column: 0, look: PLAIN, line_ends }
    }

    /// Takes text of the channel's program. A sequence that is cut by the end of `text` is not recognised.
    pub(super) fn write(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut at = 0;
        while let Some(&unit) = units.get(at) {
            if unit == 0x1b {
                // Of a sequence that is not known only the ESC is dropped; the rest becomes text.
                at += self.sequence(&units[at + 1..]).map_or(1, |length| 1 + length);
                continue;
            }
            self.unit(unit);
            at += 1;
        }
    }

    /// The whole screen as it goes on the wire when the channel is viewed.
    pub(super) fn repaint(&self, colours: RepaintColours, scrolled: ScrolledRows) -> Vec<u8> {
        let mut out = String::from("\x1b[2J\x1b[1;1H\x1b[0m");
        let mut look = self.look;
        push_look(&mut out, look, colours);
        let mut out = out.into_bytes();
        for (row, cells) in self.cells.iter().enumerate() {
            if row > 0 {
                out.extend(position(row, 0).bytes());
            }
            for cell in cells {
                let cell = if *cell == ZERO && scrolled == ScrolledRows::Blanks { &BLANK } else { cell };
                let mut change = String::new();
                if (cell.look.fore, cell.look.back) != (look.fore, look.back) {
                    push_colours(&mut change, cell.look, colours);
                }
                if cell.look.flags != look.flags {
                    push_flags(&mut change, cell.look.flags);
                }
                look = cell.look;
                out.extend(change.bytes());
                if cell.unit != 0 {
                    out.extend(encode(cell.unit));
                }
            }
        }
        let mut end = position(self.row, self.column);
        push_look(&mut end, self.look, colours);
        out.extend(end.bytes());
        out
    }

    fn unit(&mut self, unit: u16) {
        let (carriage_return, line_feed) = match self.line_ends {
            ModelLineEnds::Usual => (0x0d, 0x0a),
            ModelLineEnds::Swapped => (0x0a, 0x0d),
        };
        match unit {
            unit if unit == carriage_return => self.column = 0,
            unit if unit == line_feed => self.next_row(),
            0x09 => {
                for _ in 0..4 - self.column % 4 {
                    self.put(b' '.into());
                }
            }
            0x08 | 0x7f => self.column = self.column.saturating_sub(1),
            0..0x20 => {}
            unit => self.put(unit),
        }
    }

    fn put(&mut self, unit: u16) {
        self.cells[self.row][self.column] = Cell { unit, look: self.look };
        // No wrap: the last column is written over and over.
        self.column = (self.column + 1).min(COLUMNS - 1);
    }

    fn next_row(&mut self) {
        self.row += 1;
        if self.row == ROWS {
            self.cells.remove(0);
            self.cells.push([ZERO; COLUMNS]);
            self.row -= 1;
        }
    }

    /// Executes the sequence after an ESC and returns its length, or `None` when it is not one the driver knows.
    fn sequence(&mut self, units: &[u16]) -> Option<usize> {
        let text: String =
            units.iter().take(16).map(|&unit| u8::try_from(unit).map_or('\u{7f}', char::from)).collect();
        let body = text.strip_prefix('[')?;
        let end = body.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        let last = body[end..].chars().next()?;
        let parameters = &body[..end];
        let length = 1 + end + 1;
        let numbers: Vec<usize> = match parameters {
            "" => Vec::new(),
            _ => {
                parameters.trim_end_matches(';').split(';').map(|n| n.parse().ok()).collect::<Option<_>>()?
            }
        };
        let trailing = parameters.ends_with(';');
        match (last, numbers.as_slice(), trailing) {
            ('A', [], false) => self.row = self.row.saturating_sub(1),
            ('B', [], false) => self.row = (self.row + 1).min(ROWS - 1),
            ('C', [], false) => self.column = (self.column + 1).min(COLUMNS - 1),
            ('D', [], false) => self.column = self.column.saturating_sub(1),
            ('K', [], false) => self.erase(self.row, self.column..COLUMNS),
            ('K', [1], false) => self.erase(self.row, 0..self.column + 1),
            ('K', [2], false) => self.erase(self.row, 0..COLUMNS),
            ('J', [], false) => self.erase_below(),
            ('J', [1], false) => {
                (0..self.row).for_each(|row| self.erase(row, 0..COLUMNS));
                self.erase(self.row, 0..self.column + 1);
            }
            ('J', [2], false) => (0..ROWS).for_each(|row| self.erase(row, 0..COLUMNS)),
            ('Z', [0], false) => self.column = self.column.saturating_sub(1) / 4 * 4,
            ('m', [number], false) => return self.attribute(*number).then_some(length),
            ('m', [fore, back], false) => {
                self.look = Look { fore: *fore as u8, back: *back as u8, ..self.look };
            }
            ('m', [flags, fore, back], false) => {
                self.look = Look { flags: *flags as u8, fore: *fore as u8, back: *back as u8 };
            }
            ('H', [row, column], _) | ('f', [row, column], true) => {
                self.row = row.saturating_sub(1).min(ROWS - 1);
                self.column = column.saturating_sub(1).min(COLUMNS - 1);
            }
            // The scroll region is accepted; that the model then scrolls only there is not known.
            ('r', [_, _], true) => {}
            _ => return None,
        }
        Some(length)
    }

    fn attribute(&mut self, number: usize) -> bool {
        match number {
            0 => self.look = PLAIN,
            1 => self.look.flags |= BOLD,
            5 => self.look.flags |= BLINK,
            7 => self.look.flags |= INVERSE,
            22 => self.look.flags &= !BOLD,
            25 => self.look.flags &= !BLINK,
            27 => self.look.flags &= !INVERSE,
            30..=37 => self.look.fore = number as u8,
            40..=47 => self.look.back = number as u8,
            _ => return false,
        }
        true
    }

    fn erase(&mut self, row: usize, columns: std::ops::Range<usize>) {
        self.cells[row][columns].fill(Cell { unit: b' '.into(), look: self.look });
    }

    fn erase_below(&mut self) {
        self.erase(self.row, self.column..COLUMNS);
        (self.row + 1..ROWS).for_each(|row| self.erase(row, 0..COLUMNS));
    }
}

/// UTF-16 units as the driver sends them: each on its own, in one to three bytes.
pub(super) fn encode(unit: u16) -> impl Iterator<Item = u8> {
    let (bytes, length) = match unit {
        0..0x80 => ([unit as u8, 0, 0], 1),
        0x80..0x800 => ([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8, 0], 2),
        _ => ([0xe0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8], 3),
    };
    bytes.into_iter().take(length)
}

fn position(row: usize, column: usize) -> String {
    format!("\x1b[{};{}H", row + 1, column + 1)
}

fn push_flags(out: &mut String, flags: u8) {
    for (flag, on, off) in [(BOLD, 1, 22), (BLINK, 5, 25), (INVERSE, 7, 27)] {
        let number = if flags & flag == 0 { off } else { on };
        let _ = write!(out, "\x1b[{number}m");
    }
}

fn push_colours(out: &mut String, look: Look, colours: RepaintColours) {
    let _ = match colours {
        RepaintColours::Apart => write!(out, "\x1b[{}m\x1b[{}m", look.back, look.fore),
        RepaintColours::Together => write!(out, "\x1b[{};{}m", look.fore, look.back),
    };
}

fn push_look(out: &mut String, look: Look, colours: RepaintColours) {
    if colours == RepaintColours::Apart || look.flags != 0 {
        push_flags(out, look.flags);
    }
    push_colours(out, look, colours);
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "\x1b[2J\x1b[1;1H\x1b[0m\x1b[22m\x1b[25m\x1b[27m\x1b[40m\x1b[37m";
    const PLAIN_END: &str = "\x1b[22m\x1b[25m\x1b[27m\x1b[40m\x1b[37m";

    fn after(text: &str) -> Model {
        let mut model = Model::new(ModelLineEnds::Usual);
        model.write(text);
        model
    }

    fn painted(model: &Model) -> Vec<u8> {
        model.repaint(RepaintColours::default(), ScrolledRows::default())
    }

    fn row(model: &Model, row: usize) -> String {
        let units: Vec<u16> =
            model.cells[row].iter().map(|cell| cell.unit).filter(|&unit| unit != 0).collect();
        String::from_utf16_lossy(&units).trim_end().to_owned()
    }

    /// The rows of a repaint, each padded to 80 columns, as one string.
    fn padded(rows: &[&str]) -> String {
        let rows: Vec<String> = (0..ROWS)
            .map(|at| {
                let text = rows.get(at).copied().unwrap_or("");
                let lead = if at == 0 { String::new() } else { position(at, 0) };
                format!("{lead}{text:<80}")
            })
            .collect();
        rows.concat()
    }

    #[test]
    fn a_repaint_is_these_bytes_in_this_order() {
        let model = after("\r\nComputer\r\nSAC>");
        let expected = format!("{START}{}\x1b[3;5H{PLAIN_END}", padded(&["", "Computer", "SAC>"]));
        assert_eq!(String::from_utf8(painted(&model)).unwrap(), expected);
    }

    #[test]
    fn looks_are_sent_where_they_change_colours_first() {
        let model = after("a\x1b[7m\x1b[31mb\x1b[0mc");
        let sent = String::from_utf8(painted(&model)).unwrap();
        let first = format!(
            "{START}a\x1b[40m\x1b[31m\x1b[22m\x1b[25m\x1b[7mb\x1b[40m\x1b[37m\x1b[22m\x1b[25m\x1b[27mc"
        );
        assert_eq!(sent[..first.len()], first);
    }

    #[test]
    fn rows_that_came_in_by_scrolling_are_not_padded() {
        let mut model = Model::new(ModelLineEnds::Usual);
        for number in 0..ROWS {
            model.write(&format!("line {number}\r\n"));
        }
        model.write("SAC>");
        let sent = String::from_utf8(painted(&model)).unwrap();
        assert!(sent.contains(&format!("\x1b[23;1H{:<80}\x1b[24;1HSAC>", "line 23")));
        assert!(sent.ends_with(&format!("SAC>\x1b[0m\x1b[0m\x1b[24;5H{PLAIN_END}")), "{sent:?}");
    }

    #[test]
    fn a_repaint_has_variants() {
        let mut model = Model::new(ModelLineEnds::Usual);
        (0..ROWS).for_each(|number| model.write(&format!("line {number}\r\n")));
        model.write("SAC>");
        let sent = String::from_utf8(model.repaint(RepaintColours::Together, ScrolledRows::Blanks)).unwrap();
        assert!(sent.starts_with("\x1b[2J\x1b[1;1H\x1b[0m\x1b[37;40mline 1 "), "{sent:?}");
        assert!(sent.ends_with(&format!("\x1b[24;1H{:<80}\x1b[24;5H\x1b[37;40m", "SAC>")), "{sent:?}");
    }

    #[test]
    fn the_last_column_is_overwritten_and_what_is_past_it_lost() {
        let model = after(&format!("{}XYZ\r\nnext", "-".repeat(79)));
        assert_eq!(row(&model, 0), format!("{}Z", "-".repeat(79)));
        assert_eq!(row(&model, 1), "next");
    }

    #[test]
    fn controls_and_sequences() {
        for (text, rows, cursor) in [
            ("ab\tc", &["ab  c"][..], (0, 5)),
            ("abcd\te", &["abcd    e"], (0, 9)),
            ("abc\u{8}X", &["abX"], (0, 3)),
            ("abc\u{7f}\u{7f}X", &["aXc"], (0, 2)),
            ("a\u{7}\u{0}b", &["ab"], (0, 2)),
            ("abc\rX", &["Xbc"], (0, 1)),
            ("abc\nX", &["abc", "   X"], (1, 4)),
            ("abc\x1b[DX", &["abX"], (0, 3)),
            ("a\x1b[Bb\x1b[Ac\x1b[Cd", &["a c d", " b"], (0, 5)),
            ("abc\x1b[1;2H\x1b[K", &["a"], (0, 1)),
            ("abc\x1b[1;2H\x1b[1K", &["  c"], (0, 1)),
            ("abc\x1b[1;2H\x1b[2K", &[""], (0, 1)),
            ("ab\r\ncd\r\nef\x1b[2;2H\x1b[J", &["ab", "c", ""], (1, 1)),
            ("ab\r\ncd\r\nef\x1b[2;2H\x1b[1J", &["", "", "ef"], (1, 1)),
            ("ab\r\ncd\x1b[2J", &["", ""], (1, 2)),
            ("\x1b[3;4;Hx\x1b[4;4;fy", &["", "", "   x", "   y"], (3, 4)),
            ("\x1b[99;99Hx", &[""], (23, 79)),
            ("\x1b[?25lx", &["[?25lx"], (0, 6)),
            ("\x1b[5Cx", &["[5Cx"], (0, 4)),
            ("\x1b]0;title\u{7}x", &["]0;titlex"], (0, 9)),
            ("\x1b[38mx", &["[38mx"], (0, 5)),
            ("\x1b[31;44mx\x1b[1;30;47my", &["xy"], (0, 2)),
            ("x\x1b[1", &["x[1"], (0, 3)),
            ("한글", &["한글"], (0, 2)),
        ] {
            let model = after(text);
            for (at, expected) in rows.iter().enumerate() {
                assert_eq!(row(&model, at), *expected, "{text:?}");
            }
            assert_eq!((model.row, model.column), cursor, "{text:?}");
        }
    }

    #[test]
    fn line_ends_may_be_swapped_and_pairs_do_the_same() {
        let mut model = Model::new(ModelLineEnds::Swapped);
        model.write("ab\r\ncd\re");
        assert_eq!((row(&model, 1), row(&model, 2)), ("cd".to_owned(), "  e".to_owned()));
    }

    #[test]
    fn units_are_sent_in_one_to_three_bytes() {
        let sent = |text: &str| text.encode_utf16().flat_map(encode).collect::<Vec<u8>>();
        for text in ["a", "é", "한글 ─"] {
            assert_eq!(sent(text), text.as_bytes());
        }
        assert_eq!(sent("😀"), [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]);
    }
}
