use std::io::Cursor;

use super::*;
use crate::recording::{CastWriter, Header};

/// A recording made of `> sent` and `< said` lines, a second apart, and `= mark`.
fn recording(lines: &[&str]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut cast = CastWriter::start(&mut file, &Header::of_console("test", 0)).unwrap();
    for (number, line) in lines.iter().enumerate() {
        let at = Duration::from_secs(number as u64);
        match line.split_once(' ').unwrap() {
            (">", text) => cast.input(at, text.as_bytes()).unwrap(),
            ("<", text) => cast.output(at, text.as_bytes()).unwrap(),
            (_, text) => cast.mark(at, text).unwrap(),
        }
    }
    cast.finish(Duration::ZERO).unwrap();
    file
}

fn play(lines: &[&str], manner: Manner) -> Playback {
    Playback::new(Cursor::new(recording(lines)), manner).unwrap()
}

fn said(playback: &mut Playback, at: u64) -> String {
    String::from_utf8(playback.advance(Duration::from_secs(at))).unwrap()
}

fn send(playback: &mut Playback, at: u64, text: &str) -> Result<(), String> {
    playback.receive(Duration::from_secs(at), text.as_bytes()).map_err(|difference| difference.to_string())
}

const VISIT: [&str; 10] =
    ["< SAC>", "> cm", "< cm", "= opens", "> d\r", "< d\r\nEVENT\r\nSAC>", "> ***", "< *", "< **", "> \r"];

#[test]
fn output_follows_the_keys_it_followed_and_as_long_after_them() {
    let mut playback = play(&VISIT, Manner::Strict);
    assert_eq!(said(&mut playback, 0), "SAC>");
    assert_eq!(playback.next_wake(), None);
    assert_eq!(said(&mut playback, 100), "");
    send(&mut playback, 100, "c").unwrap();
    assert_eq!(said(&mut playback, 100), "");
    send(&mut playback, 100, "m").unwrap();
    assert_eq!(playback.next_wake(), Some(Duration::from_secs(101)));
    assert_eq!(said(&mut playback, 100), "");
    assert_eq!(said(&mut playback, 101), "cm");
    send(&mut playback, 103, "d\r").unwrap();
    assert_eq!(said(&mut playback, 104), "d\r\nEVENT\r\nSAC>");
    for (key, echo) in [("x", "*"), ("y", "*"), ("z", "*")] {
        send(&mut playback, 105, key).unwrap();
        assert_eq!(said(&mut playback, 105), echo);
    }
    assert!(!playback.ended());
    send(&mut playback, 106, "\r").unwrap();
    assert!(playback.ended());
    assert!(send(&mut playback, 107, "x").unwrap_err().contains("ends there"));
}

#[test]
fn outputs_are_joined_up_to_the_next_key_and_what_follows_keeps_its_distance() {
    let lines = ["< a", "< b", "< c", "< d", "> x", "< e", "> ***", "< *", "> \r", "< f"];
    let hastened = |playback: &mut Playback, at: u64, outputs: usize| {
        String::from_utf8(playback.hasten(Duration::from_secs(at), outputs)).unwrap()
    };
    let mut playback = play(&lines, Manner::Strict);
    assert_eq!(said(&mut playback, 0) + &hastened(&mut playback, 0, 1), "ab");
    assert_eq!(playback.next_wake(), Some(Duration::from_secs(1)));
    assert_eq!(said(&mut playback, 1) + &hastened(&mut playback, 1, usize::MAX), "cd");
    assert_eq!(playback.next_wake(), None);
    // What came behind a key comes when that was sent, also in the midst of a secret.
    send(&mut playback, 5, "x").unwrap();
    assert_eq!(hastened(&mut playback, 5, usize::MAX), "e");
    send(&mut playback, 5, "s").unwrap();
    assert_eq!(said(&mut playback, 5) + &hastened(&mut playback, 5, usize::MAX), "*");
    send(&mut playback, 5, "\r").unwrap();
    assert_eq!(hastened(&mut playback, 5, usize::MAX), "f");
    assert!(playback.ended());
    // A key too early is one still: nothing was said that it should have waited for.
    let mut playback = play(&lines, Manner::Strict);
    assert_eq!(hastened(&mut playback, 0, 2), "ab");
    assert!(send(&mut playback, 0, "x").unwrap_err().contains("before the console said `c`"));
}

