//! The driver against the simulated machine: from any state to SAC's prompt and into a command channel, under every
//! variant of what nobody here knows about Windows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sacpilot::console::{Console, Patience};
use sacpilot::sac::{self, Field, SacError, Seen};
use sacpilot::sim::audit::Act;
use sacpilot::sim::options::MachineOptions;
use sacpilot::sim::windows::SharedWorld;
use sacpilot::transport::{Pace, SimLine, SimWindow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::cable::{Cable, OldCable};

fn options(text: &str) -> MachineOptions {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn machine(options: MachineOptions) -> (Console, SimWindow) {
    let line = SimLine::new("test", options, SharedWorld::default(), Pace { speed: 1, baud: Some(115_200) });
    let window = line.window();
    (Console::new(Box::new(line), None), window)
}

fn soon(minutes: u64) -> Instant {
    Instant::now() + Duration::from_mins(minutes)
}

async fn to_login(console: &mut Console) -> Result<String, SacError> {
    let at = sac::reach_prompt(console, soon(10)).await?;
    let (at, name) = sac::open_channel(console, at, &[], soon(10)).await?;
    sac::view_channel(console, at, &name, soon(10)).await?;
    console
        .wait("the login", Patience::of(Duration::from_mins(1)), |screen| {
            (sac::login_at_cursor(screen) == Some(Field::User)).then_some(())
        })
        .await?;
    Ok(name)
}

/// What the facts leave open, and states that a machine is found in.
const FOUND: [&str; 21] = [
    "{}",
    r#"{"start": "running"}"#,
    r#"{"sac": {"xml": false}}"#,
    r#"{"sac": {"channel_switch_xml": true}}"#,
    r#"{"start": "running", "sac": {"switch_screen": "clear-and-colours"}}"#,
    r#"{"start": "running", "sac": {"switch_screen": "new-line"}}"#,
    r#"{"start": "running", "sac": {"switch_screen": "nothing"}}"#,
    r#"{"start": "running", "sac": {"line_feed": "dropped"}}"#,
    r#"{"start": "running", "sac": {"escape_tab_digit": "selects"}}"#,
    r#"{"start": "running", "sac": {"line_ends": "swapped"}}"#,
    r#"{"start": "running", "sac": {"channel_event": "before-prompt"}}"#,
    r#"{"cmd": {"first_number": 6, "launch": "4s"}}"#,
    r#"{"boot": {"cmd_available": "3m"}}"#,
    r#"{"start": "running", "before": [{"type": "shutd"}]}"#,
    r#"{"start": "running", "before": [{"type": "\u001b\t"}]}"#,
    r#"{"start": "running", "before": [{"type": "\u001b\t0"}]}"#,
    r#"{"start": "running", "before": [{"type": "\u001b"}]}"#,
    r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "10s"}, {"type": "\u001b\t"}]}"#,
    r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "10s"}, {"type": "\u001b\t "}]}"#,
    r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "10s"}, {"type": "\u001b\t vm"}]}"#,
    r#"{"start": "running", "session": {"at_login": "keep"}}"#,
];

