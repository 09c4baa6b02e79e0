//! What YAML readers make of text without quotes.

/// What plain text is to one YAML reader or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Text,
    Truth,
    YesNo,
    Integer,
    Number,
    Null,
}

impl Plain {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Truth | Self::YesNo => "a truth value to YAML",
            Self::Integer | Self::Number => "a number to YAML",
            Self::Null => "nothing to YAML",
        }
    }
}

/// What a text without quotes is.
pub(super) fn plain_kind(text: &str) -> Plain {
    match text {
        "true" | "false" => return Plain::Truth,
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        _ => {}
    }
    if matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    ) {
        return Plain::YesNo;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        if digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0')) {
            return Plain::Integer;
        }
        if digits.bytes().all(|b| b.is_ascii_hexdigit() || b"._xoXO+-:".contains(&b)) {
            return Plain::Number;
        }
    }
    Plain::Text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_readers_make_of_it() {
        for (text, expected) in [
            ("sc query", Plain::Text),
            ("1.2", Plain::Number),
            ("0x10", Plain::Number),
            ("007", Plain::Number),
            ("12:30", Plain::Number),
            ("3389", Plain::Integer),
            ("-1", Plain::Integer),
            ("30s", Plain::Text),
            ("No", Plain::YesNo),
            ("TRUE", Plain::YesNo),
            ("true", Plain::Truth),
            ("~", Plain::Null),
        ] {
            assert_eq!(plain_kind(text), expected, "{text}");
        }
    }
}
