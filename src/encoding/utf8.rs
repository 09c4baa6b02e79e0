//! UTF-8 that arrives in pieces.

/// Decodes UTF-8 that is cut anywhere. The text does not depend on where the cuts are: it equals
/// [`String::from_utf8_lossy`] of all bytes together.
///
/// Bytes that are not UTF-8 (line noise) become U+FFFD and are counted, never dropped; NUL and control characters
/// come through as they are. The first bytes of a character whose rest has not arrived are held back.
#[derive(Debug, Clone, Default)]
pub struct Utf8Stream {
    /// The beginning of a character: `partial[..held]`, always a prefix that may still become valid.
    partial: [u8; 4],
    held: usize,
    bad: u64,
}

impl Utf8Stream {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and appends their text to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) {
        let mut rest = bytes;
        while self.held > 0
            && let [next, after @ ..] = rest
        {
            self.partial[self.held] = *next;
            match std::str::from_utf8(&self.partial[..=self.held]) {
                Ok(whole) => {
                    out.push_str(whole);
                    self.held = 0;
                    rest = after;
                }
                Err(error) if error.error_len().is_none() => {
                    self.held += 1;
                    rest = after;
                }
                // The new byte does not go on with the character; it is looked at again by itself.
                Err(_) => self.give_up_partial(out),
            }
        }
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    return;
                }
                Err(error) => error,
            };
            let (good, tail) = rest.split_at(error.valid_up_to());
            out.push_str(std::str::from_utf8(good).unwrap_or_default());
            let Some(bad) = error.error_len() else {
                self.partial[..tail.len()].copy_from_slice(tail);
                self.held = tail.len();
                return;
            };
            out.push(char::REPLACEMENT_CHARACTER);
            self.bad += bad as u64;
            rest = &tail[bad..];
        }
    }

    /// The stream ended: a character that was cut there is shown as U+FFFD.
    pub fn finish(&mut self, out: &mut String) {
        if self.held > 0 {
            self.give_up_partial(out);
        }
    }

    /// How many bytes so far were not UTF-8.
    pub fn bad_bytes(&self) -> u64 {
        self.bad
    }

    /// How many bytes of an unfinished character are held back.
    pub fn held_bytes(&self) -> usize {
        self.held
    }

    fn give_up_partial(&mut self, out: &mut String) {
        out.push(char::REPLACEMENT_CHARACTER);
        self.bad += self.held as u64;
        self.held = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> (String, u64) {
        let (mut stream, mut out) = (Utf8Stream::new(), String::new());
        for chunk in chunks {
            stream.push(chunk, &mut out);
        }
        stream.finish(&mut out);
        (out, stream.bad_bytes())
    }

    #[test]
    fn bad_bytes_stay_visible_and_are_counted() {
        let cases: [(&[u8], &str, u64); 8] = [
            (b"SAC>", "SAC>", 0),
            ("한글".as_bytes(), "한글", 0),
            (b"a\xFFb", "a\u{FFFD}b", 1),
            (b"\xED\x95", "\u{FFFD}", 2),
            (b"\xED\x95A", "\u{FFFD}A", 2),
            (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}", 3),
            (b"\xC0\x80", "\u{FFFD}\u{FFFD}", 2),
            (b"a\0\x1b[2J\x07", "a\0\x1b[2J\x07", 0),
        ];
        for (bytes, text, bad) in cases {
            assert_eq!(decode(&[bytes]), (text.to_owned(), bad), "{bytes:x?}");
        }
    }

    #[test]
    fn an_unfinished_character_is_held_back() {
        let (mut stream, mut out) = (Utf8Stream::new(), String::new());
        stream.push(b"ok\xED\x95", &mut out);
        assert_eq!((out.as_str(), stream.held_bytes()), ("ok", 2));
        stream.push(b"\x9C", &mut out);
        assert_eq!((out.as_str(), stream.held_bytes()), ("ok한", 0));
    }

    fn noisy_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(
            prop_oneof![
                any::<char>().prop_map(|c| c.to_string().into_bytes()),
                any::<char>().prop_map(|c| {
                    let whole = c.to_string().into_bytes();
                    whole[..whole.len() - 1].to_vec()
                }),
                any::<u8>().prop_map(|b| vec![b]),
            ],
            0..24,
        )
        .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(bytes in noisy_bytes(), sizes in prop::collection::vec(0_usize..5, 1..8)) {
            let mut chunks = Vec::new();
            let mut rest = bytes.as_slice();
            for size in sizes.iter().cycle().take(400) {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            let (text, bad) = decode(&chunks);
            prop_assert_eq!(&text, &String::from_utf8_lossy(&bytes));
            let expected: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
            prop_assert_eq!(bad, expected as u64);
        }
    }
}
