//! The lines of `dir`: columns, names side by side, numbers with separators.

use jiff::Timestamp;

use super::dir::Wishes;
use crate::sim::cmd::datetime;
use crate::sim::windows::language::Language;

/// How names are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One line each, with date and size.
    Long,
    /// `/b`
    Bare,
    /// `/w`
    Wide,
}

/// A file or folder of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) size: u64,
    pub(super) time: Timestamp,
}

impl Row {
    /// Whether it is `.` or `..`.
    pub(super) fn is_dots(&self) -> bool {
        self.name == "." || self.name == ".."
    }

    pub(super) fn extension(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    pub(super) fn shown(&self, wishes: &Wishes) -> String {
        if wishes.lower { self.name.to_lowercase() } else { self.name.clone() }
    }
}

impl Wishes {
    /// The rows as text.
    pub(super) fn lines(&self, rows: &[Row], language: Language) -> String {
        if self.layout == Layout::Wide {
            return self.wide(rows);
        }
        rows.iter()
            .map(|row| {
                let time = datetime::dir_time(row.time, language);
                let middle = if row.is_folder {
                    "    <DIR>          ".to_owned()
                } else {
                    format!("{:>18} ", self.number(row.size, language))
                };
                format!("{time}{middle}{}\r\n", row.shown(self))
            })
            .collect::<Vec<_>>()
            .concat()
    }

    fn wide(&self, rows: &[Row]) -> String {
        let names: Vec<String> = rows
            .iter()
            .map(|row| if row.is_folder { format!("[{}]", row.shown(self)) } else { row.shown(self) })
            .collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) + 2;
        let columns = (80 / width).max(1);
        names
            .chunks(columns)
            .map(|line| {
                let mut line: Vec<String> = line.iter().map(|name| format!("{name:<width$}")).collect();
                line.push("\r\n".to_owned());
                line.concat()
            })
            .collect::<Vec<_>>()
            .concat()
    }

    /// A number with the separators of the language, unless `/-c`.
    pub(super) fn number(&self, value: u64, language: Language) -> String {
        let digits = value.to_string();
        if !self.separators {
            return digits;
        }
        let sign = if language == Language::DeDe { '.' } else { ',' };
        let mut out = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.push(sign);
            }
            out.push(digit);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_separators_of_the_language() {
        let wishes = Wishes::default();
        assert_eq!(wishes.number(0, Language::EnUs), "0");
        assert_eq!(wishes.number(999, Language::EnUs), "999");
        assert_eq!(wishes.number(118_111_600_640, Language::EnUs), "118,111,600,640");
        assert_eq!(wishes.number(1000, Language::DeDe), "1.000");
        let mut without = wishes;
        without.separators = false;
        assert_eq!(without.number(1_234_567, Language::EnUs), "1234567");
    }
}
