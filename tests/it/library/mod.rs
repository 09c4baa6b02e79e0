//! The script library on simulated machines: every script repairs what it is for, refuses what it cannot cure,
//! leaves a healthy machine alone, and takes everything back.

mod measured;
mod named;
mod table;
#[cfg(unix)]
pub(crate) mod wine;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use sacpilot::engine::{EventKind, Verdict};
use sacpilot::script::diagnostic::Style;
use sacpilot::script::library::Library;
use sacpilot::script::loader;

use crate::repair::{Case, Outcome, SECRETS};
use crate::stored::{assert_none, difference, repository};
use table::{HEALTHY, REFUSALS, REPAIRS};

const LANGUAGES: [&str; 4] = ["ko-KR", "en-US", "ja-JP", "de-DE"];
const VERSIONS: [&str; 5] = ["2016", "2022", "2019", "2025", "2012R2"];

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

/// How long a script says that it takes.
fn takes(script: &str) -> Duration {
    let script = loader::load(&Library::embedded(), script).unwrap().script;
    script.guidance.takes.unwrap_or_default()
}

/// Paths that differ and may not, the first of them.
fn strays(outcome: &Outcome, allowed: &[&str]) -> Vec<String> {
    outcome
        .differences()
        .into_iter()
        .filter(|difference| !allowed.iter().any(|part| difference.path.contains(part)))
        .map(|difference| difference.to_string())
        .take(8)
        .collect()
}

/// `SACPILOT_SCRIPT=rdp/port` looks at that script alone, which is quicker while one writes it.
fn is_wanted(script: &str) -> bool {
    std::env::var("SACPILOT_SCRIPT").map_or(true, |only| only == script)
}

/// Version and language for a script in one of the four tests: over the four each script meets every language, and four
/// versions of five.
fn machine_for(script: &str, test: usize) -> (&'static str, &'static str) {
    let place = Library::embedded().names().iter().position(|name| name == script).unwrap();
    (VERSIONS[(place + test) % VERSIONS.len()], LANGUAGES[(place + test) % LANGUAGES.len()])
}

