//! Files over the console, both ways, on the simulated machine: byte for byte, whole or not at all, and on from where
//! an earlier try stopped.

use jiff::Timestamp;
use sacpilot::shell::{Came, EntryKind, Session, ShellError};
use sacpilot::sim::windows::files::node::Body;
use sacpilot::sim::windows::files::path::WinPath;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::transport::SimWindow;
use tokio::time::Instant;

use crate::session::session;

const LOOK: std::time::Duration = std::time::Duration::from_mins(1);
/// Even seconds: what a cabinet holds.
const THEN: i64 = 1_700_000_000;

fn random(size: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..size).map(|_| next()).collect()
}

fn log(size: usize) -> Vec<u8> {
    let lines = (0..).map(|n: u64| {
        let code = n.wrapping_mul(0x9e37_79b9) >> 7 & 0xffff;
        format!(
            "2026-11-28 14:{:02}:{:02}, Info  CBS  Session {n} state 0x{code:04x} of package {}\r\n",
            n / 60 % 60,
            n % 60,
            n % 97
        )
    });
    let mut text = String::new();
    for line in lines {
        if text.len() >= size {
            break;
        }
        text.push_str(&line);
    }
    text.truncate(size);
    text.into_bytes()
}

fn on_the_machine(window: &SimWindow, path: &str) -> Option<(Vec<u8>, Timestamp)> {
    let world = window.world();
    let world = world.lock();
    let node = world.files.look(&WinPath::new(path))?;
    let Body::File(bytes) = &node.body else { panic!("{path} is a folder") };
    Some((bytes.to_vec(), node.modified))
}

async fn pushed(session: &mut Session, path: &str, content: &[u8]) -> Result<u64, ShellError> {
    let then = Timestamp::from_second(THEN).unwrap();
    let file = session.pack(content, then).await?;
    Ok(session.push(path, &file, &mut |_| true).await?.resumed)
}

