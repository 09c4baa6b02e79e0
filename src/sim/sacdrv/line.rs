//! The line editor at `SAC>`.

use crate::sim::options::SacLineFeed;

/// How long the line in the driver's buffer may get, the character just typed included. The 78th character takes
/// the place of the one before it, so at most 77 are kept (bytes of ReactOS' driver on a socket).
const FULL: usize = 78;

/// What a byte did to the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// Nothing to see.
    Nothing,
    /// These characters are echoed.
    Echo(String),
    /// The line ended and is to be executed; CR LF is echoed unless Ctrl-C ended it.
    Execute {
        /// What was typed, as it was typed.
        line: String,
        /// What is echoed before it runs.
        echo: &'static str,
    },
}

/// The line that is being typed.
#[derive(Debug, Default)]
pub(super) struct Line {
    typed: String,
    after_line_end: bool,
    feed: SacLineFeed,
}

impl Line {
    pub(super) fn new(line_feed: SacLineFeed) -> Self {
        Self { feed: line_feed, ..Self::default() }
    }

    /// A character was typed.
    pub(super) fn key(&mut self, key: char) -> Edit {
        if key == '\n' && std::mem::take(&mut self.after_line_end) {
            return Edit::Nothing;
        }
        self.after_line_end = key
            == match self.feed {
                SacLineFeed::SecondLine => '\n',
                SacLineFeed::Dropped => '\r',
            };
        match key {
            '\r' | '\n' => Edit::Execute { line: std::mem::take(&mut self.typed), echo: "\r\n" },
            '\u{3}' => Edit::Execute { line: std::mem::take(&mut self.typed), echo: "" },
            '\u{8}' | '\u{7f}' => match self.typed.pop() {
                Some(_) => Edit::Echo("\u{8} \u{8}".to_owned()),
                None => Edit::Nothing,
            },
            '\t' => Edit::Echo("\u{7}".to_owned()),
            key if self.typed.chars().count() + 1 == FULL => {
                self.typed.pop();
                self.typed.push(key);
                Edit::Echo(format!("\u{8}{key}"))
            }
            key => {
                self.typed.push(key);
                Edit::Echo(key.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `keys` and returns all that is echoed, and the lines that ran.
    fn typed(line_feed: SacLineFeed, keys: &str) -> (String, Vec<String>) {
        let mut line = Line::new(line_feed);
        let (mut echoed, mut ran) = (String::new(), Vec::new());
        for key in keys.chars() {
            match line.key(key) {
                Edit::Nothing => {}
                Edit::Echo(text) => echoed.push_str(&text),
                Edit::Execute { line, echo } => {
                    echoed.push_str(echo);
                    ran.push(line);
                }
            }
        }
        (echoed, ran)
    }

    #[test]
    fn keys_of_the_line_editor() {
        for (keys, echoed, ran) in [
            ("ch\r", "ch\r\n", &["ch"][..]),
            ("ch\n", "ch\r\n", &["ch"]),
            ("\r", "\r\n", &[""]),
            ("a\r\nb\r", "a\r\n\r\nb\r\n", &["a", "", "b"]),
            ("\n\n\n", "\r\n\r\n", &["", ""]),
            ("abc\u{8}d\r", "abc\u{8} \u{8}d\r\n", &["abd"]),
            ("ab\u{7f}\u{7f}\u{7f}\r", "ab\u{8} \u{8}\u{8} \u{8}\r\n", &[""]),
            ("x\ty\r", "x\u{7}y\r\n", &["xy"]),
            ("partial\u{3}id\r", "partialid\r\n", &["partial", "id"]),
            ("  Ch  \r", "  Ch  \r\n", &["  Ch  "]),
        ] {
            let (echo, lines) = typed(SacLineFeed::SecondLine, keys);
            assert_eq!(
                (echo.as_str(), lines),
                (echoed, ran.iter().map(ToString::to_string).collect()),
                "{keys:?}"
            );
        }
    }

    #[test]
    fn the_feed_after_a_return_may_be_dropped() {
        assert_eq!(
            typed(SacLineFeed::Dropped, "a\r\nb\r\n\n"),
            ("a\r\nb\r\n\r\n".to_owned(), vec!["a".to_owned(), "b".to_owned(), String::new()])
        );
    }

    #[test]
    fn the_78th_character_and_all_after_it_replace_the_one_before() {
        let long: String = ('0'..='9').cycle().take(91).collect();
        let (echo, ran) = typed(SacLineFeed::SecondLine, &format!("{long}\r"));
        let replaced: String = long[77..].chars().flat_map(|key| ['\u{8}', key]).collect();
        assert_eq!(echo, format!("{}{replaced}\r\n", &long[..77]));
        assert_eq!(ran, [format!("{}0", &long[..76])]);
    }
}
