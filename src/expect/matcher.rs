//! Steps a pattern set over a stream.

use std::ops::Range;

use regex_automata::util::primitives::StateID;

use super::set::PatternSet;

/// Looks for patterns in a stream of bytes that is cut anywhere.
#[derive(Debug, Clone)]
pub struct Matcher {
    set: PatternSet,
    state: StateID,
    /// Bytes taken so far.
    taken: u64,
    /// The stream since the last match, its last [`RETAINED`] bytes at least.
    retained: Vec<u8>,
}

/// How much of the stream is kept to find the start of a match and its groups. A match that is longer has neither.
const RETAINED: usize = 64 * 1024;

/// A pattern was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which, by its place in the set.
    pub pattern: usize,
    /// Where in the stream it ends, counted from the first byte that the matcher took.
    pub end: u64,
    text: Vec<u8>,
    groups: Vec<Option<Range<usize>>>,
    names: Vec<Option<String>>,
}

impl Matcher {
    /// At the beginning of a stream.
    pub fn new(set: PatternSet) -> Self {
        let state = set.start();
        Self { set, state, taken: 0, retained: Vec::new() }
    }

    /// Takes bytes up to the end of the next match. With a match comes how many of `bytes` were taken; the rest is to be
    /// fed again. Without one all were taken.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<(usize, Match)> {
        for (place, byte) in bytes.iter().enumerate() {
            self.state = self.set.next(self.state, *byte);
            // A match is seen with the byte after it.
            if let Some(pattern) = self.set.matched(self.state) {
                return Some((place, self.matched(pattern, &bytes[..place])));
            }
        }
        // Look ahead to an end of the stream, so that a prompt at the end of what came is seen now.
        if !bytes.is_empty()
            && let Some(pattern) = self.set.ends(self.state)
        {
            return Some((bytes.len(), self.matched(pattern, bytes)));
        }
        self.keep(bytes);
        None
    }

    /// All matches in `bytes`, which are taken whole.
    pub fn feed_all(&mut self, bytes: &[u8]) -> Vec<Match> {
        let mut found = Vec::new();
        let mut rest = bytes;
        while let Some((taken, one)) = self.feed(rest) {
            found.push(one);
            rest = &rest[taken..];
        }
        found
    }

    /// How many bytes were taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The stream since the last match, at most its last 64 KiB: what a message about a wait shows.
    pub fn text(&self) -> &[u8] {
        &self.retained[self.retained.len().saturating_sub(RETAINED)..]
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        self.retained.extend_from_slice(bytes);
        if self.retained.len() > 2 * RETAINED {
            self.retained.drain(..self.retained.len() - RETAINED);
        }
    }

    fn matched(&mut self, pattern: usize, bytes: &[u8]) -> Match {
        self.keep(bytes);
        self.state = self.set.start();
        let text = std::mem::take(&mut self.retained);
        let expression = self.set.expression(pattern);
        // No shorter prefix holds a match, so what is found here ends at the end.
        let groups = expression
            .captures(&text)
            .map(|found| found.iter().map(|group| group.map(|group| group.range())).collect())
            .unwrap_or_default();
        let names = expression.capture_names().map(|name| name.map(ToOwned::to_owned)).collect();
        Match { pattern, end: self.taken, text, groups, names }
    }
}

impl Match {
    /// What came before the match, since the match before.
    pub fn before(&self) -> &[u8] {
        &self.text[..self.groups.first().and_then(Option::as_ref).map_or(self.text.len(), |all| all.start)]
    }

    /// What matched: group 0. None when it is longer than what is kept (64 KiB).
    pub fn matched(&self) -> Option<&[u8]> {
        self.group(0)
    }

    /// A group by its number; none when it took no part.
    pub fn group(&self, number: usize) -> Option<&[u8]> {
        Some(&self.text[self.groups.get(number)?.clone()?])
    }

