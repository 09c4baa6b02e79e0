//! Ctrl-C at any moment, on the real program: no Enter on a half line, the channel closed or said to be open, the
//! journal closed, exit 130. The machine's own record says what was executed.
//!
//! The line between them stands still from the moment that a test waits for until the program has seen the signal, so
//! every moment is hit exactly.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sacpilot::engine::journal;
use sacpilot::sim::audit::{Act, Audit};
use sacpilot::sim::scenario::Scenario;
use sacpilot::sim::windows::SharedWorld;
use sacpilot::sim::windows::baseline::PASSWORD;
use sacpilot::transport::{Pace, SimLine, SimWindow};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::program::{Program, Said};

/// When the signal comes: what was typed so far, and what was shown.
type Moment = fn(typed: &str, shown: &str) -> bool;

/// The same, or at a line of the journal, which `--json` tells.
#[derive(Clone, Copy)]
enum When {
    Shown(Moment),
    Line(usize),
}

/// What came of it.
struct Stopped {
    said: Said,
    audit: Audit,
    /// Keys that came after the signal.
    after: String,
    /// Whether the lock of the endpoint was given back.
    unlocked: bool,
}

/// Runs the program against a simulated machine and sends it a signal, `signals` times, at a moment.
async fn stopped(scenario: &str, arguments: &str, signals: u32, moment: Moment) -> Stopped {
    stopped_by(Signal::INT, scenario, arguments, signals, When::Shown(moment)).await
}

/// The same by another signal.
async fn stopped_by(signal: Signal, scenario: &str, arguments: &str, signals: u32, when: When) -> Stopped {
    let (name, options) = scenario.split_once('?').unwrap_or((scenario, ""));
    let options: Vec<(String, String)> = options
        .split_terminator('&')
        .map(|pair| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap())
        .collect();
    let scenario = Scenario::load(name, &options).unwrap();
    let world = SharedWorld::new(scenario.world);
    let mut line = SimLine::new("test", scenario.machine, world, Pace::FAST);
    let window = line.window();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();

    let (before, command) = arguments.split_once(" -- ").unwrap_or((arguments, ""));
    let command = if command.is_empty() { String::new() } else { format!(" -- {command}") };
    let (folder, program) = Program::new(&format!("{before} -t tcp:{address} --user azadmin{command}"))
        .variable("SACPILOT_PASSWORD", PASSWORD)
        .variable("SACPILOT_RUNS_DIR", "runs")
        .file("slow.yaml", SLOW)
        .file("own.yaml", include_str!("survive/kinds.yaml"))
        .into_parts();
    let mut child = tokio::process::Command::from(program)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let (mut said, mut speaks) = (Vec::new(), true);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());

    let (client, _) = listener.accept().await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut typed, mut shown, mut told) = (Vec::new(), Vec::new(), String::new());
    let (mut keys, mut bytes) = ([0; 4096], [0; 4096]);
    let mut hit = None;
    loop {
        tokio::select! {
            biased;
            count = stdout.read_until(b'\n', &mut said), if speaks => speaks = count.unwrap() > 0,
            read = from_client.read(&mut keys) => match read {
                Ok(count @ 1..) => {
                    typed.extend_from_slice(&keys[..count]);
                    line.write_all(&keys[..count]).await.unwrap();
                }
                _ => break,
            },
            read = line.read(&mut bytes) => {
                let count = read.unwrap();
                shown.extend_from_slice(&bytes[..count]);
                // The program may be gone already.
                let _ = to_client.write_all(&bytes[..count]).await;
            }
        }
        let due = match when {
            When::Shown(moment) => moment(&String::from_utf8_lossy(&typed), &String::from_utf8_lossy(&shown)),
            When::Line(number) => String::from_utf8_lossy(&said).lines().count() >= number,
        };
        if hit.is_none() && due {
            hit = Some(typed.len());
            for number in 0..signals {
                kill_process(pid, signal).unwrap();
                while number == 0 && !told.contains("stop") {
                    assert_ne!(stderr.read_line(&mut told).await.unwrap(), 0, "{told}");
                }
            }
        }
    }
    let mut rest = Vec::new();
    stdout.read_to_end(&mut said).await.unwrap();
    stderr.read_to_end(&mut rest).await.unwrap();
    told += std::str::from_utf8(&rest).unwrap();
    let status = child.wait().await.unwrap();
    let output = std::process::Output { status, stdout: said, stderr: told.into_bytes() };
    let hit = hit.expect("the moment never came");
    let after = String::from_utf8_lossy(&typed[hit..]).into_owned();
    let audit = settled(&window, &mut line).await;
    Stopped { unlocked: unlocked(folder.path()), said: Said::of(folder, &output), audit, after }
}

