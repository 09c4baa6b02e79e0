//! Keys as a terminal sends them.

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character, control characters too.
    Character(char),
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
}

/// Reads keys, however the terminal's bytes were cut. Sequences of keys that are not known are passed over.
#[derive(Debug, Default)]
pub struct Keys {
    pending: Vec<u8>,
}

impl Keys {
    /// The keys that are complete.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for byte in bytes {
            self.pending.push(*byte);
            match self.pending.as_slice() {
                [0x1b] | [0x1b, b'[' | b'O'] => {}
                // ESC alone, then another key.
                [0x1b, other] => {
                    keys.extend(char::from_u32(u32::from(*other)).filter(char::is_ascii).map(Key::Character));
                    self.pending.clear();
                }
                [0x1b, b'[' | b'O', parameters @ .., last] => {
                    if (0x40..=0x7e).contains(last) {
                        keys.extend(sequence(parameters, *last));
                        self.pending.clear();
                    } else if self.pending.len() > 16 {
                        self.pending.clear();
                    }
                }
                other => match std::str::from_utf8(other) {
                    Ok(text) => {
                        keys.extend(text.chars().map(Key::Character));
                        self.pending.clear();
                    }
                    Err(error) if error.error_len().is_some() => self.pending.clear(),
                    Err(_) => {}
                },
            }
        }
        keys
    }
}

fn sequence(parameters: &[u8], last: u8) -> Option<Key> {
    match (parameters, last) {
        (_, b'A') => Some(Key::Up),
        (_, b'B') => Some(Key::Down),
        (_, b'C') => Some(Key::Right),
        (_, b'D') => Some(Key::Left),
        (_, b'H') | (b"1" | b"7", b'~') => Some(Key::Home),
        (_, b'F') | (b"4" | b"8", b'~') => Some(Key::End),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_however_they_were_cut() {
        let stream = "a\x1b[C\x1bOD\x1b[1~é\x1b[15~\x1b[1;5A \x03\x1bq".as_bytes();
        let expected = [
            Key::Character('a'),
            Key::Right,
            Key::Left,
            Key::Home,
            Key::Character('é'),
            Key::Up,
            Key::Character(' '),
            Key::Character('\u{3}'),
            Key::Character('q'),
        ];
        for size in 1..=stream.len() {
            let mut keys = Keys::default();
            let read: Vec<Key> = stream.chunks(size).flat_map(|piece| keys.read(piece)).collect();
            assert_eq!(read, expected, "{size}");
        }
        let mut keys = Keys::default();
        assert_eq!(keys.read(b"\xff\x80z"), [Key::Character('z')]);
    }
}
