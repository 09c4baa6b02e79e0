//! Columns on a console: how many cells a text takes, and padding to a width.

/// Cells a text takes: two for East Asian wide characters.
pub(super) fn cells(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// The text cut to `width` cells.
pub(super) fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += if is_wide(*c) { 2 } else { 1 };
            used <= width
        })
        .collect()
}

/// The text cut or filled with blanks on the right.
pub(super) fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let blanks = width - cells(&text);
    text + &" ".repeat(blanks)
}

/// The text cut or filled with blanks on the left.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    " ".repeat(width - cells(&text)) + &text
}

/// Hangul, kana, CJK and full-width forms.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_cells() {
        assert_eq!(left("세션 이름", 12), "세션 이름   ");
        assert_eq!(right("ab", 4), "  ab");
        assert_eq!(cut("세션", 3), "세");
        assert_eq!(left("too long", 3), "too");
    }
}
