//! What is done with bytes that may be anything: `fuzz/` looks for some that break it, `cargo test` does the same with
//! those that were found. Each holds a law beside not panicking.

#![allow(unreachable_pub, reason = "part of two programs")]

use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

use regex::bytes::{Regex, RegexBuilder};
use sacpilot::encoding::Utf8Stream;
use sacpilot::expect::{Matcher, Pattern, PatternSet};
use sacpilot::recording::{CastReader, CastWriter, Header, Import, Kind, Redactor};
use sacpilot::sac::{
    self,
    text::{self, CmdAnswer},
};
use sacpilot::screen::{COLUMNS, Offset, ROWS, Screen};
use sacpilot::secret::Secret;
use sacpilot::telnet::{Connection, End};

/// Name of a target, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("screen", screen),
    ("matcher", matcher),
    ("sac_text", sac_text),
    ("telnet", telnet),
    ("recording", recording),
];

/// The first byte tells how the rest is cut; the pieces, one after the other.
fn pieces(data: &[u8]) -> (&[u8], impl Iterator<Item = &[u8]>) {
    let (how, rest) = data.split_first().map_or((0, data), |(how, rest)| (usize::from(*how), rest));
    let mut left = rest;
    let mut turn = 0;
    let cut = std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        turn += 1;
        let (piece, after) = left.split_at((1 + (how * turn) % 13).min(left.len()));
        left = after;
        Some(piece)
    });
    (rest, cut)
}

fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let mut stream = Utf8Stream::new();
    let mut text = String::new();
    pieces.for_each(|piece| stream.push(piece, &mut text));
    stream.finish(&mut text);
    text
}

fn shown(text: &str) -> Screen {
    let mut screen = Screen::new();
    text.chars().for_each(|character| screen.feed(character));
    screen
}

/// Decoder and screen: the same text and the same screen however the bytes are cut, and every question that is asked
/// of a screen has an answer that fits it.
pub fn screen(data: &[u8]) {
    let (whole, cut) = pieces(data);
    let text = decoded(std::iter::once(whole));
    assert_eq!(text, decoded(cut));
    if let Ok(valid) = std::str::from_utf8(whole) {
        assert_eq!(text, valid, "what is UTF-8 stays as it is");
    }
    let screen = shown(&text);
    let cursor = screen.cursor();
    assert!(cursor.row < ROWS && cursor.column <= COLUMNS, "{cursor:?}");
    assert!(screen.text().lines().count() <= usize::from(ROWS));
    let before = screen.before_cursor();
    assert!(screen.spells_before_cursor(&before) || !before.is_ascii(), "{before:?} at {cursor:?}");
    assert!(screen.transcript().since(Offset::default()).chars().all(|c| c != '\u{1b}' && c != '\0'));
    let _ = (sac::recognise(&screen), sac::in_channel(&screen), sac::switch_screen(&screen));
    if let Some(prompt) = sac::cmd_prompt_at_cursor(&screen) {
        assert_eq!(prompt, before);
    }
    if let Some(field) = sac::login_at_cursor(&screen) {
        assert_eq!(field.prompt(), before);
    }
}

const SETS: [&[&str]; 4] = [
    &["SAC>", r"[A-Z]:\\([^\r\n>]*)>", r"(?i)login:\s"],
    &["a+b", "ab|abc", r"(a|ab)(c|bcd)(d*)", r"\bab"],
    &[r"^a", r"(?m)^b", "(?s)a.b", r"[^a]{2}"],
    &["한", r"\d+x", r"(?m)b$\n", r"\xFF\x00"],
];

fn sets() -> &'static [(PatternSet, Vec<Regex>)] {
    static SETS_BUILT: OnceLock<Vec<(PatternSet, Vec<Regex>)>> = OnceLock::new();
    SETS_BUILT.get_or_init(|| {
        let build = |sources: &&[&str]| {
            let set = PatternSet::new(sources.iter().map(|source| Pattern::regex(*source).unwrap()));
            let naive =
                sources.iter().map(|source| RegexBuilder::new(source).unicode(false).build().unwrap());
            (set.unwrap(), naive.collect())
        };
        SETS.iter().map(build).collect()
    })
}

/// The streaming matcher: what it finds is what trying every pattern on every prefix finds, however the stream is cut.
pub fn matcher(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let (set, naive) = &sets()[usize::from(*which) % SETS.len()];
    let (whole, cut) = pieces(&rest[..rest.len().min(200)]);
    let mut expected = Vec::new();
    let mut from = 0;
    while let Some((end, number)) = (from + 1..=whole.len()).find_map(|end| {
        let number = naive.iter().position(|pattern| pattern.is_match(&whole[from..end]))?;
        Some((end, number))
    }) {
        expected.push((number, end as u64));
        from = end;
    }
    let mut matcher = Matcher::new(set.clone());
    let found: Vec<_> =
        cut.flat_map(|piece| matcher.feed_all(piece)).map(|found| (found.pattern, found.end)).collect();
    assert_eq!(found, expected);
}

