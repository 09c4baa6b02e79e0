//! Every state that a console is found in × every option of the simulated machine: a command either runs, with its exact
//! output, or the error says what stands in the way and what to do, within its deadline.
//!
//! `cargo test` takes each state with the defaults, and each value of each option in one of the states. The whole table:
//! `cargo test --release --test it states::whole -- --ignored`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::shell::{Session, SessionOptions, ShellError};
use sacpilot::sim::audit::Act;
use sacpilot::sim::options::{MachineOptions, Values, listing};
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Pace, SimLine};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::session::credentials;

/// How long the way to a prompt may take.
const BUDGET: Duration = Duration::from_mins(12);
/// What may come on top of it: closing the channel after a failure.
const AFTERWARDS: Duration = Duration::from_mins(5);
const COMMAND: Duration = Duration::from_mins(3);

/// States of §11 of what is known about SAC; `~` is the password of an administrator, whose prompt somebody left.
const STATES: [(&str, &str); 22] = [
    ("powered on", r#"{"start": "power-on"}"#),
    ("SAC's prompt", r#"{"start": "running"}"#),
    ("a half-typed line at SAC", r#"{"start": "running", "before": [{"type": "shutd"}]}"#),
    ("SAC's pager", r#"{"start": "running", "before": [{"type": "t\r"}]}"#),
    ("SAC's switch screen", r#"{"start": "running", "before": [{"type": "\u001b\t0"}]}"#),
    ("an escape that waits", r#"{"start": "running", "before": [{"type": "\u001b"}]}"#),
    (
        "a channel's switch screen",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t"}]}"#,
    ),
    (
        "user",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t vm"}]}"#,
    ),
    (
        "domain",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\rWO"}]}"#,
    ),
    (
        "password",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\rse"}]}"#,
    ),
    (
        "a refusal",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\rno\r"}, {"wait": "9s"}]}"#,
    ),
    (
        "somebody's prompt",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}]}"#,
    ),
    (
        "somebody's half-typed line",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "del C:\\x"}]}"#,
    ),
    (
        "somebody's command that runs",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "ping -t 127.0.0.1\r"}, {"wait": "3s"}]}"#,
    ),
    (
        "somebody's pager",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "(for /l %i in (1,1,90) do @echo %i)|more\r"}, {"wait": "3s"}]}"#,
    ),
    (
        "a question (Y/N)",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "md C:\\q&echo x>C:\\q\\x&del C:\\q\r"}, {"wait": "3s"}]}"#,
    ),
    (
        "PowerShell's prompt",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "powershell\r"}, {"wait": "5s"}]}"#,
    ),
    (
        "a half-typed line of PowerShell",
        r#"{"start": "running", "before": [{"type": "cmd\r"}, {"wait": "9s"}, {"type": "\u001b\t azadmin\r\r~\r"}, {"wait": "9s"}, {"type": "powershell\r"}, {"wait": "5s"}, {"type": "Restart-Comp"}]}"#,
    ),
    ("a boot menu", r#"{"start": "power-on", "boot": {"menu": "30s"}}"#),
    ("a stop that restarts", r#"{"start": "running", "stop": {"at": "1s"}}"#),
    ("a stop that stays", r#"{"start": "power-on", "stop": {"at": "20s", "restart": null}}"#),
    ("the service not there yet", r#"{"start": "power-on", "boot": {"cmd_available": "4m"}}"#),
];

/// Options whose values are no list: each with values that matter, and what they need beside them.
fn numbers(path: &str) -> Vec<Value> {
    let faults = |name: &str, value: Value, more: Value| {
        let mut direction = json!({});
        let (group, key) = name.rsplit_once('.').unwrap();
        direction[key] = value;
        join(&mut direction, more);
        vec![nested(group, direction)]
    };
    match path {
        // Those are the states.
        "before" => vec![],
        "baud" => vec![json!({"baud": 9600}), json!({"baud": 115_200})],
        "disk_free" => vec![json!({"disk_free": 0}), json!({"disk_free": 100_000_000})],
        "boot.cmd_available" => {
            vec![json!({"boot": {"cmd_available": null}}), json!({"boot": {"cmd_available": "0s"}})]
        }
        "boot.cmd_unavailable" => {
            vec![json!({"boot": {"cmd_available": "1s", "cmd_unavailable": "100ms"}})]
        }
        "boot.firmware" => vec![json!({"boot": {"firmware": "90s"}})],
        "boot.kernel" => vec![json!({"boot": {"kernel": "90s"}})],
        "boot.menu" => vec![json!({"boot": {"menu": "5s"}})],
        "boot.shutdown" => vec![json!({"boot": {"shutdown": "1s"}})],
        "cmd.first_number" => {
            vec![json!({"cmd": {"first_number": 0}}), json!({"cmd": {"first_number": 9998}})]
        }
        "cmd.launch" => vec![json!({"cmd": {"launch": "25s"}})],
        "cmd.times" => vec![json!({"cmd": {"outcome": "times-out", "times": 2}})],
        "disconnect.after" => vec![json!({"disconnect": {"after": "4s"}})],
        "disconnect.after_bytes" => vec![json!({"disconnect": {"after_bytes": 700}})],
        "disconnect.times" => vec![json!({"disconnect": {"after_bytes": 6000, "times": 3}})],
        "keyboard.eaten" => vec![json!({"keyboard": {"eaten": 3}})],
        "keyboard.eaten_within" => vec![json!({"keyboard": {"eaten": 9, "eaten_within": "30s"}})],
        "keyboard.equal_one_in" => {
            vec![json!({"keyboard": {"equal_neighbours": "dropped", "equal_one_in": 3}})]
        }
        "keyboard.equal_within" => {
            vec![json!({"keyboard": {"equal_neighbours": "tripled", "equal_within": "1500ms"}})]
        }
        "keyboard.seed" => {
            vec![json!({"keyboard": {"equal_neighbours": "doubled", "equal_one_in": 2, "seed": 9}})]
        }
        "noise.seed" => {
            vec![json!({"noise": {"seed": 9, "to_machine": {"loss": 900}, "from_machine": {"loss": 900}}})]
        }
        "others.channels" => vec![
            json!({"others": {"channels": 1}}),
            json!({"others": {"channels": 8}}),
            json!({"others": {"channels": 9}}),
        ],
        "others.leave" => {
            vec![json!({"others": {"channels": 4, "state": "prompt", "leave": "300ms"}})]
        }
        "polls.late_by" | "polls.late_every" => {
            vec![json!({"polls": {"late_every": "20s", "late_by": "4s"}})]
        }
        "render.bridge" => vec![json!({"render": {"bridge": 0}}), json!({"render": {"bridge": 20}})],
        "render.cursor_right" => {
            vec![json!({"render": {"cursor_right": 0}}), json!({"render": {"cursor_right": 1}})]
        }
        "render.line_time" => vec![json!({"render": {"line_time": "3ms"}})],
        "render.lost_escapes" => vec![json!({"render": {"lost_escapes": 400}})],
        "render.nuls" => vec![json!({"render": {"nuls": 5}})],
        "render.poll" => vec![json!({"render": {"poll": "5ms"}}), json!({"render": {"poll": "250ms"}})],
        "sac.work" => vec![json!({"sac": {"work": "6s"}})],
        "session.authentication" => vec![json!({"session": {"authentication": "25s"}})],
        "session.timeout" => vec![json!({"session": {"timeout": "70s"}})],
        "stop.at" => vec![json!({"stop": {"at": "35s"}})],
        "stop.at_line" => vec![json!({"stop": {"at_line": 12}})],
        "stop.code" => vec![json!({"stop": {"at_line": 12, "code": 226}})],
        "stop.restart" => vec![
            json!({"stop": {"at": "35s", "restart": null}}),
            json!({"stop": {"at": "35s", "restart": "1s"}}),
        ],
        _ => match path.rsplit_once('.') {
            Some((_, "loss" | "corruption" | "duplication")) => faults(path, json!(500), json!({})),
            Some((_, "burst")) => faults(path, json!(9), json!({"loss": 3000})),
            Some((_, "latency" | "jitter")) => faults(path, json!("300ms"), json!({})),
            Some((_, "stall" | "stall_time")) => {
                faults(path, json!("5s"), json!({"stall": 2500, "stall_time": "5s"}))
            }
            _ => panic!("{path}: a new option needs values here"),
        },
    }
}

fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, key| json!({ key: inner }))
}

/// Puts options over others, key by key.
fn join(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                join(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Every value of every option.
fn options() -> Vec<Value> {
    let mut all = Vec::new();
    for option in listing() {
        match option.values {
            Values::Choice(choices) => {
                all.extend(choices.into_iter().map(|choice| nested(&option.path, json!(choice.value))));
            }
            Values::Switch { or_null } => {
                all.extend([json!(true), json!(false)].map(|value| nested(&option.path, value)));
                all.extend(or_null.then(|| nested(&option.path, Value::Null)));
            }
            Values::Number { .. } | Values::Span { .. } | Values::List => all.extend(numbers(&option.path)),
        }
    }
    all
}

/// The codes of errors that this machine excuses; none: it has to work. Each thing that stands in the way excuses those
/// that name it, whatever else there is: where two do, either may be met first.
fn excuses(machine: &Value) -> BTreeSet<&'static str> {
    let at = |pointer: &str| machine.pointer(pointer).cloned().unwrap_or_default();
    let has = |pointer: &str| !at(pointer).is_null();
    let running = at("/start") == "running";
    // A stop, a session that ended: whether the command ran may be unknown.
    let gone: &[&str] = &[
        "bug-check",
        "outcome-unknown",
        "interrupted-by-machine",
        "stopped",
        "no-sac-prompt",
        "channel-gone",
    ];
    let service_missing = machine.pointer("/boot/cmd_available").is_some_and(Value::is_null)
        || has("/boot/cmd_unavailable")
        || has("/cmd/outcome") && at("/cmd/outcome") != "works" && !has("/cmd/times");
    // Eight others and somebody's channel, where that is part of the state.
    let no_channel_left = running && at("/others/channels").as_u64() >= Some(8);
    // Drawn before we came, it says nothing more; a console that says nothing gets no Enter.
    let pager = machine.pointer("/before/0/type").is_some_and(|keys| keys == "t\r");
    let stands_in_the_way: [(bool, &[&str]); 10] = [
        (at("/port") == "health-report", &["sac-off"]),
        (at("/port") == "silent", &["no-sac-prompt"]),
        (at("/port") == "deaf", &["deaf", "no-sac-prompt"]),
        (has("/stop/at") || has("/stop/at_line"), gone),
        (service_missing || no_channel_left, &["no-command-channel"]),
        (pager, &["no-sac-prompt"]),
        // News of SAC print its prompt, while its pager takes no key.
        (pager && has("/others/leave"), &["deaf"]),
        // A star does not prove the character of a password.
        (has("/noise/to_machine/corruption"), &["login-refused"]),
        (at("/disk_free") == 0, &["channel-not-prepared", "output-damaged"]),
        (
            has("/render/lost_escapes"),
            &[
                "console",
                "output-damaged",
                "channel-not-prepared",
                "outcome-unknown",
                "line-too-noisy",
                "command-not-started",
            ],
        ),
    ];
    stands_in_the_way
        .iter()
        .filter(|(there, _)| *there)
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect()
}

/// What is wrong about how one machine was dealt with.
async fn tried(name: &str, machine: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let world = SharedWorld::new(World::healthy(Os::Server2019, Language::EnUs));
    let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
    let text = machine.to_string().replace('~', &password);
    let options: MachineOptions =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    let line = SimLine::new("found", options, world, Pace { speed: 1, baud: None });
    let window = line.window();
    let mut console = Console::new(Box::new(line), None);
    console.set_reopen(None, Duration::from_mins(2));
    let began = Instant::now();
    let opened = Session::open(console, credentials(&password), SessionOptions::new("k7q", BUDGET)).await;
    let took = began.elapsed();
    if took > BUDGET + AFTERWARDS {
        wrong.push(format!("took {} s", took.as_secs()));
    }
    let (result, own) = match opened {
        Err((error, _console)) => (Err(error), None),
        Ok(mut session) => {
            let own = session.channel().to_owned();
            let began = Instant::now();
            let result = session.cmd("echo as it should be& exit 7", COMMAND).await;
            if began.elapsed() > COMMAND + BUDGET {
                wrong.push(format!("the command took {} s", began.elapsed().as_secs()));
            }
            let closed = session.close().await;
            match (&result, closed) {
                (Ok(_), Err(error)) if excuses(machine).is_empty() => {
                    wrong.push(format!("not closed: {error}"));
                }
                _ => {}
            }
            (result, Some(own))
        }
    };
    match result {
        Ok(outcome) if (outcome.code, outcome.text.as_str()) == (7, "as it should be\r\n") => {}
        Ok(outcome) => wrong.push(format!("code {} and {:?}", outcome.code, outcome.text)),
        Err(error) => {
            if !excuses(machine).contains(error.code()) {
                wrong.push(format!("{}: {error}\n{}", error.code(), error.screen().unwrap_or_default()));
            }
            if says_nothing(&error) {
                wrong.push(format!("{error:?} says nothing of what to do"));
            }
        }
    }
    // What others left alone stays alone: nothing was entered in their channels.
    let restarted = machine.pointer("/stop").is_some();
    for entry in window.audit().entries() {
        match &entry.act {
            Act::Cmd { channel, line, .. }
                if !restarted && own.as_ref().is_some_and(|own| own != channel) =>
            {
                wrong.push(format!("in {channel}: {line}"));
            }
            Act::Restart | Act::Shutdown => wrong.push(format!("{:?}", entry.act)),
            _ => {}
        }
    }
    wrong.into_iter().map(|wrong| format!("{name} {machine}: {wrong}")).collect()
}

fn says_nothing(error: &ShellError) -> bool {
    let text = error.to_string();
    text.is_empty() || text.contains("(status )") || error.help().is_none()
}

/// Tries all, on all processors.
fn all(machines: &[(String, Value)]) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((name, machine)) = machines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_time()
                        .start_paused(true)
                        .build()
                        .unwrap();
                    let found = runtime.block_on(tried(name, machine));
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), machines.len(), wrong.join("\n"));
}

