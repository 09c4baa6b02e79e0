//! Whatever ends a run, wherever it is: taken up again it comes to the same end, and nothing is done twice; taken
//! back, the machine is as before. The whole way from the wire to the journal, in virtual time.
//!
//! A sample of the lines is taken in an ordinary run; `SACPILOT_SURVIVE=all` takes every line of every script.

mod lab;

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use sacpilot::engine::Verdict;
use sacpilot::engine::event::Again;
use sacpilot::script::library::Library;
use sacpilot::sim::windows::snapshot::{Difference, Snapshot};

use lab::{Blow, Lab};

/// Lines that are tried in an ordinary run, for each script and each kind of blow.
const SAMPLE: usize = 2;

/// Scripts of an ordinary run.
const USUAL: [&str; 2] = ["rdp/services", "rdp/tls-protocols"];

/// A script on a machine where it has something to do.
#[derive(Debug, Clone)]
struct Case {
    script: String,
    scenario: &'static str,
    params: &'static [(&'static str, &'static str)],
}

/// What an undisturbed run, and its undo, come to.
struct Undisturbed {
    lines: u64,
    verdict: Verdict,
    after: Snapshot,
    executed: Vec<String>,
    restarts: usize,
    /// What remains when all is taken back.
    remains: Vec<Difference>,
    before: Snapshot,
}

impl Case {
    fn of(script: &str) -> Vec<Self> {
        let case = |scenario, params| Self { script: script.to_owned(), scenario, params };
        match script {
            "rdp-internal-error" => vec![
                case("all-causes", &[("port_conflict", "stop")]),
                case("tls-domain-policy", &[]),
                case("rdp-port-taken", &[("port_conflict", "move")]),
            ],
            "rdp/port" => vec![
                case("rdp-port-taken", &[("port_conflict", "stop")]),
                case("rdp-port-taken", &[("port_conflict", "move")]),
            ],
            _ => vec![case("all-causes", &[])],
        }
    }

    fn lab(&self) -> Lab {
        Lab::new(self.scenario, &self.script, self.params)
    }

    async fn undisturbed(&self) -> Undisturbed {
        let lab = self.lab();
        let before = Lab::new(self.scenario, &self.script, self.params).settled().await;
        let ended = lab.begins(None).await.unwrap();
        assert_eq!(ended.failure, None, "{self:?}");
        let after = lab.settled().await;
        let (executed, restarts) = (lab.executed(), lab.restarts());
        let lines = lab.events().len() as u64;
        let mut remains = Vec::new();
        if !executed.is_empty() {
            lab.again(Again::Undo, None).await.unwrap();
            remains = differences(&before, &lab.settled().await, &lab);
        }
        Undisturbed { lines, verdict: ended.verdict, after, executed, restarts, remains, before }
    }

    /// One blow, then `resume` until the run is over, then `undo`.
    async fn survives(&self, expected: &Undisturbed, line: u64, blow: Blow, undo: bool) {
        let name = format!("{} on {}: {blow:?} at line {line}", self.script, self.scenario);
        let lab = self.lab();
        lab.begins(Some((line, blow))).await;
        let mut resumed = 0;
        while lab.can_resume() {
            lab.again(Again::Resume, None).await;
            resumed += 1;
            assert!(resumed < 4, "{name}: it never ends\n{}", told(&lab));
        }
        if lab.events().is_empty() {
            assert!(lab.executed().is_empty(), "{name}: the run had not begun");
            return;
        }
        assert_eq!(lab.verdict(), Some(expected.verdict), "{name}\n{}", told(&lab));
        let differs = differences(&expected.after, &lab.settled().await, &lab);
        assert!(differs.is_empty(), "{name}: {}\n{}", shown(&differs), told(&lab));
        let executed = lab.executed();
        let (once, now) = (counted(&expected.executed), counted(&executed));
        let twice: Vec<_> =
            now.iter().filter(|(line, times)| once.get(*line).unwrap_or(&0) < *times).collect();
        let cut_off = matches!(blow, Blow::LaterPowerCut(_));
        assert!(twice.is_empty() || cut_off, "{name}: executed too often: {twice:?}\n{}", told(&lab));
        assert!(twice.len() <= expected.executed.len().min(12), "{name}: {twice:?}");
        assert!(lab.restarts() <= expected.restarts, "{name}: restarted {} times", lab.restarts());
        let at_the_login = matches!(blow, Blow::LaterKill(_)) && lab.cut_off_at_the_login();
        let power = matches!(blow, Blow::PowerCut | Blow::LaterPowerCut(_));
        let open = lab.open_channels();
        assert!(open == 0 || at_the_login || power, "{name}: {open} channels are left open\n{}", told(&lab));
        if undo && !expected.executed.is_empty() {
            let undone = lab.again(Again::Undo, None).await.unwrap();
            let remains = differences(&expected.before, &lab.settled().await, &lab);
            let beyond = beyond(&remains, &expected.remains);
            assert!(beyond.is_empty(), "{name}: after undo {undone:?}: {}\n{}", shown(&beyond), told(&lab));
        }
    }

