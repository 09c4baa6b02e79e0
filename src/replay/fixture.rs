//! From a recording to a test: only what a replay needs, without names that are not for others.

use std::collections::VecDeque;
use std::time::Duration;

use crate::recording::{Event, Header, Kind};

/// Words that are not for others, and what stands for each: as long as it, so that every column stays where it was.
#[derive(Debug, Clone, Default)]
pub struct Words(Vec<(String, String)>);

impl Words {
    /// Hides `words`. The same word gets the same replacement everywhere.
    pub fn hide(words: &[String]) -> Self {
        let mut hidden: Vec<_> = words
            .iter()
            .filter(|word| !word.is_empty())
            .enumerate()
            .map(|(number, word)| (word.clone(), stand_in(word, number)))
            .collect();
        // A word inside another one must not be replaced first.
        hidden.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        Self(hidden)
    }

    fn replace(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, instead)| text.replace(word, instead))
    }

    fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        match String::from_utf8(bytes) {
            Ok(text) => self.replace(&text).into_bytes(),
            Err(error) => error.into_bytes(),
        }
    }
}

/// Letters in which no two neighbours are equal, since some consoles lose those.
fn stand_in(word: &str, number: usize) -> String {
    let letters: Vec<char> = ('a'..='z').collect();
    (0..word.chars().count()).map(|place| letters[(number * 7 + place) % letters.len()]).collect()
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

/// Joins what the console said without a pause, and hides the words. A word that reads cut is found again, since what is
/// said between two keys is joined first.
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
        if let (Some(Event { at, kind: Kind::Output(held) }), Kind::Output(bytes)) =
            (self.held.back_mut(), &event.kind)
            && event.at.saturating_sub(*at) <= ONE_BREATH
        {
            held.extend(bytes);
            return Vec::new();
        }
        let done = self.finish();
        self.held.push_back(event);
        done
    }

    /// What is still held back.
    pub fn finish(&mut self) -> Vec<Event> {
        let words = self.words.clone();
        self.held
            .drain(..)
            .map(|event| {
                let kind = match event.kind {
                    Kind::Output(bytes) => Kind::Output(words.bytes(bytes)),
                    Kind::Input(bytes) => Kind::Input(words.bytes(bytes)),
                    Kind::Mark(label) => Kind::Mark(words.replace(&label)),
                    Kind::Told(json) => Kind::Told(words.replace(&json)),
                    other @ Kind::Other { .. } => other,
                };
                Event { at: event.at, kind }
            })
            .collect()
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
        assert_eq!(events, [said(0, "abcdefg "), sent(5, "hij\r"), said(9, "x"), said(90, "abcdefg")]);
    }
}