#[tokio::test(start_paused = true)]
async fn a_login_is_reached_from_every_state_and_nothing_else_is_executed() {
    for found in FOUND {
        let (mut console, window) = machine(options(found));
        let before = window.audit().sac_lines().len();
        let name = match to_login(&mut console).await {
            Ok(name) => name,
            Err(error) => panic!("{found}: {error}\n{}", console.screen().text()),
        };
        let audit = window.audit();
        let ran: Vec<&str> =
            audit.sac_lines().split_off(before).into_iter().filter(|line| *line != "cmd").collect();
        assert_eq!(ran, [format!("ch -sn {}", name.to_ascii_lowercase())], "{found}");
        assert_eq!(
            audit.entries().iter().filter(|e| matches!(e.act, Act::Login { .. })).count(),
            0,
            "{found}"
        );
        if found.contains("first_number") {
            assert_eq!(name, "Cmd0006");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_is_named() {
    for (found, code) in [
        (r#"{"port": "health-report"}"#, "sac-off"),
        (r#"{"port": "silent"}"#, "no-sac-prompt"),
        (r#"{"port": "deaf"}"#, "deaf"),
        // A pager that was drawn before: nothing says that Enter is what this console takes.
        (r#"{"start": "running", "before": [{"type": "t\r"}]}"#, "no-sac-prompt"),
        (r#"{"start": "running", "cmd": {"outcome": "fails"}}"#, "no-command-channel"),
        (r#"{"start": "running", "cmd": {"outcome": "disabled"}}"#, "no-command-channel"),
        (r#"{"start": "running", "cmd": {"outcome": "times-out"}}"#, "no-command-channel"),
        (r#"{"boot": {"cmd_available": null}}"#, "no-command-channel"),
        (r#"{"stop": {"at": "50s", "restart": null}}"#, "bug-check"),
    ] {
        let (mut console, _window) = machine(options(found));
        if found.contains("stop") {
            console.quiet(Duration::from_secs(1000), Instant::now() + Duration::from_mins(2)).await.unwrap();
        }
        let error = to_login(&mut console).await.expect_err(found);
        assert_eq!(error.code(), code, "{found}: {error}");
        assert!(error.help().is_some(), "{found}");
        if found.contains("fails") {
            assert_eq!(
                error.to_string(),
                "SAC could not open a command channel: the session could not be created (status 0xC0000001)"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_line_is_told_from_one_that_does_not_answer() {
    let (mut console, _window) = machine(options(r#"{"port": "silent"}"#));
    let error = sac::reach_prompt(&mut console, soon(3)).await.unwrap_err();
    assert!(matches!(error, SacError::NoPrompt { seen: Seen::Nothing, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_command_of_sac_gives_its_output_without_echo_and_prompt() {
    let (mut console, window) = machine(options(r#"{"start": "running"}"#));
    let at = sac::reach_prompt(&mut console, soon(10)).await.unwrap();
    let (output, at) = sac::command(&mut console, at, "ch", Duration::from_secs(90)).await.unwrap();
    assert!(output.starts_with("Channel List") && output.ends_with("SAC"), "{output}");
    // More than a screen: the pager is turned.
    let (output, _at) = sac::command(&mut console, at, "t", Duration::from_secs(90)).await.unwrap();
    assert!(!output.contains("----Press"), "{output}");
    let process = regex::Regex::new(r"(?m) (\d+) \S+\.exe\r?$").unwrap();
    let pids: Vec<&str> =
        process.captures_iter(&output).map(|found| found.get(1).unwrap().as_str()).collect();
    let once: std::collections::BTreeSet<_> = pids.iter().collect();
    assert!(pids.len() > 30 && once.len() == pids.len(), "each page once: {pids:?}");
    assert_eq!(window.audit().sac_lines(), ["ch", "t"]);
}

/// A console that is no SAC: answers keys with what it likes, and keeps what it got.
#[derive(Clone, Default)]
struct Stranger(Arc<Mutex<Vec<u8>>>);

impl Stranger {
    /// `answer` is what it prints when it got these keys.
    fn console(&self, answer: fn(&[u8]) -> Option<&'static str>) -> Console {
        let (near, mut far) = tokio::io::duplex(1024);
        let got = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut keys = [0; 256];
            while let Ok(count @ 1..) = far.read(&mut keys).await {
                got.lock().unwrap().extend_from_slice(&keys[..count]);
                if let Some(text) = answer(&keys[..count]) {
                    far.write_all(text.as_bytes()).await.unwrap();
                }
            }
        });
        Console::new(Box::new(Cable(near)), None)
    }

    fn got_an_enter(&self) -> bool {
        self.0.lock().unwrap().contains(&b'\r')
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_sac_gets_no_enter() {
    type Answer = fn(&[u8]) -> Option<&'static str>;
    let strangers: [(&str, Answer); 5] = [
        // A menu that redraws itself at any key; Enter would choose.
        ("a boot menu", |_| Some("\x1b[5;3H*Windows Server\x1b[6;3H Memory test")),
        // A line with text on it: erasing it shows.
        ("a shell", |keys| keys.contains(&8).then_some("\x08 \x08")),
        ("a shell that echoes escapes", |_| Some("^[")),
        ("a login of another system", |_| Some("\r\nubuntu login: ")),
        ("a question", |keys| keys.contains(&b'\t').then_some("\r\nFormat drive C: (Y/N)? ")),
    ];
    for (name, answer) in strangers {
        let stranger = Stranger::default();
        let mut console = stranger.console(answer);
        let error = sac::reach_prompt(&mut console, soon(3)).await.unwrap_err();
        assert_eq!(error.code(), "no-sac-prompt", "{name}");
        assert!(!stranger.got_an_enter(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_emptied_gets_no_enter() {
    // SAC with a line that stays, whatever is erased.
    let stranger = Stranger::default();
    let mut console = stranger.console(|keys| match keys.last() {
        Some(b'0') => Some("\r\nSAC>restart"),
        Some(8) => Some("\x08t"),
        _ => None,
    });
    let error = sac::reach_prompt(&mut console, soon(3)).await.unwrap_err();
    assert!(error.to_string().contains("could not be erased"), "{error}");
    assert!(!stranger.got_an_enter());
}

/// What a line shows that may be old, before anything was sent.
const OLD: [&str; 5] = [
    "\r\nSAC>",
    "\r\nSAC>\r\nNext page:\r\n----Press <Enter> for more----",
    "\n\r!SAC>",
    "BdsDxe: loading Boot0004\r\n<machine-info>\r\n\x1b[2J\r\nSAC>\x1b[2J\x1b[1;1Ha program runs\r\n",
    "Name:                  SAC\r\n\r\nUse any other key to view this channel.\r\n\r\n",
];

#[tokio::test(start_paused = true)]
async fn what_may_be_old_gets_no_enter_and_no_belief() {
    for old in OLD {
        // In truth it is a shell with a half-typed line of somebody else, which echoes everything, and hears no ESC TAB 0.
        let (near, mut far) = tokio::io::duplex(4096);
        let got = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&got);
        tokio::spawn(async move {
            far.write_all(old.as_bytes()).await.unwrap();
            let mut keys = [0; 256];
            while let Ok(count @ 1..) = far.read(&mut keys).await {
                heard.lock().unwrap().extend_from_slice(&keys[..count]);
                let echo: Vec<u8> = keys[..count].iter().copied().filter(|key| *key >= b' ').collect();
                far.write_all(&echo).await.unwrap();
            }
        });
        let mut console = Console::new(Box::new(OldCable(near)), None);
        let outcome = sac::reach_prompt(&mut console, soon(3)).await;
        let got = got.lock().unwrap();
        assert!(!got.contains(&b'\r'), "{old:?}");
        assert!(outcome.is_err(), "{old:?}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn from_old_output_the_way_leads_to_the_machine_as_it_is() {
    for old in OLD {
        for found in [
            r#"{"start": "running"}"#,
            r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "10s"}, {"type": "\u001b\t vm"}]}"#,
        ] {
            let line = SimLine::new(
                "test",
                options(found),
                SharedWorld::default(),
                Pace { speed: 1, baud: Some(115_200) },
            );
            let window = line.window();
            let (near, far) = tokio::io::duplex(4096);
            tokio::spawn(async move {
                let (mut from, mut to) = tokio::io::split(line);
                let (mut keys, mut shown) = tokio::io::split(far);
                shown.write_all(old.as_bytes()).await.unwrap();
                let _ =
                    tokio::join!(tokio::io::copy(&mut from, &mut shown), tokio::io::copy(&mut keys, &mut to));
            });
            let mut console = Console::new(Box::new(OldCable(near)), None);
            let before = window.audit().sac_lines().len();
            let began = Instant::now();
            let name =
                to_login(&mut console).await.unwrap_or_else(|error| panic!("{old:?} {found}: {error}"));
            let took = began.elapsed();
            assert!(took < Duration::from_secs(30), "{old:?} {found}: {took:?}");
            let ran: Vec<String> =
                window.audit().sac_lines().split_off(before).iter().map(|line| (*line).to_owned()).collect();
            let view = format!("ch -sn {}", name.to_ascii_lowercase());
            assert!(
                ran.iter().all(|line| ["cmd", view.as_str()].contains(&line.as_str())),
                "{old:?}: {ran:?}"
            );
        }
    }
}