    /// A blow while the changes are taken back, then `undo` until that is over.
    async fn undo_survives(&self, expected: &Undisturbed, first: u64, line: u64, blow: Blow) {
        let name = format!("{} on {}: {blow:?} at line {line} of undo", self.script, self.scenario);
        let lab = self.lab();
        lab.begins(None).await.unwrap();
        assert_eq!(lab.events().len() as u64, first - 1);
        lab.again(Again::Undo, Some((line, blow))).await;
        let mut tries = 0;
        while !lab.is_undone() {
            lab.again(Again::Undo, None).await;
            tries += 1;
            assert!(tries < 4, "{name}: it never ends\n{}", told(&lab));
        }
        let remains = differences(&expected.before, &lab.settled().await, &lab);
        let beyond = beyond(&remains, &expected.remains);
        assert!(beyond.is_empty(), "{name}: {}\n{}", shown(&beyond), told(&lab));
    }
}

fn differences(before: &Snapshot, after: &Snapshot, lab: &Lab) -> Vec<Difference> {
    let mut differences = before.diff(after);
    // A session that ended with the power could not clean up, and nobody came after it.
    if lab.left_open() || lab.cut_off_at_the_login() {
        differences.retain(|difference| !difference.path.contains(r"C:\Windows\Temp\spk"));
    }
    // The certificate that Windows makes anew has another key each time.
    differences.retain(|difference| {
        let path = &difference.path;
        !path.contains(r"\SystemCertificates\Remote Desktop\") && !path.ends_with("@SelfSignedCertificate")
    });
    // Copies that undo needs are named after the run, and kept.
    differences.retain(|difference| !difference.path.contains(r"C:\Windows\Temp\sacpilot"));
    differences
}

/// What differs and does not differ after an undisturbed undo: a start of the machine may put more right.
fn beyond(remains: &[Difference], expected: &[Difference]) -> Vec<Difference> {
    remains.iter().filter(|found| !expected.contains(found)).cloned().collect()
}

fn shown(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

fn counted(lines: &[String]) -> BTreeMap<&str, usize> {
    lines.iter().fold(BTreeMap::new(), |mut counts, line| {
        *counts.entry(line.as_str()).or_default() += 1;
        counts
    })
}

/// The journal, short.
fn told(lab: &Lab) -> String {
    let line = |event: &sacpilot::engine::Event| {
        let text = serde_json::to_string(&event.event).unwrap();
        format!("{:4} {}\n", event.seq, text.chars().take(220).collect::<String>())
    };
    lab.events().iter().map(line).collect()
}

fn everything() -> bool {
    env::var_os("SACPILOT_SURVIVE").is_some_and(|value| value == "all")
}

/// The lines that are tried: all of them, or a few spread over the run, others for each kind of blow.
fn lines(from: u64, to: u64, shift: usize) -> Vec<u64> {
    let all: Vec<u64> = (from..=to).collect();
    if everything() || all.len() <= SAMPLE {
        return all;
    }
    (0..SAMPLE).map(|nth| all[(nth * all.len() / SAMPLE + shift * 7) % all.len()]).collect()
}

fn cases() -> Vec<Case> {
    let only = env::var("SACPILOT_SURVIVE_SCRIPT").ok();
    let names = Library::embedded().names();
    let usual = |name: &str| everything() || USUAL.contains(&name);
    let wanted = names.iter().filter(|name| only.as_ref().map_or_else(|| usual(name), |only| only == *name));
    wanted.flat_map(|name| Case::of(name)).collect()
}

fn in_no_time(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(Box::pin(test));
}

fn each_case(blows: &[Blow]) {
    for (number, case) in cases().into_iter().enumerate() {
        let mut tried = 0;
        in_no_time(async {
            let expected = case.undisturbed().await;
            for (shift, blow) in blows.iter().enumerate() {
                for line in lines(1, expected.lines, shift + number) {
                    case.survives(&expected, line, *blow, tried % 3 == 0).await;
                    tried += 1;
                }
            }
        });
        if everything() {
            println!("{case:?}: {tried} blows survived");
        }
    }
}

#[test]
fn the_program_may_be_killed_at_any_line() {
    each_case(&[Blow::KillBefore, Blow::KillTorn, Blow::KillAfter]);
}

#[test]
fn the_program_may_be_killed_in_the_middle_of_anything() {
    each_case(&[Blow::LaterKill(Duration::from_millis(70)), Blow::LaterKill(Duration::from_millis(900))]);
}

#[test]
fn the_machine_may_lose_power_at_any_line() {
    each_case(&[Blow::PowerCut]);
}

#[test]
fn the_machine_may_lose_power_in_the_middle_of_anything() {
    each_case(&[
        Blow::LaterPowerCut(Duration::from_millis(130)),
        Blow::LaterPowerCut(Duration::from_secs(2)),
    ]);
}

#[test]
fn taking_back_survives_as_well() {
    for (number, case) in cases().into_iter().enumerate() {
        in_no_time(async {
            let expected = case.undisturbed().await;
            if expected.executed.is_empty() {
                return;
            }
            let lab = case.lab();
            lab.begins(None).await.unwrap();
            let first = lab.events().len() as u64 + 1;
            lab.again(Again::Undo, None).await.unwrap();
            let last = lab.events().len() as u64;
            for (shift, blow) in [Blow::KillBefore, Blow::KillAfter, Blow::PowerCut].into_iter().enumerate() {
                for line in lines(first, last, shift + number) {
                    case.undo_survives(&expected, first, line, blow).await;
                }
            }
        });
    }
}