#[test]
fn every_script_repairs_what_it_is_for_and_only_that() {
    let mut wrong = Vec::new();
    for repair in REPAIRS.iter().filter(|repair| is_wanted(repair.script)) {
        let machine = machine_for(repair.script, 0);
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
        let told = serde_json::to_string(&outcome.events).unwrap();
        for (_, secret) in SECRETS.iter().filter(|(_, secret)| told.contains(secret)) {
            wrong.push(format!("{name}: shows the secret {secret}"));
        }
        if let Err(reason) = (repair.proof)(&outcome) {
            wrong.push(format!("{name}: {reason}"));
        }
        let (takes, measured) = (takes(repair.script), measured::time_of(&outcome));
        if measured > takes {
            wrong.push(format!("{name}: took {measured:?}, and says that it takes {takes:?}"));
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
    for repair in REPAIRS.iter().filter(|repair| is_wanted(repair.script)) {
        // Another machine than in the run that succeeds.
        let machine = machine_for(repair.script, 1);
        let steps = step(repair.script, repair.with) + FAILS;
        let outcome = on(Case::run(repair.scenario).steps(steps), machine).done();
        let name = format!("{} on {} {machine:?}", repair.script, repair.scenario);
        let expected = if repair.remains { Verdict::Remains } else { Verdict::Undone };
        if outcome.ended.verdict != expected {
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
    for refusal in REFUSALS.iter().filter(|refusal| is_wanted(refusal.script)) {
        let machine = machine_for(refusal.script, 2);
        let case = Case::run(refusal.scenario).steps(step(refusal.script, refusal.with));
        let outcome = on(case, machine).with_account(refusal.account).done();
        let name = format!("{} on {} {machine:?}", refusal.script, refusal.scenario);
        let failure = outcome.ended.failure.as_ref().map(|failure| failure.message.clone());
        let found = outcome.found().into_iter().chain(failure).collect::<Vec<_>>().join("\n");
        // Where the way back is refused as well and nothing proves that nothing changed, the run says that it does not know.
        let is_standard = refusal.account == "standard";
        match outcome.ended.verdict {
            Verdict::Findings | Verdict::Undone => {}
            Verdict::Remains if is_standard || refusal.tried => {}
            verdict => wrong.push(format!("{name}: {verdict:?} {:?}", outcome.ended.failure)),
        }
        if !found.contains(refusal.says) {
            wrong.push(format!("{name}: does not say `{}`, but\n{found}", refusal.says));
        }
        // A user who may not list the folder of temporary files cannot delete by a pattern there.
        let strays = strays(&outcome, if is_standard { &[r"C:\Windows\Temp\sp"] } else { &[] });
        if !strays.is_empty() {
            wrong.push(format!("{name}: differs\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_healthy_machine_is_left_alone() {
    let mut wrong = Vec::new();
    for (script, with, scenario) in HEALTHY.iter().filter(|row| is_wanted(row.0)) {
        let machine = machine_for(script, 3);
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
        // sfc writes down that it looked.
        let strays = strays(&outcome, &[r"\Logs\CBS"]);
        if !strays.is_empty() {
            wrong.push(format!("{script}: differs\n  {}", strays.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Health names what stands in docs/library.md, in other versions and languages than there; one machine of six. The real
/// program is asked in `named`.
#[test]
fn health_names_the_script_for_each_fault() {
    health_names_the_script(6);
}

#[test]
#[ignore = "takes minutes; cargo test --release --test it -- --ignored library::"]
fn health_names_the_script_for_every_fault() {
    health_names_the_script(1);
}

fn health_names_the_script(one_of: usize) {
    let mut wrong = Vec::new();
    let faults = table::NAMED.iter().chain(table::REFUSED).enumerate();
    for (number, (scenario, _)) in faults.step_by(one_of) {
        let machine = (VERSIONS[number % VERSIONS.len()], LANGUAGES[number % LANGUAGES.len()]);
        let outcome = on(Case::diagnose(scenario).steps(step("health", "")), machine).done();
        let named = measured::scripts_of(scenario);
        let names = |event: &sacpilot::engine::Event| match &event.event {
            EventKind::Found { remedy: Some(remedy), .. } => {
                named.iter().any(|script| remedy.contains(&named::leads_to(script)))
            }
            _ => false,
        };
        if !outcome.events.iter().any(names) {
            wrong.push(format!("{scenario} {machine:?}: names none of {named:?}\n{:#?}", outcome.found()));
        }
        if !outcome.differences().is_empty() {
            wrong.push(format!("{scenario}: differs"));
        }
    }
    for (scenario, _) in table::WELL.iter().step_by(one_of) {
        let outcome = Case::diagnose(scenario).steps(step("health", "")).done();
        if outcome.ended.verdict != Verdict::Holds {
            wrong.push(format!("{scenario}: {:#?}", outcome.found()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything that a person needs to choose a script and to live with what it does.
#[test]
fn every_script_says_all_that_its_user_needs() {
    let library = Library::embedded();
    let mut missing = Vec::new();
    for name in library.names() {
        let loaded = loader::load(&library, &name).unwrap();
        let warnings = loaded.warnings.render(Style::Plain);
        if !warnings.is_empty() {
            missing.push(format!("{name} is warned of:\n{warnings}"));
        }
        let script = loaded.script;
        let guidance = &script.guidance;
        for (what, given) in [
            ("about", script.about.split_whitespace().count() >= 15),
            ("source", script.source.is_some()),
            ("differs", guidance.differs.as_ref().is_some_and(|text| text.starts_with("- "))),
            ("symptoms", !guidance.symptoms.is_empty()),
            ("use_when", guidance.use_when.is_some()),
            ("not_when", guidance.not_when.is_some()),
            ("takes", guidance.takes.is_some()),
            ("outside", guidance.outside.is_some()),
        ] {
            if !given {
                missing.push(format!("{name} has no {what}"));
            }
        }
        if let Some(source) = &script.source
            && !["ocument", "library"].iter().any(|word| source.contains(word))
        {
            missing.push(format!("{name}: its source names no document"));
        }
        let mut points = guidance.differs.iter().flat_map(|text| text.split("\n- "));
        if points.any(|point| point.split_whitespace().count() < 6) {
            missing.push(format!("{name}: says too little about where it differs"));
        }
        if script.source.as_ref().is_some_and(|source| source.contains(" instead of ")) {
            missing.push(format!("{name}: where it differs stands in `source`"));
        }
        for param in &script.params {
            if param.about.trim().is_empty() {
                missing.push(format!("{name}: the parameter {} says nothing", param.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// `expect-scripts/README.md`: by what the user sees, and by name.
#[test]
fn the_readme_of_the_scripts_is_as_they_are() {
    let library = Library::embedded();
    let scripts: Vec<_> =
        library.names().iter().map(|name| loader::load(&library, name).unwrap().script).collect();
    let mut text = String::from(
        "# Scripts\n\nStart with `sacpilot diagnose health -t TARGET`: it names the script for each fault it finds.\n\
         `sacpilot scripts NAME` says all about one. This page is made from the scripts.\n\n\
         ## What you see\n\n| what you see | script | when not |\n|---|---|---|\n",
    );
    let mut seen: Vec<(String, String)> = Vec::new();
    for script in &scripts {
        let not = script.guidance.not_when.clone().unwrap_or_default().replace('|', "\\|");
        for symptom in &script.guidance.symptoms {
            let row = format!("| {symptom} | [{0}]({0}.yaml) | {not} |", script.name);
            seen.push((symptom.trim_start_matches('"').to_lowercase(), row));
        }
    }
    seen.sort();
    for (_, row) in &seen {
        writeln!(text, "{row}").unwrap();
    }
    text.push_str(
        "\n## All of them\n\n| script | what it makes true | risk | takes | left to do outside |\n|---|---|---|---|---|\n",
    );
    for script in &scripts {
        let (name, title, risk) = (&script.name, &script.title, script.risk().word());
        let takes = script.guidance.takes.map_or(0, |takes| takes.as_secs() / 60);
        let outside = script.guidance.outside.clone().unwrap_or_default();
        writeln!(text, "| [{name}]({name}.yaml) | {title} | {risk} | {takes} min | {outside} |").unwrap();
    }
    assert_none(&Vec::from_iter(difference(&repository("expect-scripts/README.md"), &text)));
}

/// Programs that newer versions of Windows have no more, and orders that they warn of.
#[test]
fn no_script_needs_what_newer_versions_lack() {
    let library = Library::embedded();
    for name in library.names() {
        let text = library.source(&name).unwrap().text;
        for gone in ["wmic", "netsh firewall", "reg query \"HKLM\\BROKEN", "bitsadmin", "net send"] {
            let commands = text.lines().filter(|line| line.contains("run:"));
            assert!(commands.clone().all(|line| !line.contains(gone)), "{name} uses {gone}");
        }
    }
}

/// The same machine in every language, for every script: takes minutes.
#[test]
#[ignore = "takes minutes; cargo test --release --test it -- --ignored library::"]
fn every_repair_in_every_language_and_version() {
    let mut wrong = Vec::new();
    for repair in REPAIRS.iter().filter(|repair| is_wanted(repair.script)) {
        for language in LANGUAGES {
            for version in VERSIONS {
                let case = Case::run(repair.scenario).steps(step(repair.script, repair.with));
                let outcome = on(case, (version, language)).done();
                let proven = (repair.proof)(&outcome);
                if outcome.ended.verdict != Verdict::Holds || proven.is_err() {
                    wrong.push(format!(
                        "{} on {} {version} {language}: {:?} {proven:?}\n{:#?}",
                        repair.script,
                        repair.scenario,
                        outcome.ended,
                        outcome.found()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A script without a row here does not ship.
#[test]
fn every_script_is_in_the_table() {
    let known = |names: Vec<&'static str>| names.into_iter().collect::<BTreeSet<_>>();
    let repaired =
        known(REPAIRS.iter().map(|row| row.script).chain(table::ELSEWHERE.iter().copied()).collect());
    let refused = known(
        REFUSALS.iter().map(|row| row.script).chain(table::NEVER_REFUSES.iter().map(|row| row.0)).collect(),
    );
    let healthy =
        known(HEALTHY.iter().map(|row| row.0).chain(table::NEVER_HEALTHY.iter().map(|row| row.0)).collect());
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
