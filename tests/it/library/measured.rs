//! `docs/library.md`: for each fault what `health` says, the script it names, and `health` again, with what that costs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use sacpilot::engine::{EventKind, Verdict};
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::sim::scenario;

use super::table::{NAMED, REFUSED, REPAIRS, WELL};
use crate::repair::{Case, Outcome};
use crate::stored::{assert_none, difference, repository};

/// Bits for a byte: start, eight, stop.
const BITS: u64 = 10;
const BAUD: u64 = 115_200;
/// What stands in the table behind a machine that was repaired.
const HEALTHY: &str = "healthy";
/// More scripts than that are not tried on one machine.
const MOST: usize = 8;
/// How far bytes may be from the stored ones, in percent: the driver is worked on, and the table is about its size.
const TOLERANCE: u64 = 20;
/// What is shown by scripts on Wine.
const WHOLE: &str = "repairs, changes nothing twice, is taken back";
/// Scripts that run on Wine, and what of them.
pub(super) const ON_WINE: [(&str, &str); 10] = [
    ("boot/crash-dump", WHOLE),
    ("offline/attach", "finds another Windows by its content, or none"),
    ("rdp/authentication", WHOLE),
    ("rdp/configuration", WHOLE),
    ("rdp/connections", WHOLE),
    ("rdp/disconnects", WHOLE),
    ("rdp/group-policy-pause", WHOLE),
    ("rdp/services", "starts Wine's own TermService; its net cannot stop it as the way back does"),
    ("rdp/tls-kept", "finds what was taken back"),
    ("rdp/tls-protocols", WHOLE),
];
/// Every so many rows are measured in each run of the tests; all of them by the ignored test.
const SAMPLE: usize = 14;

/// A machine, what health says of it, and what came of the scripts that it names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    scenario: String,
    says: String,
    scripts: String,
    changes: u64,
    after: String,
    remedy: String,
    commands: u64,
    bytes: u64,
}

impl Row {
    /// In the table of what is repaired.
    fn repaired(&self) -> String {
        format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            self.scenario,
            cell(&self.says),
            self.scripts,
            self.changes,
            cell(&self.after),
            self.commands,
            self.bytes,
            seconds(self.bytes)
        )
    }

    /// In the table of what is not.
    fn refused(&self) -> String {
        let [says, after, remedy] = [&self.says, &self.after, &self.remedy].map(|text| cell(text));
        format!("| `{}` | {says} | {} | {after} | {remedy} |", self.scenario, self.scripts)
    }

    fn read(line: &str) -> Option<Self> {
        let line = line.strip_prefix("| `")?.strip_suffix(" |")?;
        let cells: Vec<String> = line.split(" | ").map(|cell| cell.replace("\\|", "|")).collect();
        let mut row = Self::default();
        match cells.as_slice() {
            [scenario, says, scripts, changes, after, commands, bytes, _] => {
                row.changes = changes.parse().ok()?;
                row.commands = commands.parse().ok()?;
                row.bytes = bytes.parse().ok()?;
                (row.scenario, row.says) = (scenario.clone(), says.clone());
                (row.scripts, row.after) = (scripts.clone(), after.clone());
            }
            [scenario, says, scripts, after, remedy] => {
                (row.scenario, row.says) = (scenario.clone(), says.clone());
                (row.scripts, row.after, row.remedy) = (scripts.clone(), after.clone(), remedy.clone());
            }
            _ => return None,
        }
        row.scenario = row.scenario.trim_end_matches('`').to_owned();
        Some(row)
    }

    fn is_healthy(&self) -> bool {
        self.after == HEALTHY
    }

    /// Everything is the same, and the bytes are near.
    fn is_near(&self, other: &Self) -> bool {
        let same = (&self.says, &self.scripts, self.changes, &self.after)
            == (&other.says, &other.scripts, other.changes, &other.after);
        let near = |a: u64, b: u64| a.abs_diff(b) * 100 <= b * TOLERANCE;
        same && near(self.commands, other.commands) && near(self.bytes, other.bytes)
    }
}

