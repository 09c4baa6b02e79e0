//! JSON that acts on no terminal, and text that would.

use std::fmt::Write as _;

/// Whether a character acts on a terminal, or hides or reorders what stands beside it: control characters of 7 and 8
/// bits (line ends and tabs too), separators, and what Unicode calls `Bidi_Control` or `Default_Ignorable_Code_Point`:
/// direction marks and overrides, joiners, fillers, variation selectors, tags.
pub fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// `json` with every character that [`acts`] inside its strings as an escape. Its value stays the same.
///
/// JSON itself asks for that below U+0020 only: a terminal that shows the rest as it is takes U+009B for the
/// beginning of a control sequence.
pub fn harmless_json(json: String) -> String {
    let acting = |c: char| c >= '\x7f' && acts(c);
    if !json.contains(acting) {
        return json;
    }
    let mut harmless = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if !acting(c) {
            harmless.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = write!(harmless, "\\u{unit:04x}");
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_stays_and_nothing_acts() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let value = serde_json::json!({"text": all, "\u{9b}name": ["\u{202e}", "\u{e0041}"]});
        for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let harmless = harmless_json(json);
            assert!(!harmless.chars().any(|c| acts(c) && c != '\n'), "something acts");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&harmless).unwrap(), value);
        }
    }

    #[test]
    fn what_acts_is_what_unicode_says() {
        // Annotation characters are no member of either.
        let acting =
            r"\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}|\p{Default_Ignorable_Code_Point}|[\u{fff9}-\u{fffb}]";
        let acting = regex::Regex::new(acting).unwrap();
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert_eq!(acts(c), acting.is_match(c.encode_utf8(&mut [0; 4])), "{c:?} U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_is_harmless_is_left_as_it_is() {
        let text = "{\"a\": \"\\u001b plain Ü 日本\"}";
        assert_eq!(harmless_json(text.to_owned()), text);
        assert_eq!(harmless_json("\"\u{9b}\u{e0041}\"".to_owned()), "\"\\u009b\\udb40\\udc41\"");
    }
}
