//! Masks secrets in a stream.

use std::collections::VecDeque;
use std::time::Duration;

use super::escape::{Class, Edge, Scanner};
use super::forms::{Form, forms_of};
use crate::secret::{MASK, Secret};

/// Replaces secrets in one direction of a console by `***`.
///
/// A secret is found as it is, in base64 (of UTF-8 and of UTF-16LE, also inside a longer text), cut anywhere by reads, with
/// control sequences, cursor moves and line ends between its characters, with its blanks sent as cursor moves, and
/// inside a window title. Each unbroken run of its bytes becomes one `***`; control sequences between stay.
///
/// Bytes that may still become a secret are held back, nothing else. [`Redactor::release`] lets them go (the line is
/// idle, or ended): more than half of a secret is masked then, less is shown, and should the secret go on
/// afterwards the rest of it is masked. The same happens when 16 KiB are held.
#[derive(Clone, Default)]
pub struct Redactor {
    forms: Vec<Form>,
    scanner: Scanner,
    held: VecDeque<Held>,
    /// Place in the stream of the first byte that is held.
    base: u64,
    begun: Vec<Begun>,
    /// The byte let go last was masked.
    masking: bool,
}

/// When bytes arrived: their number in the recording, and their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Arrival {
    pub(super) number: u64,
    pub(super) at: Duration,
}

/// Bytes that were let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) arrival: Arrival,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    byte: u8,
    class: Class,
    masked: bool,
    arrival: Arrival,
}

/// A secret that began and goes on so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Begun {
    form: usize,
    way: Way,
    matched: usize,
    start: u64,
}

/// Which bytes a match looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Every byte.
    Raw,
    /// Those on the screen.
    Shown,
    /// Those in one control string.
    Payload,
}

const MOST_HELD: usize = 16 * 1024;

impl Redactor {
    /// Masks nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks `secret` from here on.
    pub fn hide(&mut self, secret: &Secret) {
        for form in forms_of(secret) {
            if !self.forms.iter().any(|known| known.raw == form.raw) {
                self.forms.push(form);
            }
        }
    }

    /// Takes the next bytes, and appends to `out` what is certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut pieces = Vec::new();
        self.take(Arrival::default(), bytes, &mut pieces);
        out.extend(pieces.into_iter().flat_map(|piece| piece.bytes));
    }

    /// Appends to `out` what is held back.
    pub fn release(&mut self, out: &mut Vec<u8>) {
        let mut pieces = Vec::new();
        self.let_go(&mut pieces);
        out.extend(pieces.into_iter().flat_map(|piece| piece.bytes));
    }

    /// How many bytes are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// When the oldest and the newest byte arrived that are held back.
    pub(super) fn waiting(&self) -> Option<(Arrival, Arrival)> {
        Some((self.held.front()?.arrival, self.held.back()?.arrival))
    }

    pub(super) fn take(&mut self, arrival: Arrival, bytes: &[u8], pieces: &mut Vec<Piece>) {
        for byte in bytes {
            self.step(*byte, arrival);
            let certain = self.begun.iter().map(|begun| begun.start).min().unwrap_or(u64::MAX);
            while self.base < certain && !self.held.is_empty() {
                self.pop(pieces);
            }
            if self.held.len() > MOST_HELD {
                self.let_go(pieces);
            }
        }
    }

    pub(super) fn let_go(&mut self, pieces: &mut Vec<Piece>) {
        for begun in self.begun.clone() {
            if begun.matched * 2 > self.pattern(begun).len() {
                mask_held(&mut self.held, self.base, begun);
            }
        }
        while !self.held.is_empty() {
            self.pop(pieces);
        }
    }

    fn step(&mut self, byte: u8, arrival: Arrival) {
        let (class, edge) = self.scanner.step(byte);
        let place = self.base + self.held.len() as u64;
        self.held.push_back(Held { byte, class, masked: false, arrival });

        let mut begun = std::mem::take(&mut self.begun);
        for form in 0..self.forms.len() {
            for way in [Way::Raw, Way::Shown, Way::Payload] {
                let fresh = Begun { form, way, matched: 0, start: place };
                if way.sees(class) && self.pattern(fresh).first() == Some(&byte) {
                    begun.push(fresh);
                }
            }
        }
        begun.retain_mut(|begun| {
            if !begun.way.sees(class) {
                return true;
            }
            let pattern = pattern(&self.forms, *begun);
            if pattern.get(begun.matched) != Some(&byte) {
                return false;
            }
            begun.matched += 1;
            begun.matched < pattern.len() || {
                mask_held(&mut self.held, self.base, *begun);
                false
            }
        });
        self.begun = begun;
        match edge {
            Edge::Inside => {}
            Edge::Payload => self.begun.retain(|begun| begun.way != Way::Payload),
            Edge::Sequence => self.skip_blanks(),
        }
    }

    /// A control sequence may be a cursor move in place of blanks, which a console that sends differences likes.
    fn skip_blanks(&mut self) {
        for at in 0..self.begun.len() {
            let mut next = self.begun[at];
            while next.way == Way::Shown && self.pattern(next).get(next.matched) == Some(&b' ') {
                next.matched += 1;
                if next.matched < self.pattern(next).len() && !self.begun.contains(&next) {
                    self.begun.push(next);
                }
            }
        }
    }

    fn pattern(&self, begun: Begun) -> &[u8] {
        pattern(&self.forms, begun)
    }

    fn pop(&mut self, pieces: &mut Vec<Piece>) {
        let Some(held) = self.held.pop_front() else { return };
        self.base += 1;
        let bytes: &[u8] = match (held.masked, self.masking) {
            (false, _) => &[held.byte],
            (true, false) => MASK.as_bytes(),
            (true, true) => &[],
        };
        self.masking = held.masked;
        match pieces.last_mut() {
            Some(piece) if piece.arrival == held.arrival => piece.bytes.extend_from_slice(bytes),
            _ => pieces.push(Piece { arrival: held.arrival, bytes: bytes.to_vec() }),
        }
    }
}