/// On a busy computer the driver noticed late that nothing came, and so did nothing before `b`.
#[test]
fn who_is_less_late_than_the_recorded_driver_meets_no_silence_that_it_did_not_act_on() {
    let lines = ["< a", "< b", "> x", "< c", "= waits", "= waits", "< d", "> y"];
    let second = Duration::from_secs(1);
    let mut playback = play(&lines, Manner::Strict).sooner(second);
    assert_eq!(said(&mut playback, 0), "ab");
    send(&mut playback, 0, "x").unwrap();
    assert_eq!(said(&mut playback, 0), "c");
    // A longer silence stays one, so that who does not wait for its end is told.
    assert_eq!(playback.next_wake(), Some(2 * second));
    let told = send(&mut playback, 0, "y").unwrap_err();
    assert!(told.contains("`y` was sent 3.0 s before the console said `d`"), "{told}");
}

#[test]
fn the_first_byte_that_differs_is_named_with_its_place() {
    let mut playback = play(&VISIT, Manner::Strict);
    said(&mut playback, 0);
    send(&mut playback, 0, "cm").unwrap();
    said(&mut playback, 1);
    let told = send(&mut playback, 2, "x\r").unwrap_err();
    assert_eq!(
        told,
        "the recording differs at 4.000 s (line 7, behind the mark `opens`): `d\\r` was recorded, `x\\r` was sent"
    );
    assert_eq!(send(&mut playback, 3, "d\r").unwrap_err(), told);
}

#[test]
fn a_key_before_what_should_be_awaited_is_a_difference() {
    let mut playback = play(&["> cmd\r", "= waits", "= waits", "< EVENT", "> ch\r"], Manner::Strict);
    send(&mut playback, 0, "cmd\r").unwrap();
    let told = send(&mut playback, 1, "ch\r").unwrap_err();
    assert_eq!(
        told,
        "the recording differs at 3.000 s (line 5, behind the mark `waits`): `ch\\r` was sent 2.0 s before the \
         console said `EVENT`"
    );
}

#[test]
fn tolerance_is_for_chunks_retypes_and_time() {
    let lines = [
        "< SAC>",
        "> cmx",
        "< cmx",
        "> \u{8}",
        "< \u{8} \u{8}",
        "> d\r",
        "< d\r\nswitch",
        ">  ",
        "< \x1b[2Jlogin: ",
        "> me\r",
        "< me\r\npass: ",
        "> ***",
        "< ***",
        "> \r",
        "< C:\\>",
    ];
    let mut playback = play(&lines, Manner::Tolerant);
    assert_eq!(said(&mut playback, 0), "SAC>");
    send(&mut playback, 0, "\u{8}\u{8}x").unwrap();
    assert_eq!(said(&mut playback, 0), "x");
    send(&mut playback, 0, "\u{8}cmd").unwrap();
    assert_eq!(said(&mut playback, 0), "\u{8} \u{8}cmd");
    send(&mut playback, 0, "\r").unwrap();
    assert_eq!(said(&mut playback, 0), "d\r\nswitch");
    send(&mut playback, 0, " ").unwrap();
    assert_eq!(said(&mut playback, 0), "\x1b[2Jlogin: ");
    send(&mut playback, 0, "me\r").unwrap();
    send(&mut playback, 0, "12345\r").unwrap();
    assert_eq!(said(&mut playback, 0), "meme\r\npass: *****C:\\>");
    assert!(send(&mut playback, 0, "dir\r").unwrap_err().contains("ends there"));

    let mut playback = play(&lines, Manner::Tolerant);
    let told = send(&mut playback, 0, "dir\r").unwrap_err();
    assert!(told.contains("`cmd` was recorded, `dir` was sent"), "{told}");
}

