//! A screen as a picture: SVG of its cells, for reports and tickets.

use std::fmt::Write as _;

use crate::screen::{COLUMNS, ROWS};

const CELL: (u32, u32) = (9, 18);
const MARGIN: u32 = 12;
const CAPTION: u32 = 24;

/// `screen` (its rows as text, as [`crate::screen::Screen::text`] gives them) under a caption.
pub fn svg(screen: &str, caption: &str) -> String {
    let width = u32::from(COLUMNS) * CELL.0 + 2 * MARGIN;
    let height = u32::from(ROWS) * CELL.1 + 2 * MARGIN + CAPTION;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"DejaVu Sans Mono, Consolas, monospace\" font-size=\"15\" \
         xml:space=\"preserve\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#14161a\"/>\n<text \
         x=\"{MARGIN}\" y=\"{}\" fill=\"#8a93a3\" font-size=\"12\">{}</text>\n",
        MARGIN + 6,
        escaped(caption)
    );
    for (row, text) in screen.lines().take(usize::from(ROWS)).enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let y = MARGIN + CAPTION + row as u32 * CELL.1 + 12;
        // Writing to a String cannot fail.
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"#e6e6e6\">{}</text>", escaped(text));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Text inside XML. What no XML may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_drawn_row_by_row_and_nothing_of_it_is_markup() {
        let picture = svg("C:\\>dir <x> & \"y\"\n\n  two\u{1b}[2J", "step 1");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert_eq!(picture.matches("<text").count(), 3);
        assert!(picture.contains(">C:\\&gt;dir &lt;x&gt; &amp; &quot;y&quot;</text>"));
        assert!(picture.contains(">  two[2J</text>"));
    }
}