impl Way {
    fn sees(self, class: Class) -> bool {
        match self {
            Self::Raw => true,
            Self::Shown => class == Class::Text,
            Self::Payload => class == Class::Payload,
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("forms", &self.forms.len())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// `text` with every one of `secrets` replaced by `***`: for journals, reports, logs.
pub fn mask<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let mut redactor = Redactor::new();
    secrets.into_iter().for_each(|secret| redactor.hide(secret));
    let mut out = Vec::with_capacity(text.len());
    redactor.push(text.as_bytes(), &mut out);
    redactor.release(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn pattern(forms: &[Form], begun: Begun) -> &[u8] {
    match begun.way {
        Way::Raw => &forms[begun.form].raw,
        Way::Shown | Way::Payload => &forms[begun.form].shown,
    }
}

fn mask_held(held: &mut VecDeque<Held>, base: u64, begun: Begun) {
    let first = begun.start.saturating_sub(base) as usize;
    held.iter_mut().skip(first).filter(|held| begun.way.sees(held.class)).for_each(|held| held.masked = true);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn redact(secrets: &[&str], chunks: &[&[u8]]) -> String {
        let mut redactor = Redactor::new();
        for secret in secrets {
            redactor.hide(&Secret::new(*secret).unwrap());
        }
        let mut out = Vec::new();
        for chunk in chunks {
            redactor.push(chunk, &mut out);
        }
        redactor.release(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn secrets_are_masked_in_every_shape() {
        let wide: Vec<u8> = "net user Pa5 word!".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encoded = format!("powershell -enc {}\r\n", STANDARD.encode(wide));
        let cases: [(&str, &str); 14] = [
            ("nothing here", "nothing here"),
            ("Pa5 word!", "***"),
            ("<Pa5 word!Pa5 word!>", "<***>"),
            ("Pa5 word Pa5 word! Pa5", "Pa5 word *** Pa5"),
            ("PaPa5 word!", "Pa***"),
            ("Pa5 wo\r\nrd!\r\n", "***\r\n***\r\n"),
            ("Pa5\x1b[2;5H wo\x1b[?25lrd!x", "***\x1b[2;5H***\x1b[?25l***x"),
            ("Pa5\x1b[Cword!", "***\x1b[C***"),
            ("Pa5\x1b[Xword?", "Pa5\x1b[Xword?"),
            ("\x1b]0;cmd - net user x Pa5 word!\x07ok", "\x1b]0;cmd - net user x ***\x07ok"),
            ("Pa5\x1b]0;title\x07 word!", "***\x1b]0;title\x07***"),
            ("UGE1IHdvcmQh", "***"),
            ("\x1b]0;Pa5\x07 word!\x1b]0; word!\x07", "\x1b]0;Pa5\x07 word!\x1b]0; word!\x07"),
            ("the end Pa5 wo", "the end ***"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(&["Pa5 word!"], &[text.as_bytes()]), expected, "{text:?}");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(redact(&["Pa5 word!"], &bytes), expected, "byte by byte: {text:?}");
        }
        let masked = redact(&["Pa5 word!"], &[encoded.as_bytes()]);
        assert!(masked.starts_with("powershell -enc bgBl") && masked.contains("***"), "{masked}");
        assert_eq!(mask("user Ä, password Pä55", [&Secret::new("Pä55").unwrap()]), "user Ä, password ***");
    }

    #[test]
    fn only_what_may_become_a_secret_is_held() {
        let mut redactor = Redactor::new();
        redactor.hide(&Secret::new(">secret").unwrap());
        let mut out = Vec::new();
        redactor.push(b"C:\\>", &mut out);
        assert_eq!((out.as_slice(), redactor.held()), (&b"C:\\"[..], 1));
        redactor.push(b"s", &mut out);
        redactor.release(&mut out);
        assert_eq!((out.as_slice(), redactor.held()), (&b"C:\\>s"[..], 0));
        redactor.push(b"ecret.", &mut out);
        assert_eq!(out.as_slice(), &b"C:\\>s***."[..]);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut redactor = Redactor::new();
        redactor.hide(&Secret::new("secret").unwrap());
        let mut out = Vec::new();
        redactor.push(b"s", &mut out);
        for _ in 0..10_000 {
            redactor.push(b"\x1b[1;1H", &mut out);
            assert!(redactor.held() <= MOST_HELD);
        }
        redactor.push(b"ecret", &mut out);
        redactor.release(&mut out);
        assert!(out.ends_with(b"\x1b[1;1H***"));
    }

    /// The masked places, found by trying every start on the whole text. Escape sequences by a regular expression.
    fn masked_places(text: &str, secret: &str) -> BTreeSet<usize> {
        let sequence = regex::Regex::new("\x1b\\[[0-9;]*[A-Z]|[\r\n]").unwrap();
        let mut skip = vec![false; text.len()];
        let mut moves = BTreeSet::new();
        for found in sequence.find_iter(text) {
            skip[found.range()].fill(true);
            if found.len() > 1 {
                moves.insert(found.start());
            }
        }
        let mut masked = BTreeSet::new();
        for start in 0..text.len() {
            if text[start..].starts_with(secret) {
                masked.extend(start..start + secret.len());
            }
            let mut ways = vec![(start, 0, Vec::new())];
            while let Some((at, matched, places)) = ways.pop() {
                if matched == secret.len() {
                    masked.extend(places);
                    continue;
                }
                let Some(byte) = text.as_bytes().get(at) else { continue };
                if skip[at] {
                    if matched == 0 {
                        continue;
                    }
                    let mut end = at;
                    while end < text.len() && skip[end] {
                        end += 1;
                    }
                    // One run of sequences; blanks may stand for any of the moves in it, but not for the last blank
                    // of a secret that ends there.
                    let blanks = secret[matched..].bytes().take_while(|b| *b == b' ').count();
                    let any_move = moves.range(at..end).next().is_some();
                    for skipped in 0..=(if any_move { blanks } else { 0 }) {
                        ways.push((end, matched + skipped, places.clone()));
                    }
                } else if *byte == secret.as_bytes()[matched] {
                    let mut places = places.clone();
                    places.push(at);
                    ways.push((at + 1, matched + 1, places));
                }
            }
        }
        masked
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_file_never_holds_a_secret_and_else_equals_the_input(
            pieces in prop::collection::vec(prop_oneof![
                6 => "[abc ]{1,4}",
                1 => Just("\r\n".to_owned()),
                1 => Just("\x1b[C".to_owned()),
                1 => Just("\x1b[12;3H".to_owned()),
                1 => Just("!".to_owned()),
            ], 0..24),
            secrets in prop::collection::vec("[abc]([abc ]{0,4}[abc])?", 1..3),
            sizes in prop::collection::vec(1_usize..6, 1..6),
        ) {
            let text = pieces.concat() + "!"; // no secret is cut by the end
            let mut chunks = Vec::new();
            let mut rest = text.as_bytes();
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break }
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            let known: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let actual = redact(&known, &chunks);

            let masked: BTreeSet<usize> = secrets.iter().flat_map(|secret| masked_places(&text, secret)).collect();
            let mut expected = String::new();
            for (place, character) in text.char_indices() {
                if !masked.contains(&place) {
                    expected.push(character);
                } else if place == 0 || !masked.contains(&(place - 1)) {
                    expected.push_str(MASK);
                }
            }
            prop_assert_eq!(&actual, &expected);
            for secret in &secrets {
                prop_assert!(!actual.contains(secret.as_str()), "{:?} is in {:?}", secret, actual);
            }
        }
    }
}
