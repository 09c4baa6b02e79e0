//! Text of the machine, harmless: no control sequence reaches a terminal or a report (law 8).

use crate::encoding::acts;

/// `text` on one line: control characters, line ends too, become visible.
pub fn line(text: &str) -> String {
    text.chars().map(mark).collect()
}

/// `text` with its line ends; every other control character becomes visible.
pub fn lines(text: &str) -> String {
    let unified = text.replace("\r\n", "\n");
    unified.chars().map(|c| if c == '\n' { c } else { mark(c) }).collect()
}

/// Characters that act on a terminal, or hide or reorder what stands beside them.
fn mark(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if acts(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_left() {
        for (text, expected) in [
            ("plain Ü 日本", "plain Ü 日本"),
            ("\x1b[31mred\x07", "␛[31mred␇"),
            ("a\r\nb\rc", "a␍␊b␍c"),
            ("a\tb", "a b"),
            ("\u{9b}2J\x7f", "\u{fffd}2J␡"),
            ("abc\u{202e}gpj.exe", "abc\u{fffd}gpj.exe"),
            ("a\u{61c}b\u{ad}c\u{e0041}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
        assert_eq!(lines("a\r\nb\n\x1b[2Jc\r"), "a\nb\n␛[2Jc␍");
    }

    #[test]
    fn whatever_comes_no_control_character_goes() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        assert!(!line(&all).chars().any(char::is_control));
        assert!(!lines(&all).chars().any(|c| c.is_control() && c != '\n'));
    }
}
