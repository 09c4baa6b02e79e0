//! What comes along with the text of a CMD channel and means nothing: NULs, the cursor hidden while it is drawn, and
//! sequences that lost their ESC.

use super::chance::Chance;
use super::options::RenderOptions;

/// Adds litter to text.
#[derive(Debug)]
pub(super) struct Litter {
    nuls: u32,
    hide_cursor: bool,
    lost_escapes: u32,
    chance: Chance,
    escapes: Chance,
}

impl Litter {
    pub(super) fn new(options: &RenderOptions) -> Self {
        Self {
            nuls: options.nuls,
            hide_cursor: options.hide_cursor,
            lost_escapes: options.lost_escapes,
            escapes: Chance::new(u64::from(options.lost_escapes)),
            chance: Chance::new(u64::from(options.nuls)),
        }
    }

    /// The text with what comes along. Sequences are left whole.
    pub(super) fn around(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut inside = Inside::Text;
        for character in text.chars() {
            if inside == Inside::Text && character != '\x1b' && self.chance.one_in(self.nuls) {
                out.push('\0');
            }
            inside = inside.after(character);
            out.push(character);
        }
        if self.hide_cursor {
            out = format!("\x1b[?25l{out}\x1b[?25h");
        }
        if self.lost_escapes > 0 {
            out.retain(|character| character != '\x1b' || !self.escapes.one_in(self.lost_escapes));
        }
        out
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    Escape,
    Control,
    Title,
}

impl Inside {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Title, '\u{7}') => Self::Text,
            (Self::Title, _) | (Self::Escape, ']') => Self::Title,
            (_, '\x1b') => Self::Escape,
            (Self::Escape, '[') | (Self::Control, '0'..='9' | ';' | '?') => Self::Control,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_nothing_is_added() {
        let mut litter = Litter::new(&RenderOptions::default());
        assert_eq!(litter.around("\x1b[1;1HC:\\>"), "\x1b[1;1HC:\\>");
    }

    #[test]
    fn nuls_fall_between_characters_and_never_into_sequences() {
        let mut litter = Litter::new(&RenderOptions { nuls: 1, ..RenderOptions::default() });
        assert_eq!(
            litter.around("a\x1b[12;1Hb\x1b]0;title\u{7}c\r\n"),
            "\0a\x1b[12;1H\0b\x1b]0;title\u{7}\0c\0\r\0\n"
        );
    }

    #[test]
    fn a_sequence_may_lose_its_escape() {
        let mut litter = Litter::new(&RenderOptions { lost_escapes: 1, ..RenderOptions::default() });
        assert_eq!(litter.around("a\x1b[12;1Hb\x1b]0;title\u{7}c"), "a[12;1Hb]0;title\u{7}c");
        let mut litter = Litter::new(&RenderOptions { lost_escapes: 3, ..RenderOptions::default() });
        let left = litter.around(&"\x1b[K".repeat(3_000)).matches('\x1b').count();
        assert!((1_800..2_200).contains(&left), "{left}");
    }

    #[test]
    fn the_cursor_is_hidden_around_the_text() {
        let mut litter = Litter::new(&RenderOptions { hide_cursor: true, ..RenderOptions::default() });
        assert_eq!(litter.around("x"), "\x1b[?25lx\x1b[?25h");
    }
}
