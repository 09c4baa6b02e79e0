//! The text of a recording in the order in which it came, unwrapped, without control sequences.

use crate::encoding::Utf8Stream;
use crate::recording::{Event, Kind};
use crate::screen::{ADDRESSED, Screen};

/// Turns what the console said into text.
pub struct Text {
    decoder: Utf8Stream,
    screen: Screen,
    since: crate::screen::Offset,
    blank: bool,
}

impl Default for Text {
    fn default() -> Self {
        // Blank lines at the beginning are left out.
        Self {
            decoder: Utf8Stream::default(),
            screen: Screen::new(),
            since: crate::screen::Offset::default(),
            blank: true,
        }
    }
}

impl Text {
    /// The text that this event adds: whole pieces, a placed cursor begins a new line, empty lines are folded.
    pub fn add(&mut self, event: &Event, out: &mut String) {
        let Kind::Output(bytes) = &event.kind else { return };
        let mut text = String::new();
        self.decoder.push(bytes, &mut text);
        for character in text.chars() {
            let row = self.screen.cursor().row;
            self.screen.feed(character);
            let same_row = self.screen.cursor().row == row;
            let now = self.screen.transcript().now();
            if now != self.since {
                let came = self.screen.transcript().since(self.since).to_owned();
                self.since = now;
                // A cursor that is placed in the row where it stands goes on with the line.
                let goes_on = |character: &char| !(same_row && *character == ADDRESSED);
                came.chars().filter(goes_on).for_each(|character| self.push(character, out));
                // One that is placed behind text, a prompt that was drawn before, goes on with that text.
                if !same_row && came.ends_with(ADDRESSED) {
                    let before = self.screen.before_cursor();
                    before.chars().for_each(|character| self.push(character, out));
                }
            }
        }
    }

    fn push(&mut self, character: char, out: &mut String) {
        match character {
            '\r' => {}
            '\n' | ADDRESSED => {
                if !self.blank {
                    while out.ends_with(' ') {
                        out.pop();
                    }
                    out.push('\n');
                }
                self.blank = true;
            }
            '\u{8}' => {
                if !out.ends_with('\n') {
                    out.pop();
                }
            }
            other => {
                self.blank &= other == ' ';
                if !(self.blank && other == ' ') {
                    out.push(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn text_is_unwrapped_and_the_same_however_it_was_cut() {
        let stream = format!(
            "\x1b[2J\x1b[1;1H\x1b[0mSAC>cmdx\u{8} \u{8}\r\n\x1b[5;1HEVENT: new\r\n\r\n\r\n{}\x1b]0;title\x07 end",
            "long ".repeat(30)
        );
        let expected = format!("SAC>cmd\nEVENT: new\n{}end", "long ".repeat(30).trim_end().to_owned() + "  ");
        for size in [1, 2, 3, 7, stream.len()] {
            let (mut text, mut out) = (Text::default(), String::new());
            for piece in stream.as_bytes().chunks(size) {
                text.add(&Event { at: Duration::ZERO, kind: Kind::Output(piece.to_vec()) }, &mut out);
            }
            assert_eq!(out, expected, "{size}");
        }
    }
}