    /// A group by its name; none when there is no such, or it took no part.
    pub fn named(&self, name: &str) -> Option<&[u8]> {
        self.group(self.names.iter().position(|known| known.as_deref() == Some(name))?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::{Regex, RegexBuilder};

    use super::super::Pattern;
    use super::*;

    fn set(sources: &[&str]) -> PatternSet {
        PatternSet::new(sources.iter().map(|source| Pattern::regex(*source).unwrap())).unwrap()
    }

    fn text(bytes: Option<&[u8]>) -> String {
        String::from_utf8_lossy(bytes.unwrap_or(b"<none>")).into_owned()
    }

    #[test]
    fn a_prompt_at_the_end_of_what_came_is_seen_at_once() {
        let mut matcher = Matcher::new(set(&["SAC>"]));
        assert_eq!(matcher.feed(b"\r\nSA"), None);
        let (taken, found) = matcher.feed(b"C>").unwrap();
        assert_eq!((taken, found.end, text(Some(found.before()))), (2, 6, "\r\n".to_owned()));
        let (taken, _) = matcher.feed(b"SAC>SAC>").unwrap();
        assert_eq!((taken, matcher.taken()), (4, 10));
    }

    #[test]
    fn ties_go_to_the_pattern_listed_first() {
        for (sources, first) in [(["b", "ab"], 0), (["ab", "b"], 0), (["abc", "b"], 1), ([r"a\x62", "ab"], 0)]
        {
            let (_, found) = Matcher::new(set(&sources)).feed(b"abc").unwrap();
            assert_eq!(found.pattern, first, "{sources:?}");
        }
    }

    #[test]
    fn groups_are_those_of_the_match() {
        let mut matcher = Matcher::new(set(&[r"Channel: +(?<name>Cmd(\d+))(x)?\r\n"]));
        let found = matcher.feed_all(b"old\r\nChannel:  Cmd0006\r\nSAC>");
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(text(found.named("name")), "Cmd0006");
        assert_eq!(text(found.group(2)), "0006");
        assert_eq!((found.group(3), found.group(4), found.named("no")), (None, None, None));
        assert_eq!(text(found.matched()), "Channel:  Cmd0006\r\n");
        assert_eq!(text(Some(found.before())), "old\r\n");
        assert_eq!(matcher.text(), b"SAC>");
    }

    #[test]
    fn memory_is_bounded_and_a_match_longer_than_it_is_still_found() {
        let mut matcher = Matcher::new(set(&[r"begin[^!]*!"]));
        assert_eq!(matcher.feed(b"begin"), None);
        for _ in 0..1000 {
            assert_eq!(matcher.feed(&[b'x'; 1000]), None);
            assert!(matcher.retained.len() <= 2 * RETAINED);
        }
        let (_, found) = matcher.feed(b"!").unwrap();
        assert_eq!((found.end, found.matched()), (1_000_006, None));
        assert_eq!(Matcher::new(set(&[])).feed(b"anything"), None);
    }

    #[test]
    fn text_of_any_language_and_any_byte_matches() {
        for (source, stream) in
            [("日本語>", "C:日本語>".as_bytes()), (r"\xFF\x00", b"a\xFF\x00"), ("(?i)sac", b"SAC")]
        {
            assert!(Matcher::new(set(&[source])).feed(stream).is_some(), "{source}");
        }
        let literal = PatternSet::new([Pattern::literal("C:\\[a].*").unwrap()]).unwrap();
        assert_eq!(Matcher::new(literal.clone()).feed(b"C:\\[a].*").unwrap().0, 8);
        assert_eq!(Matcher::new(literal).feed(b"C:\\a.."), None);
    }

    /// Pattern, end, groups.
    type Found = (usize, u64, Vec<Option<Vec<u8>>>);

    /// Tries every pattern on every prefix.
    fn oracle(patterns: &[Regex], stream: &[u8]) -> Vec<Found> {
        let (mut found, mut from) = (Vec::new(), 0);
        'stream: loop {
            for end in from + 1..=stream.len() {
                for (number, pattern) in patterns.iter().enumerate() {
                    if let Some(groups) = pattern.captures(&stream[from..end]) {
                        let groups = groups.iter().map(|group| group.map(|group| group.as_bytes().to_vec()));
                        found.push((number, end as u64, groups.collect()));
                        from = end;
                        continue 'stream;
                    }
                }
            }
            return found;
        }
    }

    const SOURCES: [&str; 16] = [
        "SAC>",
        r"Channel:\s+((?:Cmd)?\d{2})\r\n",
        r"(?i)login:\s",
        r"[A-Z]:\\([^\r\n>]*)>",
        "a+b",
        "ab|abc",
        r"(a|ab)(c|bcd)(d*)",
        r"\bab",
        r"^a",
        r"(?m)^b",
        r"\Aab?c",
        "(?s)a.b",
        r"[^a]{2}",
        "한",
        r"(?m)b$\n",
        r"\d+",
    ];

    const WORDS: [&str; 18] = [
        "a",
        "b",
        "c",
        "d",
        "\r\n",
        "\n",
        " ",
        "SAC>",
        "SA",
        "C>",
        "Channel: ",
        "Cmd01",
        "\r\n",
        "C:\\",
        ">",
        "LOGIN: ",
        "한",
        "7",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn matches_are_those_of_the_shortest_prefixes_however_the_stream_is_cut(
            chosen in prop::sample::subsequence((0..SOURCES.len()).collect::<Vec<_>>(), 1..5).prop_shuffle(),
            words in prop::collection::vec(prop_oneof![
                prop::sample::select(WORDS.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
                any::<u8>().prop_map(|byte| vec![byte]),
            ], 0..30),
            sizes in prop::collection::vec(0_usize..7, 1..6),
        ) {
            let sources: Vec<&str> = chosen.iter().map(|at| SOURCES[*at]).collect();
            let stream = words.concat();
            let patterns: Vec<Regex> = sources
                .iter()
                .map(|source| RegexBuilder::new(source).unicode(false).build().unwrap())
                .collect();
            let mut matcher = Matcher::new(set(&sources));
            let mut found = Vec::new();
            let mut rest = stream.as_slice();
            for size in sizes.iter().cycle().take(1000) {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                found.extend(matcher.feed_all(chunk));
                rest = after;
            }
            found.extend(matcher.feed_all(rest));
            let found: Vec<Found> = found
                .iter()
                .map(|one| {
                    let groups = (0..one.groups.len()).map(|n| one.group(n).map(<[u8]>::to_vec)).collect();
                    (one.pattern, one.end, groups)
                })
                .collect();
            prop_assert_eq!(found, oracle(&patterns, &stream));
        }
    }
}
