//! The script library on simulated machines: every script repairs what it is for, refuses what it cannot cure,
//! leaves a healthy machine alone, and takes everything back.

mod table;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sacpilot::engine::{EventKind, Verdict};
use sacpilot::script::library::Library;
use sacpilot::script::loader;

use crate::repair::{Case, Outcome};
use crate::stored::{assert_none, difference, repository};
use table::{HEALTHY, REFUSALS, REPAIRS};

/// Renders by difference and speaks Korean (code page 949); a stream in English, Japanese, German.
const MACHINES: [(&str, &str); 4] =
    [("2016", "ko-KR"), ("2022", "en-US"), ("2019", "ja-JP"), ("2022", "de-DE")];

/// A step that always fails, so that everything before it is taken back.
const FAILS: &str = "  - id: fails
    title: 'a step that fails'
    in: cmd
    check: {run: 'ver', holds: 'rc != 0'}
    change: {run: 'dir nowhere'}
    undo: {run: 'ver'}
    finding: {severity: error, text: 'it fails'}
";

/// Script, parameters (inside the braces of `with`) and a machine that it makes whole, each.
pub(crate) fn repairs() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    REPAIRS.iter().map(|repair| (repair.script, repair.with, repair.scenario))
}

/// The parameters and the machine with which a script is recorded: one that gives it something to do.
pub(crate) fn machine_of(script: &str) -> (&'static str, &'static str) {
    // These have a restart, and everything at once.
    if let Some(row) = table::RECORDED.iter().find(|row| row.0 == script) {
        return ("", row.1);
    }
    let repair = REPAIRS.iter().find(|row| row.script == script).map(|row| (row.with, row.scenario));
    let refusal = REFUSALS.iter().find(|row| row.script == script).map(|row| (row.with, row.scenario));
    let healthy = HEALTHY.iter().find(|row| row.0 == script).map(|row| (row.1, row.2));
    repair.or(refusal).or(healthy).unwrap_or_else(|| panic!("{script} has no row in the table"))
}

fn step(script: &str, with: &str) -> String {
    let with = if with.is_empty() { String::new() } else { format!("    with: {{{with}}}\n") };
    format!("  - id: it\n    title: 'it'\n    use: '{script}'\n{with}")
}

fn on(case: Case, (os, language): (&str, &str)) -> Case {
    case.with("profile", os).with("lang", language)
}

/// Paths that differ and may not.
fn strays(outcome: &Outcome, allowed: &[&str]) -> Vec<String> {
    outcome
        .differences()
        .into_iter()
        .filter(|difference| !allowed.iter().any(|part| difference.path.contains(part)))
        .map(|difference| difference.to_string())
        .collect()
}

fn machine_for(number: usize) -> (&'static str, &'static str) {
    MACHINES[number % MACHINES.len()]
}

