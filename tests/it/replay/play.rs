//! `replay --play` on a real terminal.

use std::fs;

use crate::connect::{Visit, visit};

/// A recording with two marks, a silence of ten minutes, and a console that wants to act on the terminal.
const CAST: &str = r#"{"version":2,"width":80,"height":24,"sacpilot":{"format":2,"tool":"0.1.0","endpoint":"test"}}
[0.100000, "o", "first light\r\n\u001b]0;title\u0007\u001b[?2004h"]
[0.200000, "m", "step one"]
[0.300000, "i", "dir\r"]
[0.400000, "o", "second sight\r\n\u001b[5n"]
[600.000000, "m", "step two"]
[600.100000, "o", "third \u00e9\ud55c time"]
[900.000000, "o", "\r\nfourth"]
"#;

async fn played(arguments: &str, steps: &[crate::connect::Step]) -> Visit {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("session.cast");
    fs::write(&cast, CAST).unwrap();
    let visit = visit(&format!("replay {} --play {arguments}", cast.display()), steps).await;
    visit.terminal_is_as_it_was();
    // The person's own screen comes back, with its cursor, and nothing of the console acted before that.
    assert!(visit.shown.ends_with("\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"), "{:?}", visit.shown);
    let own = regex::Regex::new("\x1b\\[([0-9;]*[HKJm]|\\?(1049|25|7)[hl])|\r\n").unwrap();
    let rest = own.replace_all(&visit.shown, "").into_owned();
    assert!(!rest.chars().any(char::is_control), "{rest:?}");
    assert_eq!(visit.shown.matches("1049l").count(), 1, "{:?}", visit.shown);
    visit
}

#[tokio::test]
async fn a_person_pauses_steps_jumps_and_leaves() {
    let steps: &[crate::connect::Step] = &[
        ("first light", b" "),
        ("paused", b"?"),
        ("the next mark, the one before", b"]"),
        ("[step one]", b"]"),
        ("10:00.0 / 15:00.0", b"."),
        ("third \u{e9}\u{d55c} time", b"["),
        ("[step one]", b"/two\r"),
        ("[step two]", b"\x1b[D"),
        ("09:55.0 / 15:00.0", b"++"),
        ("4x", b"G"),
        ("the end", b"q"),
    ];
    let visit = played("", steps).await;
    assert_eq!(visit.code, Some(0), "{}", visit.shown);
    assert!(visit.shown.contains("fourth"), "{}", visit.shown);
}

/// Nobody presses a key: the silences of minutes are passed over, and the end is reached.
#[tokio::test]
async fn it_plays_on_its_own_and_ctrl_c_gives_the_terminal_back() {
    let visit = played(
        "--from 599.9 --idle 1s --pace 10",
        &[("fourth", b"?"), ("the next mark, the one before", b"\x03")],
    )
    .await;
    assert_eq!(visit.code, Some(130), "{}", visit.shown);
    assert!(!visit.shown.contains("first light\x1b[K\r\n\x1b[7m"), "begins where it was told");
}

#[tokio::test]
async fn without_a_terminal_it_says_what_else_there_is() {
    let said =
        crate::program::Program::new("replay session.cast --play").file("session.cast", CAST).run().code(2);
    assert!(said.stderr_text().contains("--play needs a terminal"), "{}", said.stderr_text());
    let said = crate::program::Program::new("replay session.cast --play --pace instant")
        .file("session.cast", CAST)
        .run()
        .code(2);
    assert!(said.stderr_text().contains("give --pace real or a number"), "{}", said.stderr_text());
}