#[tokio::test(start_paused = true)]
async fn files_go_and_come_back_as_they_are() {
    for os in [Os::Server2016, Os::Server2022] {
        let (mut session, window) = session(os, Language::EnUs).await;
        let all_bytes: Vec<u8> = (0..=255).collect();
        for content in
            [Vec::new(), b"x".to_vec(), all_bytes, vec![0; 4_000], random(1_201), random(6_000), log(20_000)]
        {
            let size = content.len();
            assert_eq!(pushed(&mut session, r"C:\Windows\Temp\a b.bin", &content).await.unwrap(), 0);
            let (there, modified) = on_the_machine(&window, r"C:\Windows\Temp\a b.bin").unwrap();
            assert!(there == content, "{os:?} {size}");
            assert!(size == 0 || modified.as_second() == THEN, "{os:?} {size}");
            let incoming = session.ready(r"C:\Windows\Temp\a b.bin").await.unwrap();
            let mut told = Vec::new();
            let mut progress = |came: Came<'_>| {
                told.extend_from_slice(came.new);
                assert!(came.done <= came.total && told.len() as u64 <= came.done);
                true
            };
            let fetched = session.pull(&incoming, &[], &mut progress).await.unwrap();
            assert!(fetched.content == content, "{os:?} {size}");
            assert!(size == 0 || fetched.modified.unwrap().as_second() == THEN);
            assert_eq!(told.len() as u64, incoming.carried());
        }
        session.close().await.unwrap();
        let world = window.world();
        let world = world.lock();
        let temp = world.files.look(&WinPath::new(r"C:\Windows\Temp")).unwrap();
        let left: Vec<&str> = temp.children().map(|node| node.name.as_str()).collect();
        assert_eq!(left, ["a b.bin"], "nothing else stays on the machine");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_was_stopped_goes_on_where_it_was() {
    let (mut session, window) = session(Os::Server2019, Language::EnUs).await;
    let content = random(60_000);
    let then = Timestamp::from_second(THEN).unwrap();
    let file = session.pack(&content, then).await.unwrap();
    let path = r"C:\Windows\Temp\a.bin";
    let stopped = session.push(path, &file, &mut |came| came.done < 52_000).await;
    assert!(matches!(stopped, Err(ShellError::NotUploaded { .. })), "{stopped:?}");
    assert_eq!(on_the_machine(&window, path), None, "it takes its place whole");
    let sent = session.push(path, &file, &mut |_| true).await.unwrap();
    assert!(sent.resumed > 45_000 && sent.resumed < 52_000, "{}", sent.resumed);
    assert!(on_the_machine(&window, path).unwrap().0 == content);

    let incoming = session.ready(path).await.unwrap();
    let mut begun = Vec::new();
    let stopped = session
        .pull(&incoming, &[], &mut |came| {
            begun.extend_from_slice(came.new);
            came.done < 20_000
        })
        .await;
    assert!(matches!(stopped, Err(ShellError::Stopped { .. })), "{stopped:?}");
    assert!(begun.len() > 18_000);
    let again = session.ready(path).await.unwrap();
    assert_eq!(again.carried_hash(), incoming.carried_hash());
    let mut first = None;
    let fetched = session
        .pull(&again, &begun, &mut |came| {
            first.get_or_insert(came.done);
            true
        })
        .await
        .unwrap();
    assert!(fetched.content == content);
    assert!(first.unwrap() > 18_000, "what was there did not come again");
    session.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_machine_refuses_is_said_and_leaves_nothing() {
    let (mut session, window) = session(Os::Server2019, Language::EnUs).await;
    let refused = pushed(&mut session, r"C:\none\a.bin", b"abc").await;
    assert!(matches!(refused, Err(ShellError::NotUploaded { .. })), "{refused:?}");
    let missing = session.ready(r"C:\none.txt").await;
    assert!(matches!(missing, Err(ShellError::NotFetched { .. })));
    assert!(session.look(r"C:\none.txt").await.unwrap().is_empty());
    assert_eq!(session.look(r"C:\Windows").await.unwrap()[0].kind, EntryKind::Folder);
    // A pattern matches folders and what is hidden, too.
    session.cmd(r"md C:\m\sub&echo x>C:\m\a.txt&attrib +h C:\m\a.txt&echo x>C:\n.txt", LOOK).await.unwrap();
    let mut matched: Vec<String> =
        session.look(r"C:\m\*").await.unwrap().into_iter().map(|entry| entry.path).collect();
    matched.sort();
    assert_eq!(matched, [r"C:\m\a.txt", r"C:\m\sub"]);
    assert!(session.look(r"C:\m\z*").await.unwrap().is_empty());
    session.close().await.unwrap();
    drop(window);
}

/// Not a limit, a floor: what the wire of the simulated machine allows, in the machine's own time.
#[tokio::test(start_paused = true)]
async fn most_of_the_line_is_used() {
    for (os, name, content, up, down) in [
        (Os::Server2022, "random", random(20_000), 0.3, 0.3),
        (Os::Server2022, "log", log(60_000), 1.0, 1.0),
        (Os::Server2016, "random", random(20_000), 0.12, 0.3),
    ] {
        let (mut session, _window) = session(os, Language::EnUs).await;
        let rate =
            |began: Instant| f64::from(content.len() as u32) / began.elapsed().as_secs_f64() / 11_520.0;
        let began = Instant::now();
        pushed(&mut session, r"C:\Windows\Temp\a.bin", &content).await.unwrap();
        let pushed = rate(began);
        let began = Instant::now();
        let incoming = session.ready(r"C:\Windows\Temp\a.bin").await.unwrap();
        session.pull(&incoming, &[], &mut |_| true).await.unwrap();
        let pulled = rate(began);
        eprintln!(
            "{os:?} {name}: up {pushed:.2}, down {pulled:.2} of the line rate; {}",
            session.console().typing()
        );
        assert!(pushed > up && pulled > down, "{os:?} {name}: {pushed:.2} {pulled:.2}");
        session.close().await.unwrap();
    }
}