/// Whether nobody holds the lock of an endpoint below this home folder, and there was one.
fn unlocked(home: &Path) -> bool {
    let locks = fs::read_dir(home.join(".local/state/sacpilot/locks")).into_iter().flatten().flatten();
    let free: Vec<bool> = locks.map(|lock| File::open(lock.path()).unwrap().try_lock().is_ok()).collect();
    !free.is_empty() && free.into_iter().all(|free| free)
}

/// The machine's record, when it has done what it was told.
async fn settled(window: &SimWindow, line: &mut SimLine) -> Audit {
    let mut bytes = [0; 4096];
    while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_millis(400), line.read(&mut bytes)).await {}
    window.audit()
}

impl Stopped {
    /// Only whole lines that we mean were executed at SAC.
    #[track_caller]
    fn only_whole_lines(&self) {
        let whole = regex::Regex::new(r"(?i)^(cmd|ch -(sn|cn) Cmd\d{4}|ch|id)$").unwrap();
        for line in self.audit.sac_lines() {
            assert!(whole.is_match(line), "SAC executed {line:?}");
        }
        for line in self.audit.cmd_lines() {
            // Every line of ours stands in parentheses, and cmd runs none before the last one is closed.
            assert!(line.starts_with('(') && line.ends_with(')'), "a half line was executed: {line:?}");
        }
    }

    /// Every channel that was opened is closed again.
    #[track_caller]
    fn all_closed(&self) {
        assert!(self.unlocked, "the endpoint is still locked");
        let count =
            |wanted: fn(&Act) -> bool| self.audit.entries().iter().filter(|entry| wanted(&entry.act)).count();
        let opened = count(|act| matches!(act, Act::ChannelOpened { .. }));
        let closed = count(|act| matches!(act, Act::ChannelClosed { .. }));
        assert_eq!(opened, closed, "{:?}\n{}", self.audit, self.said.stderr_text());
    }

    /// The journal ends with the end of the run.
    #[track_caller]
    fn journal_closed(&self) -> Vec<serde_json::Value> {
        let recorded = journal::read(&self.said.run_folder("runs").join("journal.jsonl")).unwrap();
        let events: Vec<serde_json::Value> =
            recorded.events.iter().map(|event| serde_json::to_value(&event.event).unwrap()).collect();
        let last = events.last().unwrap();
        assert_eq!((&last["type"], &last["exit"]), (&"run-finished".into(), &130.into()), "{events:#?}");
        events
    }
}

const SLOW: &str = "\
script: slow
title: 'takes a while'
about: |
  Takes a while.
steps:
  - id: slow
    title: 'slow'
    in: cmd
    timeout: 2h
    run: 'ping -n 150 127.0.0.1 >nul'
  - id: never
    title: 'never'
    in: cmd
    run: 'echo never'
";

#[tokio::test]
async fn while_the_machine_boots() {
    let stopped =
        stopped("healthy", "diagnose rdp/connections", 1, |_, shown| shown.contains("BdsDxe")).await;
    stopped.journal_closed();
    stopped.only_whole_lines();
    stopped.all_closed();
    assert_eq!(stopped.after, "", "nothing is typed any more");
    stopped.said.code(130);
}