#[test]
fn every_script_repairs_what_it_is_for_and_only_that() {
    let mut wrong = Vec::new();
    for (number, repair) in REPAIRS.iter().enumerate() {
        let machine = machine_for(number);
        let outcome = on(Case::run(repair.scenario).steps(step(repair.script, repair.with)), machine).done();
        let name = format!("{} on {} {machine:?}", repair.script, repair.scenario);
        if outcome.ended.verdict != Verdict::Holds {
            wrong.push(format!(
                "{name}: {:?} {:?}\n{:#?}",
                outcome.ended.verdict,
                outcome.ended.failure,
                outcome.found()
            ));
            continue;
        }
        let told = outcome.events.iter().any(|event| matches!(event.event, EventKind::Found { .. }));
        if !told {
            wrong.push(format!("{name}: found nothing"));
        }
        if let Err(reason) = (repair.proof)(&outcome) {
            wrong.push(format!("{name}: {reason}"));
        }
        let strays = strays(&outcome, repair.changes);
        if !strays.is_empty() {
            wrong.push(format!("{name}: also differs\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_is_taken_back() {
    let mut wrong = Vec::new();
    for (number, repair) in REPAIRS.iter().enumerate() {
        // Another machine than in the run that succeeds.
        let machine = machine_for(number + 1);
        let steps = step(repair.script, repair.with) + FAILS;
        let outcome = on(Case::run(repair.scenario).steps(steps), machine).done();
        let name = format!("{} on {} {machine:?}", repair.script, repair.scenario);
        if outcome.ended.verdict != Verdict::Undone {
            wrong.push(format!(
                "{name}: {:?} {:?} {:?}",
                outcome.ended.verdict,
                outcome.ended.failure,
                outcome.remaining()
            ));
        }
        let strays = strays(&outcome, repair.lasts);
        if !strays.is_empty() {
            wrong.push(format!("{name}: is not back\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_cured_is_refused_and_nothing_changes() {
    let mut wrong = Vec::new();
    for (number, refusal) in REFUSALS.iter().enumerate() {
        let machine = machine_for(number);
        let outcome =
            on(Case::run(refusal.scenario).steps(step(refusal.script, refusal.with)), machine).done();
        let name = format!("{} on {} {machine:?}", refusal.script, refusal.scenario);
        let found = outcome.found().join("\n");
        if !matches!(outcome.ended.verdict, Verdict::Findings | Verdict::Undone) {
            wrong.push(format!("{name}: {:?} {:?}", outcome.ended.verdict, outcome.ended.failure));
        }
        if !found.contains(refusal.says) {
            wrong.push(format!("{name}: does not say `{}`, but\n{found}", refusal.says));
        }
        let strays = strays(&outcome, &[]);
        if !strays.is_empty() {
            wrong.push(format!("{name}: differs\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_healthy_machine_is_left_alone() {
    let mut wrong = Vec::new();
    for (number, (script, with, scenario)) in HEALTHY.iter().enumerate() {
        let machine = machine_for(number);
        let outcome = on(Case::run(scenario).steps(step(script, with)), machine).done();
        if outcome.ended.verdict != Verdict::Holds
            || !(outcome.changing().is_empty() || script.starts_with("offline/"))
        {
            wrong.push(format!(
                "{script} {machine:?}: {:?} {:?}\n{:#?}\n{:#?}",
                outcome.ended.verdict,
                outcome.ended.failure,
                outcome.found(),
                outcome.changing()
            ));
        }
        let strays = strays(&outcome, &[]);
        if !strays.is_empty() {
            wrong.push(format!("{script}: differs\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn health_names_the_script_for_each_fault() {
    let mut wrong = Vec::new();
    for (number, (scenario, script)) in table::NAMED.iter().enumerate() {
        let outcome = on(Case::diagnose(scenario).steps(step("health", "")), machine_for(number)).done();
        let names = |event: &sacpilot::engine::Event| match &event.event {
            EventKind::Found { remedy: Some(remedy), .. } => remedy.contains(&format!("Run {script}.")),
            _ => false,
        };
        if !outcome.events.iter().any(names) {
            wrong.push(format!("{scenario}: does not name {script}\n{:#?}", outcome.found()));
        }
        if !outcome.differences().is_empty() {
            wrong.push(format!("{scenario}: differs"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the user sees, and the script for it: the first paragraph of each `about`.
#[test]
fn the_readme_of_the_scripts_is_as_they_are() {
    let library = Library::embedded();
    let mut text = String::from(
        "# Scripts\n\nStart with `sacpilot diagnose health -t TARGET`: it names the script for each fault it finds.\n\
         This table is made from the scripts.\n\n| script | what it makes true | when to use it | risk |\n|---|---|---|---|\n",
    );
    for name in library.names() {
        let script = loader::load(&library, &name).unwrap().script;
        let about = script.about.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = about.split_inclusive(". ").next().unwrap_or_default().trim_end();
        let (title, risk) = (&script.title, script.risk().word());
        writeln!(text, "| [{name}]({name}.yaml) | {title} | {first} | {risk} |").unwrap();
    }
    assert_none(&Vec::from_iter(difference(&repository("expect-scripts/README.md"), &text)));
}

/// A script without a row here does not ship.
#[test]
fn every_script_is_in_the_table() {
    let known = |names: Vec<&'static str>| names.into_iter().collect::<BTreeSet<_>>();
    let repaired =
        known(REPAIRS.iter().map(|row| row.script).chain(table::ELSEWHERE.iter().copied()).collect());
    let refused =
        known(REFUSALS.iter().map(|row| row.script).chain(table::NEVER_REFUSES.iter().copied()).collect());
    let healthy = known(HEALTHY.iter().map(|row| row.0).collect());
    let mut missing = Vec::new();
    for name in Library::embedded().names() {
        for (table, names) in [("REPAIRS", &repaired), ("REFUSALS", &refused), ("HEALTHY", &healthy)] {
            if !names.contains(name.as_str()) {
                missing.push(format!("{name} has no row in {table}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn works(outcome: &Outcome) -> Result<(), String> {
    outcome.rdp.clone().map_err(|reasons| format!("Remote Desktop does not work: {reasons:?}"))
}

/// The fault had nothing to do with Remote Desktop; what changed proves the repair.
fn changed(outcome: &Outcome) -> Result<(), String> {
    works(outcome)?;
    if outcome.differences().is_empty() { Err("nothing changed".to_owned()) } else { Ok(()) }
}
