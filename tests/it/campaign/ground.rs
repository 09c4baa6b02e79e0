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

/// What else happens: name, options of the machine, pause between commands, life of a line in bytes, endless commands.
fn events() -> Vec<(&'static str, Value, u64, u64, u64)> {
    vec![
        ("nothing", json!({}), 0, 0, 0),
        ("equal neighbours dropped", json!({"keyboard": {"equal_neighbours": "dropped"}}), 0, 0, 0),
        ("equal neighbours doubled", json!({"keyboard": {"equal_neighbours": "doubled"}}), 0, 0, 0),
        ("equal neighbours tripled", json!({"keyboard": {"equal_neighbours": "tripled"}}), 0, 0, 0),
        ("first keys eaten", json!({"keyboard": {"eaten": 4}}), 0, 0, 0),
        ("16-byte FIFO", json!({"receiver": "fifo16"}), 0, 0, 0),
        ("9600 baud", json!({"baud": 9600}), 0, 0, 0),
        ("session times out", json!({"session": {"timeout": "40s"}}), 25, 0, 0),
        ("session locks", json!({"session": {"timeout": "40s", "at_timeout": "lock"}}), 25, 0, 0),
        ("session closes", json!({"session": {"timeout": "40s", "at_timeout": "close"}}), 25, 0, 0),
        ("line hung up", json!({}), 0, 9_000, 0),
        ("endless commands", json!({}), 0, 0, 4),
        ("litter", json!({"render": {"hide_cursor": true, "nuls": 40, "titles": true}}), 0, 0, 0),
        ("no repaint on view", json!({"session": {"on_view": "nothing"}}), 20, 14_000, 0),
    ]
}

/// The conditions number `number` of an endless sequence in which every pair of line and event comes.
pub(super) fn ground(number: usize) -> Ground {
    let (lines, events) = (lines(), events());
    let (os, version) = VERSIONS[number % VERSIONS.len()];
    let place = number / VERSIONS.len();
    let (line, to, from) = &lines[place % lines.len()];
    let (event, options, pause, line_lives, endless) =
        &events[(place + 2 * (place / lines.len())) % events.len()];
    let mut machine = json!({
        "start": "running",
        "noise": {"seed": number, "to_machine": to, "from_machine": from},
    });
    for (key, value) in options.as_object().unwrap() {
        machine[key] = value.clone();
    }
    Ground {
        name: format!("{version}, {line}, {event}"),
        os,
        machine: serde_json::from_value(machine).unwrap(),
        pause: Duration::from_secs(*pause),
        line_lives: *line_lives,
        endless: *endless,
    }
}