/// Moments of an opening: each is in the middle of a line.
#[tokio::test]
async fn in_the_middle_of_a_line_while_a_channel_is_opened() {
    let moments: [(&str, Moment); 5] = [
        ("cmd", |typed, _| typed.ends_with("cmd")),
        ("ch -sn", |typed, _| typed.contains("ch -s") && !typed.ends_with('\r')),
        ("the account", |typed, _| typed.ends_with("azadmin")),
        ("the password", |typed, _| typed.contains(&PASSWORD[..4]) && !typed.contains(PASSWORD)),
        ("the helper", |typed, _| typed.contains("echo @cls")),
    ];
    for (name, moment) in moments {
        for arguments in ["diagnose rdp/connections", "exec -- ver"] {
            let stopped = stopped("healthy", arguments, 1, moment).await;
            stopped.only_whole_lines();
            stopped.all_closed();
            if arguments.starts_with("diagnose") {
                let events = stopped.journal_closed();
                assert!(
                    events.iter().any(
                        |event| event["type"] == "session-closed" && event["channel"]["left"] == "closed"
                    ),
                    "{name}: {events:#?}"
                );
            }
            stopped.said.code(130);
        }
    }
}

#[tokio::test]
async fn while_exec_runs_a_command_or_fetches_its_output() {
    let moments: [(&str, &str, Moment); 4] = [
        ("typing", "exec -- echo one two three four five six seven", |typed, _| typed.contains("echo one")),
        ("running", "exec --timeout 2h -- ping -t 127.0.0.1", |typed, _| {
            typed.contains("ping -t") && typed.ends_with('\r')
        }),
        ("packing", "exec -- dir /s C:\\Windows", |typed, _| typed.contains(" z)\r")),
        // A batch file shows the pages and waits for a key after each.
        ("fetching", "exec -- dir /s C:\\Windows", |typed, _| typed.contains("%SP%.l)\r")),
    ];
    for (name, arguments, moment) in moments {
        let stopped = stopped("healthy", arguments, 1, moment).await;
        stopped.only_whole_lines();
        stopped.all_closed();
        assert!(name != "running" || stopped.after.starts_with('\x03'), "{name}: {:?}", stopped.after);
        stopped
            .said
            .code(130)
            .stdout("")
            .stderr("\nstopping; Ctrl-C again stops at once\nerror: stopped by the user\n");
    }
}

#[tokio::test]
async fn once_while_a_step_runs_finishes_it_twice_stops_at_once() {
    let running: Moment = |typed, _| typed.contains("ping -n") && typed.ends_with('\r');
    let once = stopped("healthy", "diagnose slow.yaml", 1, running).await;
    once.journal_closed();
    once.only_whole_lines();
    once.all_closed();
    assert!(!once.audit.cmd_lines().iter().any(|line| line.contains("never")), "no further step");
    once.said.code(130);

    let twice = stopped("healthy", "diagnose slow.yaml", 2, running).await;
    let events = twice.journal_closed();
    assert!(
        events.iter().any(|event| event["type"] == "session-closed" && event["channel"]["left"] == "open")
    );
    assert_eq!(twice.after, "", "nothing is typed any more");
    assert!(twice.said.stderr_text().contains("a channel may be open"), "{}", twice.said.stderr_text());
    twice.said.code(130);
}

/// The change has begun: it is finished and proven, then stays or is taken back, as the user chose.
#[tokio::test]
async fn a_change_under_way_is_finished_and_stays_or_goes_back_by_policy() {
    let changing: Moment = |typed, _| typed.contains("reg add") && typed.ends_with('\r');
    for (policy, signal) in [("keep", Signal::TERM), ("undo", Signal::INT), ("undo", Signal::HUP)] {
        let arguments = format!("run rdp/tls-protocols --yes --on-interrupt {policy}");
        let stopped = stopped_by(signal, "tls-12-disabled", &arguments, 1, When::Shown(changing)).await;
        stopped.only_whole_lines();
        stopped.all_closed();
        let events = stopped.journal_closed();
        let told = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        assert_eq!((told("change-intended"), told("change-verified")), (1, 1), "{policy}: {events:#?}");
        let restored = events
            .iter()
            .any(|event| event["type"] == "undo-finished" && event["outcome"]["outcome"] == "restored");
        assert_eq!(restored, policy == "undo", "{policy}: {events:#?}");
        let hint = stopped.said.text().contains("to take it back: sacpilot undo ");
        assert_eq!(hint, policy == "keep", "{}", stopped.said.text());
        stopped.said.code(130);
    }
}

