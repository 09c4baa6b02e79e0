//! Each cause alone and all together: what is found, what is changed, and that nothing else is.

use std::fmt::Write as _;

use regex::Regex;
use sacpilot::engine::{Event, EventKind, Verdict};

use super::{Case, Outcome, is_copy};
use crate::engine::golden;

/// Scenarios that the repair cures.
const CURED: [&str; 17] = [
    "all-causes",
    "firewall-rule-off",
    "machinekeys-permissions",
    "rdp-certificate-corrupt",
    "rdp-certificate-expired",
    "rdp-certificate-missing-unreadable",
    "rdp-certificate-orphaned",
    "rdp-denied",
    "rdp-internal-error",
    "rdp-port-taken",
    "sessionenv-disabled",
    "termservice-disabled",
    "termservice-stopped",
    "tls-12-disabled",
    "tls-disabled",
    "tls-disabled-by-default",
    "tls-domain-policy",
];

/// Renders by difference and speaks Korean (code page 949); a stream in English.
const MACHINES: [(&str, &str); 2] = [("2016", "ko-KR"), ("2022", "en-US")];

/// What follows from a repair beside what was broken: a new certificate (and its key), and the group policy client
/// that waits for the next start of Windows after it was paused over a restart.
const CONSEQUENCES: [&str; 4] = [
    r"\SystemCertificates\Remote Desktop\Certificates\",
    r"\WinStations\@SelfSignedCertificate",
    r"\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_",
    "service/gpsvc",
];

#[test]
fn only_what_was_broken_differs_after_a_run() {
    let mut told = String::new();
    for scenario in CURED {
        let mut paths = Vec::new();
        for (os, language) in MACHINES {
            let on = |case: Case| case.with("profile", os).with("lang", language);
            let healthy = on(Case::run("healthy")).settled();
            // What a domain takes back is in `domain`.
            let run = on(Case::run(scenario)).param("port_conflict", "stop");
            let outcome = run.param("group_policy", "next_restart").done();
            let name = format!("{scenario} {os} {language}");
            assert_eq!(outcome.ended.verdict, Verdict::Holds, "{name}: {:?}", outcome.ended.failure);
            assert_eq!(outcome.rdp, Ok(()), "{name}");
            assert_eq!(outcome.left, "", "{name}");
            let broken = healthy.diff(&outcome.before);
            for difference in outcome.differences() {
                let was_broken = broken.iter().any(|broken| broken.path == difference.path);
                let follows = CONSEQUENCES.iter().any(|part| difference.path.contains(part));
                assert!(was_broken || follows, "{name}: {difference}");
            }
            if os == "2022" {
                told += &shown(scenario, &outcome);
            }
            let differences = outcome.differences();
            let shown = differences.iter().map(|difference| without_hashes(&difference.path));
            let mut shown: Vec<_> = shown.collect();
            shown.sort();
            paths.push(shown);
        }
        assert_eq!(paths[0], paths[1], "{scenario}: the same differs on every machine");
    }
    golden("repaired-state.txt", &told);
}

#[test]
fn a_diagnosis_names_every_cause_and_changes_nothing() {
    let mut told = String::new();
    for scenario in CURED.into_iter().chain(["rdp-port-taken-process", "healthy"]) {
        let mut found = Vec::new();
        for (os, language) in MACHINES {
            let outcome = Case::diagnose(scenario).with("profile", os).with("lang", language).done();
            let name = format!("{scenario} {os} {language}");
            let verdict = if scenario == "healthy" { Verdict::Holds } else { Verdict::Findings };
            assert_eq!(outcome.ended.verdict, verdict, "{name}: {:?}", outcome.ended.failure);
            assert_eq!(outcome.changing(), [""; 0], "{name}");
            let changed = outcome.before.diff(&outcome.after);
            assert!(changed.is_empty(), "{name}: {changed:?}");
            found.push(outcome.found());
        }
        assert_eq!(found[0].len(), found[1].len(), "{scenario}: the same is found on every machine");
        let _ = writeln!(told, "{scenario}");
        for text in &found[1] {
            let _ = writeln!(told, "  {}", without_hashes(text));
        }
    }
    golden("diagnosed-causes.txt", &told);
}

#[test]
fn a_diagnosis_waits_for_few_answers() {
    let outcome = Case::diagnose("rdp-internal-error").done();
    let commands = |event: &&Event| matches!(event.event, EventKind::CommandStarted { .. });
    let commands = outcome.events.iter().filter(commands).count() as u64;
    let (opening, all) = outcome.turns;
    assert!(commands >= 24, "{commands}");
    assert!(opening <= 31, "{opening} until it was ready");
    // Each on its own takes 2.4.
    assert!((all - opening) * 10 <= commands * 14, "{} for {commands} commands", all - opening);
}

