//! The conditions under which commands are run: version × rendering × line × keyboard × what happens meanwhile.

use std::time::Duration;

use sacpilot::sim::options::MachineOptions;
use sacpilot::sim::windows::os::Os;
use serde_json::{Value, json};

/// One set of conditions.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) name: String,
    pub(super) os: Os,
    pub(super) machine: MachineOptions,
    /// Machine and line run for that long between two commands.
    pub(super) pause: Duration,
    /// A line is hung up after so many bytes on average; 0: never.
    pub(super) line_lives: u64,
    /// One command in so many is one that does not end by itself; 0: none.
    pub(super) endless: u64,
    /// Commands are this many times as long.
    pub(super) longer: u64,
    /// What is done to the machine in the middle of the 8th and the 15th command.
    pub(super) blow: Option<Blow>,
}

/// What is done to the machine while a command is typed, runs, or is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blow {
    /// Its power goes and comes back.
    PowerCut,
    /// Somebody else restarts it.
    Restart,
}

const VERSIONS: [(Os, &str); 3] =
    [(Os::Server2016, "2016"), (Os::Server2019, "2019"), (Os::Server2022, "2022")];

/// Faults of the line: name, of bytes to the machine, of bytes from it. Each number: one in so many bytes.
fn lines() -> Vec<(String, Value, Value)> {
    let mut lines = vec![("clean".to_owned(), json!({}), json!({}))];
    for rate in [5_000, 1_000, 200] {
        for fault in ["loss", "corruption", "duplication"] {
            lines.push((format!("{fault} 1/{rate} to"), json!({fault: rate}), json!({})));
            lines.push((format!("{fault} 1/{rate} from"), json!({}), json!({fault: rate})));
        }
        let all = json!({"loss": rate, "corruption": rate, "duplication": rate});
        lines.push((format!("all 1/{rate} both"), all.clone(), all));
    }
    lines.push((
        "bursts of 12 1/2000 both".to_owned(),
        json!({"loss": 2000, "burst": 12}),
        json!({"loss": 2000, "burst": 12}),
    ));
    lines
}

/// Something that happens beside the faults of the line.
#[derive(Debug, Clone)]
struct Happening {
    name: &'static str,
    /// Options of the machine.
    options: Value,
    pause: u64,
    line_lives: u64,
    endless: u64,
    longer: u64,
    blow: Option<Blow>,
}

impl Happening {
    fn new(name: &'static str, options: Value) -> Self {
        Self { name, options, pause: 0, line_lives: 0, endless: 0, longer: 1, blow: None }
    }

    fn pause(self, seconds: u64) -> Self {
        Self { pause: seconds, ..self }
    }
}

fn events() -> Vec<Happening> {
    let event = Happening::new;
    let timeout = |at_timeout: &str| json!({"session": {"timeout": "40s", "at_timeout": at_timeout}});
    let far = json!({"latency": "250ms", "jitter": "80ms"});
    let stalls = json!({"stall": 2000, "stall_time": "7s"});
    vec![
        event("nothing", json!({})),
        event("equal neighbours dropped", json!({"keyboard": {"equal_neighbours": "dropped"}})),
        event("equal neighbours doubled", json!({"keyboard": {"equal_neighbours": "doubled"}})),
        event("equal neighbours tripled", json!({"keyboard": {"equal_neighbours": "tripled"}})),
        event("first keys eaten", json!({"keyboard": {"eaten": 4}})),
        event("16-byte FIFO", json!({"receiver": "fifo16"})),
        event("9600 baud", json!({"baud": 9600})),
        event("session times out", timeout("login")).pause(25),
        event("session locks", timeout("lock")).pause(25),
        event("session closes", timeout("close")).pause(25),
        event("session falls to its switch screen", timeout("switch-screen")).pause(25),
        Happening { line_lives: 9_000, ..event("line hung up", json!({})) },
        Happening { endless: 4, ..event("endless commands", json!({})) },
        event("litter", json!({"render": {"hide_cursor": true, "nuls": 40, "titles": true}})),
        Happening {
            line_lives: 14_000,
            ..event("no repaint on view", json!({"session": {"on_view": "nothing"}})).pause(20)
        },
        Happening {
            longer: 15,
            ..event("ring overrun", json!({"polls": {"late_every": "60s", "late_by": "9s"}}))
        },
        event("bug check in mid-command", json!({"stop": {"at_line": 24}})).pause(60),
        Happening { blow: Some(Blow::PowerCut), ..event("power cut in mid-command", json!({})).pause(60) },
        Happening { blow: Some(Blow::Restart), ..event("restart in mid-command", json!({})).pause(60) },
        event(
            "others leave in mid-line",
            json!({"others": {"channels": 6, "state": "prompt", "leave": "400ms"}}),
        ),
        event(
            "others' channels",
            json!({"others": {"channels": 5, "state": "half-typed"}, "cmd": {"first_number": 3}}),
        )
        .pause(10),
        event("command service late", json!({"start": "power-on", "boot": {"cmd_available": "50s"}})),
        event("far away", json!({"noise": {"to_machine": far, "from_machine": far}})),
        event("line stands still", json!({"noise": {"to_machine": stalls, "from_machine": stalls}})),
    ]
}

/// The conditions number `number` of an endless sequence in which every pair of line and event comes.
pub(super) fn ground(number: usize) -> Ground {
    let (lines, events) = (lines(), events());
    let (os, version) = VERSIONS[number % VERSIONS.len()];
    let place = number / VERSIONS.len();
    let (line, to, from) = &lines[place % lines.len()];
    let happening = &events[(place + 2 * (place / lines.len())) % events.len()];
    let Happening { name: event, options, pause, line_lives, endless, longer, blow } = happening.clone();
    let mut machine = json!({
        "start": "running",
        "noise": {"seed": number, "to_machine": to, "from_machine": from},
    });
    join(&mut machine, options);
    Ground {
        name: format!("{version}, {line}, {event}"),
        os,
        machine: serde_json::from_value(machine).unwrap(),
        pause: Duration::from_secs(pause),
        line_lives,
        endless,
        longer,
        blow,
    }
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