#[tokio::test]
async fn while_the_machine_restarts() {
    let restarting: Moment = |typed, shown| typed.contains("shutdown") && shown.matches("BdsDxe").count() > 2;
    let stopped = stopped("tls-12-disabled", "run rdp-internal-error --yes", 1, restarting).await;
    stopped.only_whole_lines();
    let events = stopped.journal_closed();
    let intended = events.iter().any(|event| event["type"] == "reboot-intended");
    let left = events.iter().find(|event| event["type"] == "session-closed").unwrap();
    assert!(intended && left["channel"]["left"] == "open", "{left}");
    stopped.said.code(130);
}

/// A script with every kind of step, stopped at a line of its journal.
async fn stopped_at(line: usize, signals: u32) -> Stopped {
    let signal = if line.is_multiple_of(2) { Signal::TERM } else { Signal::INT };
    let policy = if line % 4 < 2 { "keep" } else { "undo" };
    let arguments = format!("run own.yaml --yes --json --on-interrupt {policy}");
    let stopped = stopped_by(signal, "healthy?start=running", &arguments, signals, When::Line(line)).await;
    let events = stopped.journal_closed();
    let has = |kind: &str| events.iter().any(|event| event["type"] == kind);
    assert!(stopped.unlocked, "line {line}: the endpoint is still locked");
    if signals > 1 {
        // What was on its way when the signal came arrives; it is not entered.
        assert!(!stopped.after.contains('\r'), "line {line}: something is entered: {:?}", stopped.after);
    } else {
        // In a restart there is no channel to close.
        let restarting = has("reboot-intended") && !has("reboot-finished");
        if !restarting {
            stopped.all_closed();
        }
        let undone = has("undo-started");
        let standing = events.iter().filter(|event| event["type"] == "change-intended").count();
        assert!(!undone || policy == "undo" || has("step-failed"), "line {line}: taken back: {events:#?}");
        assert!(policy == "keep" || restarting || undone || standing == 0, "line {line}: kept: {events:#?}");
        if standing > 0 && policy == "keep" {
            // Standard output is for programs: the way back is in the report.
            let report = stopped.said.run_folder("runs").join("report.md");
            assert!(fs::read_to_string(report).unwrap().contains("sacpilot undo "), "line {line}");
        }
    }
    stopped
}

/// The lines at which a run of it may be stopped.
fn lines_of_every_kind() -> Vec<String> {
    let said = Program::new("run own.yaml -t sim:healthy?start=running --yes --json --runs-dir runs")
        .file("own.yaml", include_str!("survive/kinds.yaml"))
        .run()
        .code(0);
    said.text().lines().map(str::to_owned).collect()
}

/// One line of each kind of step, once and twice.
#[tokio::test]
async fn at_a_line_of_every_kind_of_step() {
    let lines = lines_of_every_kind();
    let at = |parts: &[&str]| {
        let found = lines.iter().position(|line| parts.iter().all(|part| line.contains(part)));
        found.unwrap_or_else(|| panic!("{parts:?} is in no line")) + 1
    };
    let started = |step: &str, purpose: &str| {
        at(&["command-started", &format!("\"step\":\"{step}"), &format!("\"purpose\":\"{purpose}\"")])
    };
    for (line, signals) in [
        (started("value[Second]", "change"), 1),
        (started("service", "change"), 1),
        (started("stopped", "save"), 1),
        (started("rested", "look"), 1),
        (started("helper", "change"), 1),
        (started("outer/mark", "undo"), 1),
        (started("password", "change"), 1),
        (started("password", "change"), 2),
        (at(&["reboot-intended"]), 1),
        (started("stopped", "change"), 2),
    ] {
        stopped_at(line, signals).await;
    }
}

/// Every line of it, once and twice.
#[tokio::test]
#[ignore = "takes minutes; see docs/surviving.md"]
async fn at_every_line_of_every_kind_of_step() {
    let lines = lines_of_every_kind();
    for line in 1..lines.len() - 2 {
        for signals in [1, 2] {
            stopped_at(line, signals).await;
        }
    }
}