/// What stands in a cell: no bar ends it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `8.4 s` for so many bytes.
fn seconds(bytes: u64) -> String {
    let tenths = bytes * BITS * 10 / BAUD;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// What the step with that id found: text and remedy.
fn found(outcome: &Outcome, step: &str) -> Vec<(String, String)> {
    let found = outcome.events.iter().filter_map(|event| match &event.event {
        EventKind::Found { step: path, text, remedy, severity, .. }
            if path.to_string().starts_with(&format!("{step}/")) && severity.word() != "info" =>
        {
            Some((text.clone(), remedy.clone().unwrap_or_default()))
        }
        _ => None,
    });
    found.collect()
}

/// The script that a remedy names.
fn named(remedy: &str) -> Option<&str> {
    let (_, rest) = remedy.split_once("Run ")?;
    let name = rest.split([' ', ',', ':']).next()?.trim_end_matches('.');
    loader::load(&Library::embedded(), name).is_ok().then_some(name)
}

/// The parameters of a script on a machine.
fn with(script: &str, scenario: &str) -> &'static str {
    // An attached disk is online once health has looked into it.
    let is_online =
        script.starts_with("offline/") && !["attach", "unlock"].iter().any(|own| script.contains(own));
    let of =
        |same: bool| REPAIRS.iter().find(|row| row.script == script && (!same || row.scenario == scenario));
    if is_online { "" } else { of(true).or_else(|| of(false)).map_or("", |row| row.with) }
}

/// Health, scripts, health again, on one machine.
fn run(scenario: &'static str, scripts: &[String]) -> Outcome {
    let mut steps = step("first", "health", "");
    for (number, script) in scripts.iter().enumerate() {
        steps.push_str(&step(&format!("it{number}"), script, with(script, scenario)));
    }
    steps.push_str(&step("last", "health", ""));
    Case::run(scenario).steps(steps).done()
}

fn step(id: &str, script: &str, with: &str) -> String {
    let with = if with.is_empty() { String::new() } else { format!("    with: {{{with}}}\n") };
    format!("  - id: {id}\n    title: '{id}'\n    use: '{script}'\n{with}")
}

/// Health, the scripts that it names until it finds nothing more, health again, and what it took.
fn measure(scenario: &'static str) -> Row {
    let mut scripts: Vec<String> = Vec::new();
    let mut tried: BTreeSet<String> = BTreeSet::new();
    loop {
        let outcome = run(scenario, &scripts);
        let ended = matches!(outcome.ended.verdict, Verdict::Holds | Verdict::Findings);
        let (first, last) = (found(&outcome, "first"), found(&outcome, "last"));
        let said =
            scripts.len().checked_sub(1).map(|at| found(&outcome, &format!("it{at}"))).unwrap_or_default();
        // A script that cannot do it names another one, which is tried in its place.
        let names = if ended { &last } else { &said };
        let next = names.iter().filter_map(|(_, remedy)| named(remedy)).find(|next| !tried.contains(*next));
        if let Some(next) = next.filter(|_| tried.len() < MOST) {
            if !ended {
                scripts.pop();
            }
            tried.insert(next.to_owned());
            scripts.push(next.to_owned());
            continue;
        }
        let commands =
            |event: &&sacpilot::engine::Event| matches!(event.event, EventKind::CommandStarted { .. });
        let (after, remedy) = match (ended, last.first(), said.last()) {
            (true, None, _) => (HEALTHY.to_owned(), String::new()),
            (_, _, Some(said)) => said.clone(),
            (true, Some(last), None) => last.clone(),
            (_, _, None) => (format!("{:?}", outcome.ended.verdict), String::new()),
        };
        return Row {
            scenario: scenario.to_owned(),
            says: first.first().map_or_else(|| "nothing".to_owned(), |(text, _)| text.clone()),
            scripts: scripts.join(", "),
            changes: outcome.changing().len() as u64,
            after,
            remedy,
            commands: outcome.events.iter().filter(commands).count() as u64,
            bytes: outcome.bytes,
        };
    }
}

/// What a script took: the machine's own time, starts and waits included, and that of the line. Windows on real disks is
/// slower where it checks or repairs files; there a script says more.
pub(super) fn time_of(outcome: &Outcome) -> Duration {
    let machine = outcome.events.last().map_or(0, |event| event.ms);
    Duration::from_millis(machine + outcome.bytes * BITS * 1000 / BAUD)
}