fn state(number: usize) -> (&'static str, Value) {
    let (name, options) = STATES[number % STATES.len()];
    (name, serde_json::from_str(options).unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// A state with options over it. What makes the state stays.
fn together(number: usize, options: Value) -> (String, Value) {
    let (name, mut machine) = state(number);
    join(&mut machine, options);
    (name.to_owned(), machine)
}

/// Whether a value may stand beside others in one machine: it takes nothing away, and alters no bytes.
fn is_calm(option: &Value) -> bool {
    let loud = ["noise", "stop", "disconnect", "others", "port", "polls", "disk_free", "baud"];
    excuses(option).is_empty() && loud.iter().all(|group| option.get(group).is_none())
}

#[test]
fn every_state_and_every_option() {
    let mut machines: Vec<_> = (0..STATES.len()).map(|number| together(number, json!({}))).collect();
    // Several calm values in one machine; values of one option stand apart.
    let (calm, loud): (Vec<Value>, Vec<Value>) = options().into_iter().partition(is_calm);
    let count = calm.len().div_ceil(5);
    for first in 0..count {
        let mut bundle = json!({});
        calm.iter().skip(first).step_by(count).for_each(|option| join(&mut bundle, option.clone()));
        machines.push(together(2 + first % (STATES.len() - 5), bundle));
    }
    machines.extend(loud.into_iter().enumerate().map(|(number, option)| together(number % 2, option)));
    all(&machines);
}

#[test]
#[ignore = "the whole table: some thousand machines; SACPILOT_STATES=TEXT takes those that hold it in name or options"]
fn whole() {
    let wanted = std::env::var("SACPILOT_STATES").unwrap_or_default();
    let machines: Vec<_> = options()
        .into_iter()
        .flat_map(|option| (0..STATES.len()).map(move |number| together(number, option.clone())))
        .filter(|(name, machine)| wanted.split('&').all(|part| format!("{name} {machine}").contains(part)))
        .collect();
    println!("{} machines", machines.len());
    all(&machines);
}

#[test]
fn no_option_is_forgotten() {
    let values = options();
    for option in listing().iter().filter(|option| option.path != "before") {
        let pointer = format!("/{}", option.path.replace('.', "/"));
        let taken: BTreeSet<String> =
            values.iter().filter_map(|value| value.pointer(&pointer)).map(ToString::to_string).collect();
        assert!(!taken.is_empty(), "{}", option.path);
    }
}

/// What follows a refused password, in every way that is thinkable: it is typed once, and the error says so.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_whatever_follows_it() {
    for follows in ["key-then-login", "login", "key-then-switch-screen", "key-then-close", "close"] {
        let world = SharedWorld::new(World::healthy(Os::Server2019, Language::EnUs));
        let machine = json!({"start": "running", "session": {"after_refusal": follows}});
        let options = serde_json::from_value(machine).unwrap();
        let line = SimLine::new("found", options, world, Pace { speed: 1, baud: None });
        let window = line.window();
        let console = Console::new(Box::new(line), None);
        let opened = Session::open(console, credentials("wrong"), SessionOptions::new("k7q", BUDGET)).await;
        let (error, _console) = opened.err().unwrap();
        assert_eq!(error.code(), "login-refused", "{follows}: {error}");
        assert!(!says_nothing(&error));
        let logins = window.audit().entries().iter().filter(|e| matches!(e.act, Act::Login { .. })).count();
        assert_eq!(logins, 1, "{follows}");
        let left =
            window.audit().entries().iter().filter(|e| matches!(e.act, Act::ChannelClosed { .. })).count();
        assert_eq!(left, 1, "{follows}: the channel is closed");
    }
}

/// A session that ends while nobody works in it, in every way that is thinkable: the next command runs.
#[tokio::test(start_paused = true)]
async fn a_session_that_ended_is_made_again_whatever_it_left() {
    for at_timeout in ["lock", "login", "switch-screen", "close"] {
        for at_end in ["repaint", "switch-screen"] {
            let machine = json!({
                "start": "running",
                "session": {"timeout": "90s", "at_timeout": at_timeout},
                "sac": {"at_end": at_end},
            });
            let world = SharedWorld::new(World::healthy(Os::Server2022, Language::EnUs));
            let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
            let line = SimLine::new(
                "found",
                serde_json::from_value(machine).unwrap(),
                world,
                Pace { speed: 1, baud: None },
            );
            let console = Console::new(Box::new(line), None);
            let opened =
                Session::open(console, credentials(&password), SessionOptions::new("k7q", BUDGET)).await;
            let mut session = opened.map_err(|(error, _)| error).unwrap();
            tokio::time::sleep(Duration::from_mins(5)).await;
            let outcome = session.cmd("echo again", COMMAND).await;
            let text = outcome.map(|outcome| outcome.text).map_err(|error| error.to_string());
            assert_eq!(text.as_deref(), Ok("again\r\n"), "{at_timeout}, {at_end}");
            session.close().await.unwrap();
        }
    }
}
