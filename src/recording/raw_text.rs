//! Bytes as text that gives them back exactly.

/// Byte `HH` that is not part of UTF-8 text is the character `BASE + HH`.
const BASE: u32 = 0x0010_FE00;

/// Turns bytes that are cut anywhere into text; see the module's documentation for the scheme.
#[derive(Debug, Clone, Default)]
pub(super) struct RawText {
    /// The beginning of a character whose rest has not arrived.
    partial: Vec<u8>,
}

impl RawText {
    /// The text of the next bytes. The first bytes of an unfinished character come with the next call.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            joined = [self.partial.as_slice(), bytes].concat();
            self.partial.clear();
            &joined
        };
        let mut text = String::with_capacity(rest.len());
        loop {
            let (good, bad, after) = split_at_error(rest);
            for character in good.chars() {
                if raw_byte(character).is_some() {
                    character.to_string().bytes().for_each(|byte| text.push(raw_character(byte)));
                } else {
                    text.push(character);
                }
            }
            match bad {
                Bad::None => return text,
                Bad::Cut(tail) => {
                    self.partial.extend_from_slice(tail);
                    return text;
                }
                Bad::Bytes(bad) => bad.iter().for_each(|byte| text.push(raw_character(*byte))),
            }
            rest = after;
        }
    }

    /// The text of an unfinished character at the end.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.partial).into_iter().map(raw_character).collect()
    }
}

/// The bytes that `text` stands for.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match raw_byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

enum Bad<'a> {
    None,
    Cut(&'a [u8]),
    Bytes(&'a [u8]),
}

fn split_at_error(bytes: &[u8]) -> (&str, Bad<'_>, &[u8]) {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return (text, Bad::None, &[]),
        Err(error) => error,
    };
    let (good, tail) = bytes.split_at(error.valid_up_to());
    let good = std::str::from_utf8(good).unwrap_or_default();
    match error.error_len() {
        None => (good, Bad::Cut(tail), &[]),
        Some(length) => (good, Bad::Bytes(&tail[..length]), &tail[length..]),
    }
}

fn raw_character(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn raw_byte(character: char) -> Option<u8> {
    u8::try_from(u32::from(character).checked_sub(BASE)?).ok().filter(|byte| *byte >= 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(chunks: &[&[u8]]) -> String {
        let mut raw = RawText::default();
        let mut text: String = chunks.iter().map(|chunk| raw.push(chunk)).collect();
        text.push_str(&raw.finish());
        text
    }

    #[test]
    fn only_what_is_not_text_is_written_otherwise() {
        assert_eq!(text_of(&["C:\\>한\0\x1b[2J".as_bytes()]), "C:\\>한\0\x1b[2J");
        assert_eq!(text_of(&[b"a\xFFb"]), "a\u{10FEFF}b");
        assert_eq!(text_of(&[b"\xED\x95"]), "\u{10FEED}\u{10FE95}");
        assert_eq!(text_of(&["\u{10FE80}".as_bytes()]), "\u{10FEF4}\u{10FE8F}\u{10FEBA}\u{10FE80}");
    }

    #[test]
    fn every_byte_value_comes_back() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        assert_eq!(bytes_of(&text_of(&[&all])), all);
    }

    proptest! {
        #[test]
        fn bytes_come_back_however_they_are_cut(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..4),
                    any::<char>().prop_map(|c| c.to_string().into_bytes()),
                    (0x0010_FE00_u32..0x0010_FF00).prop_map(|c| char::from_u32(c).unwrap().to_string().into_bytes()),
                ],
                0..16,
            ),
            size in 1_usize..7,
        ) {
            let bytes = pieces.concat();
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            let text = text_of(&chunks);
            prop_assert_eq!(&text, &text_of(&[&bytes]));
            prop_assert_eq!(bytes_of(&text), bytes);
        }
    }
}