fn page(rows: &[Row]) -> String {
    let mut text = String::from(
        "# What health finds, and what its scripts cost\n\n\
         Each row is a simulated machine (Server 2022, English) to try it on: `sacpilot diagnose health -t sim:MACHINE`. Made by\n\
         `SACPILOT_BLESS=1 cargo test --release --test it -- --ignored library::measured`.\n\n\
         ## What is repaired\n\n\
         `health`, the scripts it names until it finds nothing more, and `health` again, in one session. Where a script ends with the\n\
         name of another one, that one stands here. A disk that is not online shows nothing: there `offline/attach` comes first.\n\
         Changes are the commands that were sent to change something, commands are all of them. Bytes are those of both directions\n\
         as they went over the line, login included; the time is theirs at 115200 baud, 8N1, without what Windows itself needs to do\n\
         the work, to start a service, or to restart.\n\n\
         | machine | what health says | scripts | changes | afterwards | commands | bytes | time |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows.iter().filter(|row| row.is_healthy()) {
        let _ = writeln!(text, "{}", row.repaired());
    }
    text.push_str(
        "\n## What no script repairs\n\n\
         Health names the script that knows most about it; that script changes nothing, takes back what it tried, or finds\n\
         that the domain took it back, and says why.\n\n\
         | machine | what health says | script | what the script says | what to do |\n\
         |---|---|---|---|---|\n",
    );
    for row in rows.iter().filter(|row| !row.is_healthy()) {
        let _ = writeln!(text, "{}", row.refused());
    }
    text.push_str("\n## Where health finds nothing\n\n| machine | why |\n|---|---|\n");
    for (scenario, why) in WELL {
        let _ = writeln!(text, "| `{scenario}` | {why} |");
    }
    text.push_str(
        "\n## On tools that nobody here wrote\n\n\
         Where Wine has the tools, the same scripts run against its cmd, reg, sc and net as well, on its registry, files and\n\
         services. The others need what Wine 8 does not have: cacls, icacls, netsh, wevtutil, certutil, dism and systeminfo are there\n\
         in name only; bcdedit, chkdsk, diskpart, gpupdate, manage-bde, nltest, sfc and takeown not at all; its reg knows no `load`,\n\
         its sc no `config`, its net no `user` and no `stop NAME /y`, its cmd no `ren` by patterns.\n\n\
         | script | on Wine |\n|---|---|\n",
    );
    for (script, what) in ON_WINE {
        let _ = writeln!(text, "| {script} | {what} |");
    }
    text
}

fn stored() -> Vec<Row> {
    let page = fs::read_to_string(repository("docs/library.md")).unwrap_or_default();
    page.lines().filter_map(Row::read).collect()
}

/// The scripts that stand beside a machine in the page.
pub(super) fn scripts_of(scenario: &str) -> Vec<String> {
    let row = stored().into_iter().find(|row| row.scenario == scenario).unwrap_or_default();
    row.scripts.split(", ").map(str::to_owned).collect()
}

/// What is in none of the tables has no place among the scenarios; the next test holds the page against the tables.
#[test]
fn every_machine_is_in_one_of_the_tables() {
    let mut listed: Vec<&str> = NAMED.iter().chain(REFUSED).chain(WELL).map(|row| row.0).collect();
    listed.sort_unstable();
    let scenarios: Vec<&str> = scenario::names().collect();
    assert_eq!(listed, scenarios);
}

/// The page names the scripts that run on Wine.
#[cfg(unix)]
#[test]
fn what_runs_on_wine_is_in_the_page() {
    assert_eq!(super::wine::scripts(), ON_WINE.map(|row| row.0));
    let page = fs::read_to_string(repository("docs/library.md")).unwrap();
    for (script, what) in ON_WINE {
        assert!(page.contains(&format!("| {script} | {what} |\n")), "{script}");
    }
}

#[test]
fn each_fault_ends_healthy_or_with_what_is_left_to_do() {
    let stored = stored();
    let names: Vec<&str> = stored.iter().map(|row| row.scenario.as_str()).collect();
    assert_eq!(names, NAMED.iter().chain(REFUSED).map(|row| row.0).collect::<Vec<_>>());
    for (row, (scenario, script)) in stored.iter().zip(NAMED.iter().chain(REFUSED)) {
        assert!(row.scripts.split(", ").any(|own| own == *script), "{scenario}: {row:?}");
        assert_eq!(row.is_healthy(), NAMED.contains(&(scenario, script)), "{scenario}");
    }
}

#[test]
fn a_sample_of_the_table_is_as_measured() {
    let stored = stored();
    for (row, (scenario, _)) in stored.iter().zip(NAMED).step_by(SAMPLE) {
        let now = measure(scenario);
        assert!(now.is_near(row), "stored {row:?}\nnow    {now:?}");
    }
}

/// `SACPILOT_SCENARIO=rdp-denied` measures those alone whose names hold that.
#[test]
#[ignore = "takes minutes; SACPILOT_BLESS=1 cargo test --release --test it -- --ignored library::measured"]
fn the_whole_table_is_as_measured() {
    let only = std::env::var("SACPILOT_SCENARIO").ok();
    let scenarios = NAMED.iter().chain(REFUSED).map(|row| row.0);
    let mut stored = stored();
    let mut kept = |scenario: &str| {
        let at = stored.iter().position(|row| row.scenario == scenario)?;
        Some(stored.swap_remove(at))
    };
    let is_meant = |name: &str| only.as_ref().is_none_or(|only| name.contains(only));
    let row = |name| if is_meant(name) { measure(name) } else { kept(name).unwrap_or_default() };
    let rows: Vec<Row> = scenarios.map(row).collect();
    assert_none(&Vec::from_iter(difference(&repository("docs/library.md"), &page(&rows))));
}
