//! `docs/library.md`: for each fault what `health` says, the script it names, and `health` again, with what that costs.

use std::fmt::Write as _;
use std::fs;

use sacpilot::engine::{EventKind, Verdict};

use super::table::{NAMED, REPAIRS};
use crate::repair::{Case, Outcome};
use crate::stored::repository;

/// Bits for a byte: start, eight, stop.
const BITS: u64 = 10;
const BAUD: u64 = 115_200;
/// How far bytes may be from the stored ones, in percent: the driver is worked on, and the table is about its size.
const TOLERANCE: u64 = 20;
/// Every so many rows are measured in each run of the tests; all of them by the ignored test.
const SAMPLE: usize = 9;

#[derive(Debug, PartialEq, Eq)]
struct Row {
    scenario: String,
    says: String,
    scripts: String,
    changes: u64,
    after: String,
    commands: u64,
    bytes: u64,
}

impl Row {
    fn line(&self) -> String {
        let tenths = self.bytes * BITS * 10 / BAUD;
        format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {}.{} s |",
            self.scenario,
            self.says,
            self.scripts,
            self.changes,
            self.after,
            self.commands,
            self.bytes,
            tenths / 10,
            tenths % 10
        )
    }

    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
        let [scenario, says, scripts, changes, after, commands, bytes, _] = cells.as_slice() else {
            return None;
        };
        Some(Self {
            scenario: scenario.trim_end_matches('`').to_owned(),
            says: (*says).to_owned(),
            scripts: (*scripts).to_owned(),
            changes: changes.parse().ok()?,
            after: (*after).to_owned(),
            commands: commands.parse().ok()?,
            bytes: bytes.parse().ok()?,
        })
    }

    /// Everything is the same, and the bytes are near.
    fn is_near(&self, other: &Self) -> bool {
        let same = (&self.says, &self.scripts, self.changes, &self.after)
            == (&other.says, &other.scripts, other.changes, &other.after);
        let near = |a: u64, b: u64| a.abs_diff(b) * 100 <= b * TOLERANCE;
        same && near(self.commands, other.commands) && near(self.bytes, other.bytes)
    }
}

/// What `health` found, in the step with that id: text and remedy.
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
    Some(rest.split(['.', ' ']).next()?.trim_end_matches(','))
}

fn with(script: &str, scenario: &str) -> &'static str {
    let of =
        |same: bool| REPAIRS.iter().find(|row| row.script == script && (!same || row.scenario == scenario));
    of(true).or_else(|| of(false)).map_or("", |row| row.with)
}

/// Health, scripts until health finds nothing more, and what it took.
fn measure(scenario: &'static str, first: &str) -> Row {
    let mut scripts = vec![first.to_owned()];
    loop {
        let mut steps = String::from("  - id: before\n    title: 'before'\n    use: 'health'\n");
        for (number, script) in scripts.iter().enumerate() {
            let _ = writeln!(steps, "  - id: it{number}\n    title: 'it'\n    use: '{script}'");
            let with = with(script, scenario);
            if !with.is_empty() {
                let _ = writeln!(steps, "    with: {{{with}}}");
            }
        }
        steps.push_str("  - id: after\n    title: 'after'\n    use: 'health'\n");
        let outcome = Case::run(scenario).steps(steps).done();
        let (before, after) = (found(&outcome, "before"), found(&outcome, "after"));
        let next = after.iter().find_map(|(_, remedy)| named(remedy)).map(str::to_owned);
        let is_new = next.as_ref().is_some_and(|next| !scripts.contains(next)) && scripts.len() < 4;
        if let (true, Some(next)) = (is_new, next) {
            scripts.push(next);
            continue;
        }
        let commands =
            |event: &&sacpilot::engine::Event| matches!(event.event, EventKind::CommandStarted { .. });
        let says = before.iter().find(|(_, remedy)| named(remedy) == Some(first));
        let ended = matches!(outcome.ended.verdict, Verdict::Holds | Verdict::Findings);
        return Row {
            scenario: scenario.to_owned(),
            says: says.map_or_else(|| "nothing".to_owned(), |(text, _)| text.clone()),
            scripts: scripts.join(", "),
            changes: outcome.changing().len() as u64,
            after: match after.first() {
                None if ended => "healthy".to_owned(),
                None => format!("{:?}", outcome.ended.verdict),
                Some((text, _)) => text.clone(),
            },
            commands: outcome.events.iter().filter(commands).count() as u64,
            bytes: outcome.bytes,
        };
    }
}

fn page(rows: &[Row]) -> String {
    let mut text = String::from(
        "# What health finds, and what its scripts cost\n\n\
         Each row is one simulated machine (Server 2022, English): `health`, the scripts it names until it finds nothing more,\n\
         and `health` again, in one session. Changes are the commands that were sent to change something, commands are all of them.\n\
         Bytes are those of both directions as they went over the line, login included; time is theirs at 115200 baud, 8N1,\n\
         without what Windows needs to start services or itself. Made by\n\
         `SACPILOT_BLESS=1 cargo test --test it -- --ignored library::measured`.\n\n\
         | machine | what health says | scripts | changes | afterwards | commands | bytes | time |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(text, "{}", row.line());
    }
    text
}

fn stored() -> Vec<Row> {
    let page = fs::read_to_string(repository("docs/library.md")).unwrap_or_default();
    page.lines().filter_map(Row::read).collect()
}

#[test]
fn the_table_has_every_fault_and_each_ends_healthy() {
    let stored = stored();
    let names: Vec<&str> = stored.iter().map(|row| row.scenario.as_str()).collect();
    assert_eq!(names, NAMED.iter().map(|row| row.0).collect::<Vec<_>>());
    for (row, (scenario, script)) in stored.iter().zip(NAMED) {
        assert!(row.scripts.split(", ").next() == Some(script), "{scenario}: {row:?}");
        assert_eq!(row.after, "healthy", "{scenario}");
    }
}

#[test]
fn a_sample_of_the_table_is_as_measured() {
    let stored = stored();
    for (row, (scenario, script)) in stored.iter().zip(NAMED).step_by(SAMPLE) {
        let now = measure(scenario, script);
        assert!(now.is_near(row), "stored {row:?}\nnow    {now:?}");
    }
}

#[test]
#[ignore = "takes minutes; SACPILOT_BLESS=1 cargo test --test it -- --ignored library::measured"]
fn the_whole_table_is_as_measured() {
    let rows: Vec<Row> = NAMED.iter().map(|(scenario, script)| measure(scenario, script)).collect();
    if std::env::var_os("SACPILOT_BLESS").is_some() {
        fs::write(repository("docs/library.md"), page(&rows)).unwrap();
        return;
    }
    let stored = stored();
    assert_eq!(stored.len(), rows.len());
    for (row, now) in stored.iter().zip(&rows) {
        assert!(now.is_near(row), "stored {row:?}\nnow    {now:?}");
    }
}
