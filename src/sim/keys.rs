//! What a CMD channel makes of the bytes it receives: UTF-8 characters and the key sequences of VT-UTF8.

/// Collects bytes into keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    character: Vec<u8>,
    escape: Option<String>,
}

impl Keys {
    /// The keys that are complete with this byte.
    pub(super) fn byte(&mut self, byte: u8) -> Vec<char> {
        self.character.push(byte);
        let character = match std::str::from_utf8(&self.character) {
            Ok(text) => text.chars().next(),
            Err(error) if error.error_len().is_none() => None,
            Err(_) => Some(char::REPLACEMENT_CHARACTER),
        };
        let Some(character) = character else { return Vec::new() };
        self.character.clear();
        self.key(character)
    }

    /// invented: keys that the line editor here does not have (arrows, function keys, …) do nothing.
    fn key(&mut self, character: char) -> Vec<char> {
        let Some(sequence) = &mut self.escape else {
            if character == '\x1b' {
                self.escape = Some(String::new());
                return Vec::new();
            }
            return vec![character];
        };
        if sequence.starts_with(['[', 'O', 'R', 'r']) {
            sequence.push(character);
            let more = match &sequence[..1] {
                "[" => character.is_ascii_digit() || character == ';',
                _ => false,
            };
            if !more {
                self.escape = None;
            }
            return Vec::new();
        }
        match character {
            '[' | 'O' | 'R' | 'r' => {
                sequence.push(character);
                Vec::new()
            }
            '\x1b' => vec!['\x1b'],
            '0'..='9' | '!' | '@' | 'h' | 'k' | '+' | '-' | '/' | '?' => {
                self.escape = None;
                Vec::new()
            }
            other => {
                self.escape = None;
                vec!['\x1b', other]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_wherever_bytes_are_cut() {
        for (bytes, expected) in [
            ("dir\r".as_bytes(), "dir\r"),
            ("한글é".as_bytes(), "한글é"),
            (b"\x1b[Ax", "x"),
            (b"\x1b[3~x", "x"),
            (b"\x1bOPx", "x"),
            (b"\x1b8x", "x"),
            (b"\x1b\x1bx", "\x1b\x1bx"),
            (b"\x1bx", "\x1bx"),
            (b"a\xffb", "a\u{fffd}b"),
            (b"\x03", "\x03"),
        ] {
            let mut keys = Keys::default();
            let typed: String = bytes.iter().flat_map(|byte| keys.byte(*byte)).collect();
            assert_eq!(typed, expected, "{bytes:?}");
        }
    }
}
