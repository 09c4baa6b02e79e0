//! From a recording to a test: only what a replay needs, without names that are not for others.

use std::collections::VecDeque;
use std::time::Duration;

use unicode_width::UnicodeWidthChar as _;

use crate::recording::{Event, Header, Kind};

/// Words that are not for others, and what stands for each: as long and as wide as it, so that every column stays where
/// it was. Upper and lower case of a letter are the same word, and keep their case.
#[derive(Debug, Clone, Default)]
pub struct Words {
    hidden: Vec<(String, String)>,
    /// Texts of the console in which a word stands in another form, as they are and as long.
    exact: Vec<(String, String)>,
}

impl Words {
    /// Hides `words`. The same word gets the same replacement everywhere.
    pub fn hide(words: &[String]) -> Self {
        let mut known: Vec<&String> = Vec::new();
        for word in words.iter().filter(|word| !word.is_empty()) {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                known.push(word);
            }
        }
        let mut hidden: Vec<_> = known
            .into_iter()
            .enumerate()
            .map(|(number, word)| (word.clone(), stand_in(word, number)))
            .collect();
        // A word inside another one must not be replaced first.
        hidden.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        Self { hidden, exact: Vec::new() }
    }

    /// With texts of the console that are replaced as they are, in upper and lower case.
    #[must_use]
    pub fn with_exact(self, exact: Vec<(String, String)>) -> Self {
        Self { exact, ..self }
    }

    /// The same bytes with other words, also where each letter is two bytes.
    pub fn hide_in(&self, bytes: &[u8]) -> Vec<u8> {
        let Some(wide) = bytes.strip_prefix(b"\xff\xfe") else {
            let mut hidden = bytes.to_vec();
            self.replace_in(&mut hidden);
            return hidden;
        };
        let units: Vec<u16> =
            wide.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let Ok(text) = String::from_utf16(&units) else { return bytes.to_vec() };
        let hidden = self.replace(&text).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        if hidden.len() == wide.len() { [b"\xff\xfe", hidden.as_slice()].concat() } else { bytes.to_vec() }
    }

    /// How often one of the words is in `text`.
    pub fn count(&self, text: &str) -> usize {
        let text = text.as_bytes();
        let times = |word: &str| places(text, word.as_bytes()).count();
        self.hidden.iter().map(|(word, _)| times(word)).sum()
    }

    /// Length of the longest.
    fn longest(&self) -> usize {
        self.hidden.iter().chain(&self.exact).map(|(word, _)| word.len()).max().unwrap_or(0)
    }

    fn replace(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.replace_in(&mut bytes);
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The same inside JSON, where a backslash is two.
    fn replace_in_json(&self, json: &str) -> String {
        let quoted =
            self.hidden.iter().filter(|(word, _)| word.contains(['\\', '"'])).map(|(word, instead)| {
                let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
                // What stands for a backslash is a letter: one more keeps the JSON whole.
                (escaped(word), instead.clone())
            });
        let json = quoted.fold(json.to_owned(), |json, (word, instead)| json.replace(&word, &instead));
        self.replace(&json)
    }

    fn replace_in(&self, bytes: &mut [u8]) {
        for (text, instead) in &self.exact {
            let found: Vec<usize> = bytes
                .windows(text.len())
                .enumerate()
                .filter(|(_, window)| *window == text.as_bytes())
                .map(|(at, _)| at)
                .collect();
            for at in found {
                bytes[at..at + text.len()].copy_from_slice(instead.as_bytes());
            }
        }
        for (word, instead) in &self.hidden {
            let found: Vec<usize> = places(bytes, word.as_bytes()).collect();
            for at in found {
                for (place, new) in instead.bytes().enumerate() {
                    let old = &mut bytes[at + place];
                    *old = if old.is_ascii_uppercase() { new.to_ascii_uppercase() } else { new };
                }
            }
        }
    }
}

/// Where `word` is in `bytes`, whatever the case of its letters.
fn places<'b>(bytes: &'b [u8], word: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let fits = |at: &usize| bytes[*at..at + word.len()].eq_ignore_ascii_case(word);
    (0..(bytes.len() + 1).saturating_sub(word.len())).filter(fits)
}

/// Letters of the same length and width, in which no two neighbours are equal, since some consoles lose those.
fn stand_in(word: &str, number: usize) -> String {
    let letter = |(place, old): (usize, char)| {
        let first = match (old.len_utf8(), old.width()) {
            (1, _) => 'a',
            (2, _) => '\u{3b1}',
            (3, Some(2)) => '\u{ff41}',
            (3, _) => '\u{1e00}',
            _ => '\u{20000}',
        };
        // Sixteen of each are letters.
        char::from_u32(u32::from(first) + ((number * 7 + place) % 16) as u32).unwrap_or(first)
    };
    word.chars().enumerate().map(letter).collect()
}

/// The header of a fixture: what a replay needs, and nothing of where it was made.
pub fn header(header: &Header, words: &Words) -> Header {
    let mut fixture = header.clone();
    fixture.timestamp = None;
    fixture.title = None;
    if let Some(origin) = &mut fixture.sacpilot {
        "fixture".clone_into(&mut origin.endpoint);
        if let Some(session) = &mut origin.session {
            session.user = words.replace(&session.user);
            session.domain = words.replace(&session.domain);
        }
    }
    fixture
}

/// Joins what the console said without a pause, and hides the words, also where reads or keys cut them.
#[derive(Debug, Default)]
pub struct Trim {
    words: Words,
    held: VecDeque<Event>,
}