#[test]
fn a_fresh_prompt_that_an_event_made_necessary_is_none_to_who_met_no_event() {
    let lines = [
        "< SAC>",
        "> ch",
        "< ch",
        "< \r\nEVENT: something\r\nSAC>",
        "> \u{7f}\u{7f}\u{7f}",
        "< \u{8} \u{8}\u{8} \u{8}",
        ">  ",
        "<  ",
        "> \u{7f}",
        "< \u{8} \u{8}",
        "> \r",
        "< \r\nSAC>",
        "> ch",
        "< ch",
        "> \r",
        "< \r\n0 (AV)    SAC\r\nSAC>",
    ];
    let mut playback = play(&lines, Manner::Tolerant);
    assert_eq!(said(&mut playback, 0), "SAC>");
    send(&mut playback, 0, "ch\r").unwrap();
    assert_eq!(said(&mut playback, 0), "ch\r\n0 (AV)    SAC\r\nSAC>");
    let mut playback = play(&lines, Manner::Tolerant);
    assert!(send(&mut playback, 0, "id\r").unwrap_err().contains("`ch` was recorded, `id` was sent"));
    let mut playback = play(&lines, Manner::Tolerant);
    send(&mut playback, 0, "\rch\r").unwrap();
    assert_eq!(said(&mut playback, 0), "SAC>\r\nSAC>ch\r\n0 (AV)    SAC\r\nSAC>");
}

#[test]
fn a_secret_is_masked_and_still_typed_twice_as_recorded() {
    let lines = ["> ***", "< **", "> \r", "< again", "> ***", "< **", "> \r"];
    let mut playback = play(&lines, Manner::Strict);
    send(&mut playback, 0, "ab").unwrap();
    assert_eq!(said(&mut playback, 0), "**");
    send(&mut playback, 0, "\r").unwrap();
    assert_eq!(said(&mut playback, 1), "again");
    send(&mut playback, 1, "ab\r").unwrap();
    assert!(said(&mut playback, 9).starts_with("**") && playback.ended());
}

#[test]
fn a_secret_and_its_enter_in_one_piece_are_typed_in_any_pieces() {
    let lines = ["< Password: ", "> ***\r", "< ***\r\n** welcome **", "> dir\r"];
    for pieces in [&["abc\r"][..], &["a", "b", "c", "\r"], &["ab", "c\r"]] {
        let mut playback = play(&lines, Manner::Strict);
        let mut all = said(&mut playback, 0);
        for piece in pieces {
            send(&mut playback, 1, piece).unwrap();
            all += &said(&mut playback, 1);
        }
        assert_eq!(all, "Password: ***\r\n** welcome **", "{pieces:?}");
        send(&mut playback, 2, "dir\r").unwrap();
    }
}

/// A secret of a script: nobody knows how long it was, and who replays has another one.
#[test]
fn another_secret_is_typed_where_one_was_typed() {
    let unseen = ["< Type a password: ", "> ***", "> \r", "< \r\ndone", "> dir\r", "< dir"];
    let starred = ["< Key: ", "> ***", "< *", "< \x1b[1;7H**", "> \r", "< \r\ndone", "> dir\r", "< dir"];
    let whole = ["< Key: ", "> ***\r", "< ***\r\ndone", "> dir\r", "< dir"];
    for manner in [Manner::Strict, Manner::Tolerant] {
        for (lines, shows) in [(&unseen[..], false), (&starred, true), (&whole, true)] {
            for secret in ["x", "abc", "a-longer-one"] {
                let mut playback = play(lines, manner);
                let mut all = said(&mut playback, 0);
                for key in secret.chars() {
                    send(&mut playback, 2, &key.to_string()).unwrap();
                    all += &said(&mut playback, 2);
                }
                let stars = if shows { secret.len() } else { 0 };
                assert_eq!(all.matches('*').count(), stars, "{manner:?} {lines:?} {secret}: {all}");
                send(&mut playback, 2, "\r").unwrap();
                all += &said(&mut playback, 9);
                assert_eq!(all.matches('*').count(), stars, "{manner:?} {lines:?} {secret}: {all}");
                assert!(all.ends_with("\r\ndone"), "{manner:?} {lines:?} {secret}: {all}");
                send(&mut playback, 9, "dir\r").unwrap();
                said(&mut playback, 20);
                assert!(send(&mut playback, 20, "x").unwrap_err().contains("ends there"));
            }
        }
    }
    let mut playback = play(&unseen, Manner::Strict);
    assert_eq!(said(&mut playback, 0), "Type a password: ");
    send(&mut playback, 2, "abc\r").unwrap();
    assert!(send(&mut playback, 9, "ver\r").unwrap_err().contains("`dir\\r` was recorded"));
}