#[test]
fn nothing_is_changed_on_a_healthy_machine() {
    for language in ["en-US", "ko-KR", "ja-JP", "de-DE"] {
        for os in ["2016", "2019", "2022"] {
            let outcome = Case::run("healthy").with("profile", os).with("lang", language).done();
            assert_eq!(outcome.ended.verdict, Verdict::Holds, "{os} {language}: {:?}", outcome.ended.failure);
            assert_eq!((outcome.found(), outcome.changing()), (Vec::new(), Vec::new()), "{os} {language}");
            let changed = outcome.before.diff(&outcome.after);
            assert!(changed.is_empty(), "{os} {language}: {changed:?}");
        }
    }
}

#[test]
fn the_holder_of_the_port_is_only_touched_when_asked() {
    for scenario in ["rdp-port-taken", "rdp-port-taken-process"] {
        let told = Case::run(scenario).done();
        assert_eq!(told.ended.verdict, Verdict::Findings);
        assert!(told.before.diff(&told.after).is_empty(), "{scenario}");
        let moved = Case::run(scenario).param("port_conflict", "move").param("new_port", "3399").done();
        assert_eq!((moved.ended.verdict, &moved.rdp), (Verdict::Holds, &Ok(())), "{:?}", moved.ended.failure);
        let listeners: Vec<String> = moved
            .differences()
            .into_iter()
            .filter_map(|difference| difference.path.strip_prefix("listener/").map(str::to_owned))
            .collect();
        assert_eq!(listeners, ["tcp/0.0.0.0:3399", "tcp/[::]:3399", "udp/0.0.0.0:3399", "udp/[::]:3399"]);
    }
}

/// What an undo does not bring back: the owner of the key (SYSTEM, as Windows has it; a foreign one was the fault), an
/// empty key of the store, and what Windows made itself meanwhile.
const NOT_BROUGHT_BACK: [&str; 2] = [
    r"\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_",
    r"\Remote Desktop\Certificates\: key -> (absent)",
];

/// A step that fails after all repairs were made: every one of them is taken back.
#[test]
fn everything_is_taken_back_when_a_later_step_fails() {
    let steps = r"
  - id: repair
    title: 'repair'
    use: 'rdp-internal-error'
    with: {port_conflict: 'stop', restart: 'never'}
  - id: fails
    title: 'fails'
    in: cmd
    check: {run: 'ver', holds: 'rc == 77'}
    change: {run: 'ver'}
    undo: {run: 'ver'}
    finding: {severity: error, text: 'never true'}
";
    for scenario in CURED {
        // SessionEnv makes a certificate whenever it starts and there is none.
        if scenario == "sessionenv-disabled" {
            continue;
        }
        let outcome = Case::run(scenario).steps(steps).done();
        assert_eq!(outcome.remaining(), [""; 0], "{scenario}");
        assert_eq!(outcome.ended.verdict, Verdict::Undone, "{scenario}: {:?}", outcome.ended.failure);
        for difference in outcome.differences() {
            let text = difference.to_string();
            assert!(NOT_BROUGHT_BACK.iter().any(|part| text.contains(part)), "{scenario}: {text}");
        }
    }
}

#[test]
fn firewall_rules_that_were_half_on_are_put_back_as_they_were() {
    let steps = r"
  - id: open
    title: 'open'
    use: 'rdp/firewall'
  - id: fails
    title: 'fails'
    in: cmd
    check: {run: 'ver', holds: 'rc == 77'}
    change: {run: 'ver'}
    undo: {run: 'ver'}
    finding: {severity: error, text: 'never true'}
";
    for language in ["en-US", "de-DE"] {
        let outcome = Case::run("firewall-rule-off").with("lang", language).steps(steps).done();
        assert_eq!(outcome.ended.verdict, Verdict::Undone, "{:?}", outcome.ended.failure);
        assert_eq!(outcome.changing().len(), 4, "{:?}", outcome.changing());
        assert!(outcome.changing()[3].starts_with("netsh advfirewall import"), "{:?}", outcome.changing());
        assert!(outcome.differences().is_empty(), "{:?}", outcome.differences());
    }
}

fn shown(scenario: &str, outcome: &Outcome) -> String {
    let mut text = format!("{scenario}\n");
    // In an order that does not depend on hashes, which differ each time.
    let differences = outcome.differences();
    let mut shown: Vec<_> =
        differences.iter().map(|difference| without_hashes(&difference.to_string())).collect();
    shown.sort();
    for difference in shown {
        let _ = writeln!(text, "  {difference}");
    }
    let copies = outcome.before.diff(&outcome.after);
    for copy in copies.iter().filter(|copy| is_copy(&copy.path) && copy.path.starts_with("file/")) {
        let _ = writeln!(text, "  kept {}", without_hashes(copy.path.trim_start_matches("file/")));
    }
    text
}

/// Without what differs with each certificate.
fn without_hashes(text: &str) -> String {
    Regex::new(r"\b[0-9A-F]{32,}\b").unwrap().replace_all(text, "…").into_owned()
}