/// What is said within so short a time is one event.
const ONE_BREATH: Duration = Duration::from_millis(2);

impl Trim {
    /// Trims, and hides `words`.
    pub fn new(words: Words) -> Self {
        Self { words, held: VecDeque::new() }
    }

    /// Takes the next event, and gives those that are certain.
    pub fn add(&mut self, event: Event) -> Vec<Event> {
        match (self.held.back_mut(), &event.kind) {
            (Some(Event { at, kind: Kind::Output(held) }), Kind::Output(bytes))
                if event.at.saturating_sub(*at) <= ONE_BREATH =>
            {
                held.extend(bytes);
                return Vec::new();
            }
            _ => self.held.push_back(event),
        }
        // A word may begin in the last bytes of either direction, and go on in what follows.
        let longest = self.words.longest();
        let mut done = Vec::new();
        let (mut said, mut sent) = self.held.iter().fold((0, 0), |(said, sent), event| match &event.kind {
            Kind::Output(bytes) => (said + bytes.len(), sent),
            Kind::Input(bytes) => (said, sent + bytes.len()),
            _ => (said, sent),
        });
        let mut hidden = false;
        while let Some(first) = self.held.front() {
            let last = self.held.len() == 1;
            match &first.kind {
                Kind::Output(bytes) if !last && said - bytes.len() >= longest => said -= bytes.len(),
                Kind::Input(bytes) if !last && sent - bytes.len() >= longest => sent -= bytes.len(),
                Kind::Output(_) | Kind::Input(_) => break,
                _ => {}
            }
            if !std::mem::replace(&mut hidden, true) {
                self.hide();
            }
            done.extend(self.held.pop_front().map(|event| self.words_of(event)));
        }
        done
    }

    /// What is still held back.
    pub fn finish(&mut self) -> Vec<Event> {
        self.hide();
        let held = std::mem::take(&mut self.held);
        held.into_iter().map(|event| self.words_of(event)).collect()
    }

    /// Hides the words in what is held, each direction as one text.
    fn hide(&mut self) {
        for out in [true, false] {
            let mut pieces: Vec<&mut Vec<u8>> = self
                .held
                .iter_mut()
                .filter_map(|event| match &mut event.kind {
                    Kind::Output(bytes) if out => Some(bytes),
                    Kind::Input(bytes) if !out => Some(bytes),
                    _ => None,
                })
                .collect();
            let mut whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
            self.words.replace_in(&mut whole);
            let mut rest = whole.as_slice();
            for piece in &mut pieces {
                let (new, after) = rest.split_at(piece.len());
                piece.copy_from_slice(new);
                rest = after;
            }
        }
    }

    fn words_of(&self, event: Event) -> Event {
        let kind = match event.kind {
            Kind::Mark(label) => Kind::Mark(self.words.replace(&label)),
            Kind::Told(json) => Kind::Told(self.words.replace_in_json(&json)),
            other => other,
        };
        Event { at: event.at, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_has_no_names_and_fewer_events() {
        let mut trim = Trim::new(Words::hide(&["WINSRV7".to_owned(), "kim".to_owned()]));
        let said = |ms, text: &str| Event { at: Duration::from_millis(ms), kind: Kind::Output(text.into()) };
        let sent = |ms, text: &str| Event { at: Duration::from_millis(ms), kind: Kind::Input(text.into()) };
        let mut events = Vec::new();
        for event in [said(0, "WINS"), said(1, "RV7 "), sent(5, "kim\r"), said(9, "x"), said(90, "WINSRV7")] {
            events.extend(trim.add(event));
        }
        events.extend(trim.finish());
        assert_eq!(events, [said(0, "ABCDEFg "), sent(5, "hij\r"), said(9, "x"), said(90, "ABCDEFg")]);
    }

    #[test]
    fn a_word_is_hidden_wherever_it_was_cut() {
        let stream = "on WINSRV7, winsrv7 and \u{d55c}\u{ae00}\r\nC:\\>";
        let expected = "on ABCDEF7, abcdef7 and \u{ff48}\u{ff49}\r\nC:\\>".replace('7', "g");
        for size in 1..stream.len() {
            let mut trim = Trim::new(Words::hide(&["WinSrv7".to_owned(), "\u{d55c}\u{ae00}".to_owned()]));
            let (mut said, mut sent) = (Vec::new(), Vec::new());
            let mut keep = |events: Vec<Event>| {
                for event in events {
                    match event.kind {
                        Kind::Output(bytes) => said.extend(bytes),
                        Kind::Input(bytes) => sent.extend(bytes),
                        other => panic!("{other:?}"),
                    }
                }
            };
            // Both directions at once, byte groups in turn, never in one breath.
            for (number, piece) in stream.as_bytes().chunks(size).enumerate() {
                let at = Duration::from_secs(number as u64);
                keep(trim.add(Event { at, kind: Kind::Output(piece.to_vec()) }));
                keep(trim.add(Event { at, kind: Kind::Input(piece.to_vec()) }));
            }
            keep(trim.finish());
            assert_eq!(String::from_utf8(said).unwrap(), expected, "{size}");
            assert_eq!(String::from_utf8(sent).unwrap(), expected, "{size}");
        }
        let words = Words::hide(&["CORP\\kim".to_owned()]);
        assert_eq!(words.count("corp\\KIM and CORP\\kim"), 2);
        let told = words.replace_in_json(r#"{"text":"CORP\\kim said"}"#);
        assert_eq!(told, r#"{"text":"abcdefgh said"}"#);
    }
}
