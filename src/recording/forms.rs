//! The shapes in which a secret can be on a console.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::escape::is_control;
use crate::secret::Secret;

/// One shape of a secret.
#[derive(Clone)]
pub(super) struct Form {
    /// As it is in the stream, nothing between.
    pub(super) raw: Zeroizing<Vec<u8>>,
    /// As it is on the screen: without control characters. Empty when nothing is left.
    pub(super) shown: Zeroizing<Vec<u8>>,
}

/// Shorter pieces of base64 occur in other text too often to be taken for a secret.
const SHORTEST_PIECE: usize = 6;
/// A secret is also found without the blanks around it, when that leaves this much.
const SHORTEST_TRIMMED: usize = 4;

/// The shapes of `secret`: itself, and base64 of its UTF-8 and UTF-16LE (PowerShell's encoded commands), both alone
/// and at each of the three places that it can have inside a longer base64 text.
pub(super) fn forms_of(secret: &Secret) -> Vec<Form> {
    let utf8 = Zeroizing::new(secret.expose().as_bytes().to_vec());
    let utf16: Zeroizing<Vec<u8>> =
        Zeroizing::new(secret.expose().encode_utf16().flat_map(u16::to_le_bytes).collect());
    let mut shapes = vec![utf8.clone()];
    for bytes in [&utf8, &utf16] {
        shapes.push(Zeroizing::new(STANDARD.encode(bytes).into_bytes()));
        shapes
            .extend((0..3).map(|before| inside_base64(bytes, before)).filter(|p| p.len() >= SHORTEST_PIECE));
    }
    shapes.sort_by(|a, b| a.as_slice().cmp(b));
    shapes.dedup();
    shapes.into_iter().map(Form::new).collect()
}

impl Form {
    fn new(raw: Zeroizing<Vec<u8>>) -> Self {
        let visible: Zeroizing<Vec<u8>> =
            Zeroizing::new(raw.iter().copied().filter(|byte| !is_control(*byte)).collect());
        let trimmed = visible.trim_ascii();
        let shown = if trimmed.len() >= SHORTEST_TRIMMED { trimmed } else { &visible };
        Self { shown: Zeroizing::new(shown.to_vec()), raw }
    }
}

/// The characters of base64 that depend on `bytes` alone when `before` bytes (mod 3) come before them.
fn inside_base64(bytes: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(bytes);
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(&padded));
    let first = (before * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    Zeroizing::new(text.as_bytes().get(first..end).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw_forms(text: &str) -> Vec<String> {
        forms_of(&Secret::new(text).unwrap())
            .iter()
            .map(|form| String::from_utf8(form.raw.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn a_secret_has_these_forms() {
        let mut expected = vec![
            "Pa55word",     // itself
            "UGE1NXdvcmQ=", // base64
            "UGE1NXdvcm",   // the start of a longer base64
            "BhNTV3b3Jk",   // one byte before
            "YTU1d29y",     // two bytes before
            "UABhADUANQB3AG8AcgBkAA==",
        ];
        let forms = raw_forms("Pa55word");
        expected.retain(|form| !forms.iter().any(|f| f == form || f.starts_with(form) || f.contains(form)));
        assert_eq!(expected, Vec::<&str>::new(), "{forms:?}");
    }

    #[test]
    fn on_the_screen_it_has_no_control_characters() {
        let forms = forms_of(&Secret::new(" key\tis\r\nthis ").unwrap());
        assert!(forms.iter().any(|form| form.shown.as_slice() == b"keyisthis"));
        let forms = forms_of(&Secret::new(" a").unwrap());
        assert!(forms.iter().any(|form| form.shown.as_slice() == b" a"));
    }

    proptest! {
        #[test]
        fn some_form_is_in_any_base64_that_holds_the_secret(
            before in prop::collection::vec(any::<u8>(), 0..7),
            secret in "[ -~가-힣]{5,12}",
            after in prop::collection::vec(any::<u8>(), 0..7),
        ) {
            let text = STANDARD.encode([before, secret.clone().into_bytes(), after].concat());
            prop_assert!(raw_forms(&secret).iter().any(|form| text.contains(form)), "{}", text);
        }
    }
}
