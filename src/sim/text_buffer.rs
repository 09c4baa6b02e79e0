//! The 80x24 screen buffer of a Windows console: what programs write becomes cells.

/// Rows of the console of a CMD channel.
pub(super) const ROWS: usize = 24;
/// Columns of the console of a CMD channel.
pub(super) const COLUMNS: usize = 80;
/// Distance of tab stops.
const TAB: usize = 8;

/// One cell. A wide character takes two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A character; a wide one when a [`Cell::Tail`] follows.
    Char(char),
    /// The right half of a wide character.
    Tail,
}

/// A place on the screen that survives scrolling: `line` counts from the first line ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What one character did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was put at that place and takes that many cells; they were blank before or not.
    Put { at: Place, cells: usize, over: Over },
    /// The cursor moved.
    Moved,
    /// Nothing that can be seen (BEL among it).
    Nothing,
}

/// What was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Blank,
    Text,
}

/// The buffer and its cursor.
#[derive(Debug, Clone)]
pub(super) struct TextBuffer {
    rows: Vec<[Cell; COLUMNS]>,
    row: usize,
    column: usize,
    /// Lines that have left the screen at the top.
    scrolled: usize,
}

pub(super) const BLANK: Cell = Cell::Char(' ');

impl TextBuffer {
    pub(super) fn new() -> Self {
        Self { rows: vec![[BLANK; COLUMNS]; ROWS], row: 0, column: 0, scrolled: 0 }
    }

    /// The cells, row by row.
    pub(super) fn rows(&self) -> &[[Cell; COLUMNS]] {
        &self.rows
    }

    /// The cursor's row and column, from 0.
    pub(super) fn cursor(&self) -> (usize, usize) {
        (self.row, self.column)
    }

    /// The cursor's place.
    pub(super) fn place(&self) -> Place {
        Place { line: self.scrolled + self.row, column: self.column }
    }

    /// Blanks everything and homes the cursor.
    pub(super) fn clear(&mut self) {
        self.rows.fill([BLANK; COLUMNS]);
        self.scrolled += self.row;
        (self.row, self.column) = (0, 0);
    }

    /// Takes one character as a console with processed output and wrapping at the end of a line does: the cursor
    /// leaves the last column at once, and a line feed goes to the first column.
    pub(super) fn put(&mut self, character: char) -> Effect {
        match character {
            '\r' => self.column = 0,
            '\n' => {
                self.column = 0;
                self.next_row();
            }
            '\u{8}' => {
                if self.column > 0 {
                    self.column -= 1;
                } else if self.row > 0 {
                    self.row -= 1;
                    self.column = COLUMNS - 1;
                }
            }
            '\u{7}' | '\0' => return Effect::Nothing,
            character => return self.print(character),
        }
        Effect::Moved
    }

    /// How many blanks a tab is at the cursor.
    pub(super) fn blanks_of_tab(&self) -> usize {
        TAB - self.column % TAB
    }

    fn print(&mut self, character: char) -> Effect {
        let cells = cells_of(character);
        if self.column + cells > COLUMNS {
            // A wide character is not split: the last cell stays as it is.
            self.column = 0;
            self.next_row();
        }
        let at = self.place();
        let under = &self.rows[self.row][self.column..self.column + cells];
        let over = if under.iter().all(|cell| *cell == BLANK) { Over::Blank } else { Over::Text };
        self.cover(cells);
        let row = &mut self.rows[self.row];
        row[self.column] = Cell::Char(character);
        if cells == 2 {
            row[self.column + 1] = Cell::Tail;
        }
        self.column += cells;
        if self.column == COLUMNS {
            self.column = 0;
            self.next_row();
        }
        Effect::Put { at, cells, over }
    }

    /// Makes room for that many cells at the cursor: what is left of a wide character on either side becomes blank.
    fn cover(&mut self, cells: usize) {
        let (start, end) = (self.column, self.column + cells);
        let row = &mut self.rows[self.row];
        if row[start] == Cell::Tail && start > 0 {
            row[start - 1] = BLANK;
        }
        if row.get(end) == Some(&Cell::Tail) {
            row[end] = BLANK;
        }
    }

    fn next_row(&mut self) {
        if self.row + 1 < ROWS {
            self.row += 1;
            return;
        }
        self.rows.remove(0);
        self.rows.push([BLANK; COLUMNS]);
        self.scrolled += 1;
    }
}

/// How many cells the console gives a character: two for those of East Asia and for emoji.
pub(super) fn cells_of(character: char) -> usize {
    match character as u32 {
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0xa4cf
        | 0xa960..=0xa97c
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff60
        | 0xffe0..=0xffe6
        | 0x1_f300..=0x1_f64f
        | 0x1_f900..=0x1_f9ff
        | 0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> TextBuffer {
        let mut buffer = TextBuffer::new();
        text.chars().for_each(|character| {
            buffer.put(character);
        });
        buffer
    }

    fn row(buffer: &TextBuffer, row: usize) -> String {
        let text: String = buffer.rows()[row]
            .iter()
            .filter_map(|cell| match cell {
                Cell::Char(character) => Some(*character),
                Cell::Tail => None,
            })
            .collect();
        text.trim_end().to_owned()
    }

    #[test]
    fn controls() {
        for (text, rows, cursor) in [
            ("ab\r\ncd", &["ab", "cd"][..], (1, 2)),
            ("ab\ncd", &["ab", "cd"], (1, 2)),
            ("abc\rX", &["Xbc"], (0, 1)),
            ("abc\u{8}\u{8}X", &["aXc"], (0, 2)),
            ("a\u{7}b", &["ab"], (0, 2)),
            ("\u{8}a", &["a"], (0, 1)),
        ] {
            let buffer = after(text);
            for (at, expected) in rows.iter().enumerate() {
                assert_eq!(row(&buffer, at), *expected, "{text:?}");
            }
            assert_eq!(buffer.cursor(), cursor, "{text:?}");
        }
    }

    #[test]
    fn a_full_line_leaves_the_cursor_on_the_next_and_backspace_comes_back() {
        let mut buffer = after(&"x".repeat(80));
        assert_eq!(buffer.cursor(), (1, 0));
        buffer.put('\u{8}');
        assert_eq!(buffer.cursor(), (0, 79));
        let buffer = after(&format!("{}\r\nnext", "x".repeat(80)));
        assert_eq!((row(&buffer, 1).as_str(), row(&buffer, 2).as_str()), ("", "next"));
    }

    #[test]
    fn wide_characters_take_two_cells_and_are_not_split() {
        let buffer = after(&format!("{}한", "x".repeat(79)));
        assert_eq!((row(&buffer, 0), row(&buffer, 1)), ("x".repeat(79), "한".to_owned()));
        assert_eq!(buffer.cursor(), (1, 2));
        assert_eq!(row(&after("한글\rx"), 0), "x 글");
        assert_eq!(row(&after("한글\u{8}x"), 0), "한 x");
    }

    #[test]
    fn the_screen_scrolls() {
        let text = (0..30).map(|n| format!("line {n}\r\n")).collect::<Vec<_>>().concat();
        let buffer = after(&text);
        assert_eq!((row(&buffer, 0).as_str(), row(&buffer, 22).as_str()), ("line 7", "line 29"));
        assert_eq!((buffer.cursor(), buffer.place()), ((23, 0), Place { line: 30, column: 0 }));
    }
}
