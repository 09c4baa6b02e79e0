//! What is typed goes out as text messages: whole characters, short enough for every gateway.

use std::str::from_utf8;

/// Microsoft's portal cuts what is pasted at 2,048 characters; what the gateway takes at once is not known.
const LONGEST: usize = 1024;

/// Bytes that do not end a character yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Characters {
    begun: Vec<u8>,
}

/// Bytes that are no text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the serial console of Azure takes text (UTF-8) only")]
pub(super) struct NoText;

impl Characters {
    /// The whole characters that are there once `bytes` came.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<String, NoText> {
        self.begun.extend_from_slice(bytes);
        let whole = match from_utf8(&self.begun) {
            Ok(_) => self.begun.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(NoText),
        };
        let rest = self.begun.split_off(whole);
        let whole = std::mem::replace(&mut self.begun, rest);
        String::from_utf8(whole).map_err(|_| NoText)
    }
}

/// Cuts text into messages.
pub(super) fn messages(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (message, after) = rest.split_at(rest.floor_char_boundary(LONGEST));
        rest = after;
        (!message.is_empty()).then_some(message)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn characters_arrive_whole_however_they_were_written(
            text in "\\PC{0,40}", cuts in prop::collection::vec(1_usize..4, 1..20),
        ) {
            let mut characters = Characters::default();
            let mut came = String::new();
            let mut rest = text.as_bytes();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                came.push_str(&characters.push(now).unwrap());
                rest = later;
            }
            prop_assert_eq!(came, text);
        }

        #[test]
        fn messages_are_short_and_make_up_the_text(text in "\\PC{0,3000}") {
            let messages: Vec<&str> = messages(&text).collect();
            prop_assert!(messages.iter().all(|message| message.len() <= LONGEST && !message.is_empty()));
            prop_assert_eq!(messages.concat(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(Characters::default().push(&[0xff]), Err(NoText));
        let mut characters = Characters::default();
        assert_eq!(characters.push(&[0xc3]).as_deref(), Ok(""));
        assert_eq!(characters.push(b"a"), Err(NoText));
    }
}