/// What is read from SAC's text: an answer that was given stays the answer when more comes.
pub fn sac_text(data: &[u8]) {
    let (how, rest) = data.split_first().map_or((0, data), |(how, rest)| (usize::from(*how), rest));
    let text = String::from_utf8_lossy(rest);
    let cut = text.floor_char_boundary(text.len() * how / 255);
    let begun = &text[..cut];
    if let Some(CmdAnswer::Channel(name)) = text::cmd_answer(begun) {
        assert!(!name.is_empty() && !name.contains(['\r', '\n']));
        assert_eq!(text::cmd_answer(&text), Some(CmdAnswer::Channel(name)), "a name that grows");
    }
    for listed in text::channels(&text) {
        assert!(!listed.name.trim().is_empty());
    }
    assert!(!text::boot_text(begun) || text::boot_text(&text));
    let _ = (text::only_health_report(&text), text::cmd_became_available(&text));
    let _ = text::seconds_since_restart(&text);
    for row in text.split(['\r', '\n']) {
        if let Some(end) = text::prompt_end(row) {
            assert!(row[..end].ends_with(text::PROMPT) && !row[end..].starts_with(text::PROMPT));
        }
    }
    let screen = shown(&text);
    let _ = (sac::recognise(&screen), sac::in_channel(&screen));
}

/// Telnet, both ends: the same bytes and events however the wire is cut; what one end sends the other gets.
pub fn telnet(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let (whole, cut) = pieces(rest);
    let end = if which & 1 == 0 { End::Client } else { End::Server };
    let fresh = || {
        let connection = if which & 2 == 0 { Connection::new(end) } else { Connection::with_com_port(end) };
        if which & 4 == 0 { connection } else { connection.without_binary() }
    };
    let (mut at_once, mut console) = (fresh(), Vec::new());
    let events = at_once.receive(whole, &mut console);
    let (mut in_pieces, mut pieced) = (fresh(), Vec::new());
    let more: Vec<_> = cut.flat_map(|piece| in_pieces.receive(piece, &mut pieced)).collect();
    assert_eq!((&console, &events), (&pieced, &more));
    assert_eq!(at_once.outgoing(), in_pieces.outgoing());

    // Two of ours, after they have agreed; without BINARY a CR is a line end, which is another law.
    let (mut near, mut far) =
        (Connection::with_com_port(End::Client), Connection::with_com_port(End::Server));
    far.greet();
    let carry = |from: &mut Connection, to: &mut Connection| {
        let wire = from.outgoing().to_vec();
        from.sent(wire.len());
        to.receive(&wire, &mut Vec::new());
    };
    for _ in 0..20 {
        carry(&mut far, &mut near);
        carry(&mut near, &mut far);
    }
    assert!(near.is_settled() && far.is_settled());
    near.send(whole);
    let wire = near.outgoing().to_vec();
    let mut came = Vec::new();
    far.receive(&wire, &mut came);
    assert_eq!(came, whole);
}

/// Recordings: any file is read to an end or an error; what is written is read again; a secret shows up nowhere, and
/// masking does not depend on how the bytes were cut.
pub fn recording(data: &[u8]) {
    let (whole, cut) = pieces(data);
    if let Ok(import) = Import::new(Cursor::new(whole.to_vec())) {
        for event in import {
            if event.is_err() {
                break;
            }
        }
    }
    let secret = Secret::new("Zq9-pass").unwrap();
    let (mut at_once, mut masked) = (Redactor::new(), Vec::new());
    at_once.hide(&secret);
    at_once.push(whole, &mut masked);
    at_once.release(&mut masked);
    assert!(!masked.windows(8).any(|part| part == b"Zq9-pass"));
    let (mut in_pieces, mut pieced) = (Redactor::new(), Vec::new());
    in_pieces.hide(&secret);
    let mut file = Vec::new();
    let mut writer = CastWriter::start(&mut file, &Header::of_console("fuzz", 0)).unwrap();
    for piece in cut {
        in_pieces.push(piece, &mut pieced);
        writer.output(Duration::ZERO, piece).unwrap();
    }
    in_pieces.release(&mut pieced);
    assert_eq!(masked, pieced);
    writer.finish(Duration::ZERO).unwrap();
    let read = CastReader::new(Cursor::new(file)).unwrap();
    let bytes = read.map(Result::unwrap).flat_map(|event| match event.kind {
        Kind::Output(bytes) => bytes,
        other => panic!("{other:?} was not written"),
    });
    assert_eq!(bytes.collect::<Vec<u8>>(), whole);
}