const LOST: [&str; 11] = [
    "< taken\r\n",
    "= line lost: the client ended",
    "= line made anew",
    "< SAC>",
    "> c",
    "< c",
    "= line lost: cut",
    "= line made anew",
    "< SAC>c",
    "> x",
    "= line lost: at the end",
];

#[test]
fn a_line_is_lost_where_it_was_and_goes_on_where_it_was_made_anew() {
    let seconds = Duration::from_secs;
    let mut playback = play(&LOST, Manner::Strict);
    assert_eq!(said(&mut playback, 0), "taken\r\n");
    assert_eq!((playback.lost(seconds(0)), playback.next_wake()), (None, Some(seconds(1))));
    assert_eq!(said(&mut playback, 100), "");
    assert_eq!(playback.lost(seconds(100)).as_deref(), Some("the client ended"));
    // It took 70 s more to be made anew here: what follows keeps its distance from that.
    assert!(playback.go_on(seconds(170)));
    assert_eq!((said(&mut playback, 170), playback.next_wake()), (String::new(), Some(seconds(171))));
    assert_eq!(said(&mut playback, 171), "SAC>");
    send(&mut playback, 172, "c").unwrap();
    assert_eq!(said(&mut playback, 173), "c");
    // What is sent a moment before the recorded line was found lost finds it so, what is sent long before is a difference.
    assert!(!playback.refuses(seconds(173)) && playback.refuses(seconds(174)));
    assert!(playback.go_on(seconds(174)));
    assert_eq!(said(&mut playback, 175), "SAC>c");
    send(&mut playback, 176, "x").unwrap();
    assert_eq!(playback.lost(seconds(177)).as_deref(), Some("at the end"));
    assert!(!playback.go_on(seconds(177)) && !playback.ended());
    let mut early = play(&LOST, Manner::Strict);
    assert_eq!(said(&mut early, 0), "taken\r\n");
    let told = send(&mut early, 0, "x").unwrap_err();
    assert!(told.contains("`x` was sent 1.0 s before the line was lost"), "{told}");
}

#[test]
fn tolerance_takes_another_moment_of_the_loss_and_a_half_typed_line() {
    let mut playback = play(&LOST, Manner::Tolerant);
    assert_eq!(said(&mut playback, 0), "taken\r\n");
    assert_eq!(playback.lost(Duration::ZERO).as_deref(), Some("the client ended"));
    assert!(playback.go_on(Duration::ZERO));
    assert_eq!(said(&mut playback, 0), "SAC>");
    assert_eq!(playback.lost(Duration::ZERO), None);
    send(&mut playback, 0, "ch").unwrap();
    assert_eq!(playback.lost(Duration::ZERO).as_deref(), Some("cut"));
    assert!(playback.go_on(Duration::ZERO));
    assert_eq!(said(&mut playback, 0), "SAC>c");
}

/// Recordings of before tell only that the line was there again.
#[test]
fn an_old_recording_loses_its_line_behind_what_came_last() {
    for manner in [Manner::Strict, Manner::Tolerant] {
        let mut playback = play(&["< taken", "= line made anew", "< SAC>"], manner);
        assert_eq!(said(&mut playback, 0), "taken");
        assert_eq!(playback.lost(Duration::ZERO).as_deref(), Some(""));
        assert!(playback.go_on(Duration::ZERO));
        assert_eq!(said(&mut playback, 1), "SAC>");
        assert!(playback.ended());
    }
}
