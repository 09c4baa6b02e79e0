//! Whatever ends a run, wherever it is: taken up again it comes to the same end, and nothing is done twice; taken
//! back, the machine is as before. The whole way from the wire to the journal, in virtual time.
//!
//! An ordinary run tries every script at one line, with one of the blows in turn. `docs/surviving.md` tells how every
//! line of every script is tried, and what came of it.

mod lab;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sacpilot::engine::event::{Again, Purpose};
use sacpilot::engine::{EventKind, OnInterrupt, Verdict};
use sacpilot::script::library::Library;
use sacpilot::sim::windows::snapshot::{Difference, Snapshot};

use crate::library::repairs;
use lab::{Blow, Called, Lab};

/// Everything that may end a run.
const BLOWS: [Blow; 8] = [
    Blow::KillBefore,
    Blow::KillAfter,
    Blow::PowerCut,
    Blow::KillTorn,
    Blow::LaterKill(Duration::from_millis(70)),
    Blow::LaterPowerCut(Duration::from_millis(130)),
    Blow::LaterKill(Duration::from_millis(900)),
    Blow::LaterPowerCut(Duration::from_secs(2)),
];

/// Programs that a run may need at most after one blow.
const MOST_TRIES: usize = 4;

/// A script on a machine where it has something to do.
#[derive(Clone)]
struct Case {
    script: String,
    scenario: &'static str,
    called: Called,
}

/// What an undisturbed run, and its undo, come to.
struct Undisturbed {
    lines: u64,
    verdict: Verdict,
    /// The machine afterwards; then the same after a power cut, which starts services that nobody started.
    ends: Vec<Snapshot>,
    executed: Vec<String>,
    restarts: usize,
    /// Lines of the journal when all is taken back.
    undone: u64,
    before: Snapshot,
    /// The machine when all is taken back, and the same after a power cut.
    undone_ends: Vec<Snapshot>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.script, self.scenario)?;
        self.called.params.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl Case {
    fn new(script: &str, scenario: &'static str, params: &[(&str, &str)]) -> Self {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { script: script.to_owned(), scenario, called: Called::shipped(script, params) }
    }

    /// The machines on which this script has something to do; one that only looks gets a machine with many faults.
    fn of(script: &str) -> Vec<Self> {
        let rows = repairs().filter(|(name, ..)| *name == script);
        let mut cases: Vec<Self> =
            rows.map(|(_, with, scenario)| Self::new(script, scenario, &params(with))).collect();
        if cases.is_empty() {
            cases.push(Self::new(script, "all-causes", &[]));
        }
        cases
    }

    /// More of them, for those who have the time.
    fn more(script: &str) -> Vec<Self> {
        let case = |scenario, params: &[(&str, &str)]| Self::new(script, scenario, params);
        match script {
            "rdp-internal-error" => vec![
                case("all-causes", &[("port_conflict", "stop")]),
                case("tls-domain-policy", &[]),
                case("tls-domain-policy-unguarded", &[]),
                case("rdp-port-taken", &[("port_conflict", "move")]),
            ],
            "rdp/port" => vec![case("rdp-port-taken", &[("port_conflict", "move")])],
            "rdp/tls-protocols" | "rdp/services" => vec![case("all-causes", &[])],
            _ => Vec::new(),
        }
    }

    fn lab(&self) -> Lab {
        Lab::new(self.scenario, self.called.clone())
    }

    async fn undisturbed(&self, power: bool) -> Undisturbed {
        let lab = self.lab();
        let before = self.lab().settled().await;
        let ended = lab.begins(None).await.unwrap();
        assert_eq!(ended.failure, None, "{self}");
        let ends = lab.ends(power).await;
        let (executed, restarts) = (lab.executed(), lab.restarts());
        let lines = lab.events().len() as u64;
        let (mut undone_ends, mut undone) = (Vec::new(), lines);
        if !executed.is_empty() {
            // A machine that was not cut off meanwhile.
            let lab = self.lab();
            lab.begins(None).await.unwrap();
            lab.again(Again::Undo, None).await.unwrap();
            undone = lab.events().len() as u64;
            undone_ends = lab.ends(power).await;
        }
        Undisturbed { lines, verdict: ended.verdict, ends, executed, restarts, undone, before, undone_ends }
    }

    /// A blow, `resume` (perhaps with another one) until the run is over, then perhaps `undo`.
    async fn survives(&self, expected: &Undisturbed, trial: Trial) -> Result<(), String> {
        let Trial { line, blow, again, undo } = trial;
        let lab = self.lab();
        let fails = |what: String| Err(format!("{self}: {trial}: {what}\n{}", told(&lab)));
        lab.begins(Some((line, blow))).await;
        let mut second = again.map(|after| (lab.events().len() as u64 + after, Blow::KillAfter));
        let mut resumed = 0;
        while lab.can_resume() {
            lab.again(Again::Resume, second.take()).await;
            resumed += 1;
            if resumed > MOST_TRIES {
                return fails("it never ends".to_owned());
            }
        }
        if lab.events().is_empty() {
            let executed = lab.executed();
            let nothing = executed.is_empty();
            return if nothing { Ok(()) } else { fails(format!("executed too early: {executed:?}")) };
        }
        // Nothing tells how far a dialogue came that the machine began, or whether what it did was lost: it is not held
        // again, and all else is taken back.
        if lab.failure().as_deref() == Some("may-be-done") && lab.cut_off_in_a_dialogue() {
            let now = lab.settled().await;
            let ends: Vec<_> =
                [&expected.before].into_iter().chain(&expected.undone_ends).chain(&expected.ends).collect();
            let remains = differences(&ends, &now, &lab);
            return if remains.is_empty() { Ok(()) } else { fails(shown(&remains)) };
        }
        if lab.verdict() != Some(expected.verdict) {
            return fails(format!("{:?} instead of {:?}", lab.verdict(), expected.verdict));
        }
        let power = blow.cuts_power();
        let differs = expected.differs(&lab.settled().await, &lab);
        if !differs.is_empty() {
            return fails(format!("another end: {}", shown(&differs)));
        }
        let executed = lab.executed();
        let mut allowed = counted(&expected.executed);
        let again = if power { lab.made_again() } else { Vec::new() };
        for line in &again {
            *allowed.entry(line.as_str()).or_default() += 1;
        }
        let now = counted(&executed);
        let twice: Vec<_> =
            now.iter().filter(|(line, times)| allowed.get(*line).unwrap_or(&0) < *times).collect();
        if !twice.is_empty() {
            return fails(format!("executed too often: {twice:?}"));
        }
        if lab.restarts() > expected.restarts {
            return fails(format!("restarted {} times", lab.restarts()));
        }
        // Nothing tells a program that comes later which channel was being opened, and whose.
        let opening = matches!(blow, Blow::LaterKill(_)) && lab.cut_off_at_the_login();
        if lab.open_channels() != 0 && !opening {
            return fails(format!("{} channels are left open", lab.open_channels()));
        }
        // A service that starts with Windows may have come up before anything was done.
        if undo && !executed.is_empty() {
            let undone = lab.again(Again::Undo, None).await;
            let remains = Self::left_behind(expected, &lab).await;
            if !remains.is_empty() {
                return fails(format!("after undo {undone:?}: {}", shown(&remains)));
            }
        }
        Ok(())
    }

    /// Power cuts at these lines, one run each.
    async fn survives_power_cuts(&self, expected: &Undisturbed, lines: [u64; 2]) {
        for line in lines {
            let trial = Trial { line, blow: Blow::PowerCut, again: None, undo: true };
            self.survives(expected, trial).await.unwrap();
        }
    }

    /// Asked to stop at a line; where the changes stay, then `resume`.
    async fn stops(&self, expected: &Undisturbed, line: u64) -> Result<(), String> {
        let lab = self.lab();
        let fails = |what: String| Err(format!("{self}: stopped at line {line}: {what}\n{}", told(&lab)));
        let Some(ended) = lab.begins(Some((line, Blow::Stop))).await else {
            return fails("the program died".to_owned());
        };
        let events = lab.events();
        let last = events.last().map(|event| event.event.clone());
        if !matches!(last, Some(EventKind::RunFinished { verdict, .. }) if verdict == ended.verdict) {
            return fails("the journal has no end".to_owned());
        }
        let restarting = lab.is_restarting();
        lab.settled().await;
        if lab.open_channels() != 0 && !restarting {
            return fails(format!("{} channels are left open", lab.open_channels()));
        }
        // Too late to be heard.
        if ended.verdict == expected.verdict {
            return Ok(());
        }
        if ended.verdict != Verdict::Interrupted {
            return fails(format!("{ended:?}"));
        }
        if self.called.on_interrupt == OnInterrupt::Undo && !restarting {
            let remains = expected.remains(&lab.settled().await, &lab);
            return if remains.is_empty() {
                Ok(())
            } else {
                fails(format!("not taken back: {}", shown(&remains)))
            };
        }
        lab.again(Again::Resume, None).await;
        if lab.verdict() != Some(expected.verdict) {
            return fails(format!("{:?} instead of {:?}", lab.verdict(), expected.verdict));
        }
        let differs = expected.differs(&lab.settled().await, &lab);
        if !differs.is_empty() {
            return fails(format!("another end: {}", shown(&differs)));
        }
        let (executed, allowed) = (lab.executed(), counted(&expected.executed));
        let twice =
            counted(&executed).into_iter().find(|(line, times)| allowed.get(line).unwrap_or(&0) < times);
        if let Some(twice) = twice {
            return fails(format!("executed too often: {twice:?}"));
        }
        if lab.restarts() > expected.restarts {
            return fails(format!("restarted {} times", lab.restarts()));
        }
        Ok(())
    }

    /// A blow while the changes are taken back, then `undo` until that is over.
    async fn undo_survives(&self, expected: &Undisturbed, line: u64, blow: Blow) -> Result<(), String> {
        let lab = self.lab();
        let fails =
            |what: String| Err(format!("{self}: {blow:?} at line {line} of undo: {what}\n{}", told(&lab)));
        lab.begins(None).await.unwrap();
        assert_eq!(lab.events().len() as u64, expected.lines, "{self}: another journal");
        lab.again(Again::Undo, Some((line, blow))).await;
        let mut tries = 0;
        while !lab.is_undone() {
            lab.again(Again::Undo, None).await;
            tries += 1;
            if tries > MOST_TRIES {
                return fails("it never ends".to_owned());
            }
        }
        let remains = Self::left_behind(expected, &lab).await;
        if remains.is_empty() { Ok(()) } else { fails(shown(&remains)) }
    }

    /// What an undo left behind. What Windows started by itself, with the changes in place, and what it read when it
    /// started, is gone with its next start.
    async fn left_behind(expected: &Undisturbed, lab: &Lab) -> Vec<Difference> {
        let remains = expected.remains(&lab.settled().await, lab);
        if remains.is_empty() || !lab.lost_power() {
            return remains;
        }
        lab.ends(true).await.last().map_or(remains, |end| expected.remains(end, lab))
    }
}

impl Undisturbed {
    /// What is neither as it was before the run, nor as an undisturbed undo leaves it.
    fn remains(&self, now: &Snapshot, lab: &Lab) -> Vec<Difference> {
        let ends = std::iter::once(&self.before).chain(possible(&self.undone_ends, lab));
        differences(&ends.collect::<Vec<_>>(), now, lab)
    }

    /// What is not as an undisturbed run leaves it.
    fn differs(&self, now: &Snapshot, lab: &Lab) -> Vec<Difference> {
        differences(&possible(&self.ends, lab).iter().collect::<Vec<_>>(), now, lab)
    }
}

/// What is done to one run.
#[derive(Clone, Copy)]
struct Trial {
    line: u64,
    blow: Blow,
    /// The first program that takes it up again is killed so many lines after it began.
    again: Option<u64>,
    undo: bool,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at line {}", self.blow, self.line)?;
        if let Some(after) = self.again {
            write!(f, ", and killed again {after} lines later")?;
        }
        if self.undo { write!(f, ", then undo") } else { Ok(()) }
    }
}

/// `disk: 1, keys: 'always'` as on the command line.
fn params(with: &'static str) -> Vec<(&'static str, &'static str)> {
    let pairs = with.split(", ").filter_map(|pair| pair.split_once(": "));
    pairs.map(|(name, value)| (name, value.trim_matches('\''))).collect()
}

/// A machine that never lost its power is not as one that did.
fn possible<'a>(ends: &'a [Snapshot], lab: &Lab) -> &'a [Snapshot] {
    if lab.lost_power() { ends } else { &ends[..ends.len().min(1)] }
}

/// What is as in none of `ends`.
fn differences(ends: &[&Snapshot], now: &Snapshot, lab: &Lab) -> Vec<Difference> {
    let mut differences = ends[0].diff(now);
    for end in &ends[1..] {
        // A key that Windows made anew there, too, is another one each time.
        let others: Vec<Difference> = end.diff(now).into_iter().filter(|other| !another_key(other)).collect();
        differences.retain(|difference| others.iter().any(|other| other.path == difference.path));
    }
    // A session that ended with the power could not clean up, and nobody came after it.
    if lab.left_open() || lab.cut_off_at_the_login() {
        differences.retain(|difference| !difference.path.contains(r"C:\Windows\Temp\spk"));
    }
    // How Windows was started last is not taken back.
    differences.retain(|difference| !difference.path.ends_with("@SystemStartOptions") || !lab.lost_power());
    // The certificate that Windows makes anew has another key each time; at a start without one it makes both.
    differences.retain(|difference| {
        let path = &difference.path;
        let made_at_a_start =
            lab.lost_power() && path.contains(r"\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_");
        let anew = path.contains(r"\SystemCertificates\Remote Desktop\")
            || path.ends_with("@SelfSignedCertificate")
            || another_key(difference);
        !made_at_a_start && !anew
    });
    // sfc writes down when it looked, and looks again where it is asked again.
    differences.retain(|difference| !difference.path.contains(r"\Logs\CBS\"));
    // Copies that undo needs are named after the run, and kept.
    differences.retain(|difference| !difference.path.contains(r"C:\Windows\Temp\sacpilot"));
    differences
}

/// Whether a file of keys differs in its bytes alone.
fn another_key(difference: &Difference) -> bool {
    let bytes = regex::Regex::new("sha256=[0-9A-F]+").unwrap();
    let bare = |side: &Option<String>| side.as_ref().map(|side| bytes.replace(side, "").into_owned());
    difference.path.contains(r"\RSA\MachineKeys\") && bare(&difference.before) == bare(&difference.after)
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

fn in_no_time<T>(test: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(Box::pin(test))
}

/// One blow for every third script, beginning with this one; the blow and its line differ from script to script.
fn a_sample(first: usize) {
    let names = Library::embedded().names();
    for (number, name) in names.iter().enumerate().skip(first).step_by(3) {
        if !is_wanted(name) {
            continue;
        }
        let case = Case::of(name).remove(0);
        in_no_time(async {
            let blow = BLOWS[number % BLOWS.len()];
            let expected = case.undisturbed(blow.cuts_power()).await;
            if number % 4 == 3 && expected.undone > expected.lines {
                let line = expected.lines + 1 + (expected.undone - expected.lines) / 2;
                case.undo_survives(&expected, line, blow).await.unwrap();
                return;
            }
            // Late enough that something was done, somewhere else in each script.
            let line = 1 + expected.lines * (3 + number as u64 % 6) / 10;
            let again = (number % 2 == 0).then_some(2 + number as u64 % 9);
            let trial = Trial { line, blow, again, undo: true };
            case.survives(&expected, trial).await.unwrap();
        });
    }
}

#[test]
fn a_blow_for_every_script() {
    a_sample(0);
}

#[test]
fn a_blow_for_every_script_beginning_with_the_second() {
    a_sample(1);
}

#[test]
fn a_blow_for_every_script_beginning_with_the_third() {
    a_sample(2);
}

fn is_wanted(script: &str) -> bool {
    let only = env::var("SACPILOT_SURVIVE_SCRIPT").ok();
    only.is_none_or(|only| only.split(',').any(|one| one == script))
}

/// What came of one kind of blow on one machine.
#[derive(Default)]
struct Tally {
    lines: u64,
    undo_lines: u64,
    tried: u64,
    wrong: Vec<String>,
}

/// Which lines.
#[derive(Clone, Copy)]
struct Stride {
    /// The first one, counted from 0.
    first: usize,
    /// Every so many.
    every: usize,
}

impl Stride {
    const ALL: Self = Self { first: 0, every: 1 };

    /// What the user of the long run wants; another one first for each blow.
    fn wanted(blow: usize) -> Self {
        let every = env::var("SACPILOT_SURVIVE_STEP").ok().and_then(|every| every.parse().ok()).unwrap_or(1);
        Self { first: blow % every, every }
    }

    fn of(self, lines: RangeInclusive<u64>) -> impl Iterator<Item = u64> {
        lines.skip(self.first).step_by(self.every)
    }
}

/// One blow at every line of one run and of its undo.
fn every_line(case: &Case, blow: Blow, stride: Stride) -> Tally {
    let mut tally = Tally::default();
    in_no_time(async {
        let expected = case.undisturbed(true).await;
        (tally.lines, tally.undo_lines) = (expected.lines, expected.undone - expected.lines);
        // A machine whose console is off at its next start has none after a power cut.
        if case.scenario == "ems-off-next" && blow.cuts_power() {
            return;
        }
        for line in stride.of(1..=expected.lines) {
            let again = (blow == Blow::KillBefore).then_some(1 + line % 11);
            let undo = matches!(blow, Blow::KillAfter | Blow::PowerCut) || line % 3 == 0;
            let trial = Trial { line, blow, again, undo };
            tally.tried += 1;
            tally.wrong.extend(case.survives(&expected, trial).await.err());
        }
        for line in stride.of(expected.lines + 1..=expected.undone) {
            tally.tried += 1;
            tally.wrong.extend(case.undo_survives(&expected, line, blow).await.err());
        }
    });
    tally
}

/// A file that replaces another one, a dialogue in a block, and what the dialogue said used later.
const KINDS: &str = r"
script: own
title: 'every kind of change'
about: |
  Every kind of change.
steps:
  - id: old
    title: 'a file is there'
    in: cmd
    check: {run: 'if exist C:\Windows\Temp\own.txt echo there', capture: {there: 'there'}, holds: 'there is defined'}
    change: {run: 'echo old> C:\Windows\Temp\own.txt'}
    undo: {run: 'del C:\Windows\Temp\own.txt'}
    finding: {severity: info, text: 'the file is not there'}
  - id: account
    title: 'an account is there'
    in: cmd
    check: {run: 'net user helper', holds: 'rc == 0'}
    change: {run: 'net user helper P4ss-word.old /add'}
    undo: {run: 'net user helper /delete'}
    finding: {severity: info, text: 'the account is not there'}
  - id: file
    title: 'the file is another one'
    upload: {to: 'C:\Windows\Temp\own.txt', text: 'new', temporary: false}
  - id: block
    title: 'a block'
    block:
      - id: talk
        title: 'a password'
        in: cmd
        dialogue:
          run: 'net user helper *'
          answers:
            - {text: 'to confirm: ', send: 'P4ss-word.now', echo: none}
            - {text: 'for the user: ', send: 'P4ss-word.now', echo: none}
          capture: {done: 'completed (\w+)\.'}
        undo: none
        why: 'the old one is not known'
  - id: later
    title: 'what it said'
    in: cmd
    run: 'echo {{ steps.talk.done }}'
";

/// An upload begun is an upload that is taken back once; a dialogue is never held twice.
#[test]
fn uploads_dialogues_and_blocks_go_on_where_they_were() {
    let case = Case { script: "own".to_owned(), scenario: "healthy", called: Called::own(KINDS) };
    in_no_time(async {
        let expected = case.undisturbed(false).await;
        let (mut done, mut unknown) = (0, 0);
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let mut trials = Vec::new();
        for event in undisturbed.events() {
            let text = serde_json::to_string(&event.event).unwrap();
            if text.contains(r#""purpose":"change""#) || text.contains(r#""type":"change-verified""#) {
                trials.push((event.seq, Blow::KillAfter));
            }
            let started = text.contains(r#""type":"command-started""#);
            if started && (text.contains("without_receipt") || text.contains("helper *")) {
                trials.push((event.seq, Blow::LaterKill(Duration::from_millis(300))));
            }
        }
        for (line, blow) in trials {
            let lab = case.lab();
            lab.begins(Some((line, blow))).await;
            while lab.can_resume() {
                lab.again(Again::Resume, None).await;
            }
            let name = format!("{blow:?} at line {line}");
            assert!(lab.times("net user helper *") <= 1, "{name}: held twice\n{}", told(&lab));
            if lab.verdict() == Some(expected.verdict) {
                let differs = expected.differs(&lab.settled().await, &lab);
                assert!(differs.is_empty(), "{name}: {}\n{}", shown(&differs), told(&lab));
                let undone = lab.again(Again::Undo, None).await.unwrap();
                assert_eq!(undone.verdict, Verdict::PartlyTakenBack, "{name}\n{}", told(&lab));
                done += 1;
            } else {
                let failure = lab.failure().unwrap();
                assert_eq!(failure, "may-be-done", "{name}\n{}", told(&lab));
                unknown += 1;
            }
            let remains = expected.remains(&lab.settled().await, &lab);
            assert!(remains.is_empty(), "{name}: {}\n{}", shown(&remains), told(&lab));
        }
        assert_eq!((done, unknown), (11, 2), "came to the end, and could not");
    });
}

/// A step of every kind, on a machine that is as it should be.
fn every_kind() -> Case {
    let called = Called::own(include_str!("kinds.yaml"));
    Case { script: "own".to_owned(), scenario: "healthy", called }
}

/// Killed at every line of a shipped script and of its undo, then the same again with power cuts.
#[test]
fn a_kill_at_every_line_of_a_short_script() {
    let case = Case::of("rdp/tls-protocols").remove(0);
    all_survived(&every_line(&case, Blow::KillAfter, Stride::ALL));
}

#[test]
fn a_power_cut_at_every_line_of_a_short_script() {
    let case = Case::of("rdp/group-policy-pause").remove(0);
    all_survived(&every_line(&case, Blow::PowerCut, Stride::ALL));
}

fn all_survived(tally: &Tally) {
    assert!(tally.lines > 10 && tally.undo_lines > 5, "{} + {} lines", tally.lines, tally.undo_lines);
    assert!(tally.wrong.is_empty(), "{} of {} wrong: {}", tally.wrong.len(), tally.tried, tally.wrong[0]);
}

/// Lines of a script with every kind of step; all of them are tried with those of the shipped ones.
#[test]
fn a_kill_in_a_script_with_every_kind_of_step() {
    all_survived(&every_line(&every_kind(), Blow::KillAfter, Stride { first: 7, every: 41 }));
}

/// Asked to stop: what has begun is finished, the rest is not; the channel is closed and the journal ended. What was
/// changed stays, and the run can go on; or it is taken back.
#[test]
fn asked_to_stop_in_a_script_with_every_kind_of_step() {
    all_stopped(Stride { first: 11, every: 37 });
}

#[test]
#[ignore = "takes minutes; see docs/surviving.md"]
fn asked_to_stop_at_every_line_of_a_script_with_every_kind_of_step() {
    all_stopped(Stride::ALL);
}

fn all_stopped(stride: Stride) {
    in_no_time(async {
        let case = every_kind();
        let expected = case.undisturbed(false).await;
        let (mut tried, mut wrong) = (0, Vec::new());
        for policy in [OnInterrupt::Keep, OnInterrupt::Undo] {
            for line in stride.of(1..=expected.lines) {
                let called = Called { on_interrupt: policy, ..case.called.clone() };
                let stopped = Case { called, ..case.clone() }.stops(&expected, line).await;
                wrong.extend(stopped.err().map(|wrong| format!("{policy:?}: {wrong}")));
                tried += 1;
            }
        }
        println!("asked to stop {tried} times, {} wrong", wrong.len());
        assert!(wrong.is_empty(), "{} of {tried} wrong: {}", wrong.len(), wrong[0]);
    });
}

/// A change that PowerShell makes, and a file for the run alone.
const POWERSHELL: &str = r#"
script: own
title: 'PowerShell and a file'
about: |
  PowerShell and a file.
steps:
  - id: helper
    title: 'a file for this run'
    upload: {to: 'C:\Windows\Temp\own-helper.cmd', text: 'exit /b 0'}
  - id: service
    title: 'a service is set up by PowerShell'
    in: powershell
    check:
      run: '''start='' + (Get-Service -Name ''w32time'').StartType'
      capture: {start: '^start=(\w+)\s*$'}
      holds: 'start | default("") == "Automatic"'
    change:
      run: 'Set-Service -Name ''w32time'' -StartupType Automatic'
    undo:
      run: 'Set-Service -Name ''w32time'' -StartupType ''{{ before.start }}'''
    finding: {severity: info, text: 'the time service does not start with Windows'}
"#;

/// The carrier of a script, the script itself and its report each take their time: cut off in all of them. The file
/// that was put there before goes with the end of the run, whichever program ends it.
#[test]
fn a_powershell_change_that_is_cut_off_anywhere_is_made_once() {
    in_no_time(async {
        let case = Case { script: "own".to_owned(), scenario: "healthy", called: Called::own(POWERSHELL) };
        let expected = case.undisturbed(true).await;
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let line = undisturbed.line_of(|event| match event {
            EventKind::CommandStarted { step, purpose, .. } => {
                *purpose == Purpose::Change && step.0 == "service"
            }
            _ => false,
        });
        for ms in [40, 300, 700, 1500, 3000] {
            let span = Duration::from_millis(ms);
            for blow in [Blow::LaterKill(span), Blow::LaterPowerCut(span)] {
                let trial = Trial { line, blow, again: None, undo: true };
                case.survives(&expected, trial).await.unwrap();
            }
        }
    });
}

/// An order for the next start is used up by a start that nobody wanted: it is given once more, also by a run that
/// went on by itself. Where the program dies as well, by the one that goes on.
#[test]
fn a_change_that_a_power_cut_used_up_is_made_once_more() {
    in_no_time(async {
        let case = Case::of("system/disk-check").remove(0);
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let ordering = undisturbed.line_of(|event| match event {
            EventKind::CommandStarted { step, purpose, .. } => {
                *purpose == Purpose::Change && step.0 == "ordered"
            }
            _ => false,
        });
        let ordered = ordering + 1;
        let again = |event: &sacpilot::engine::Event| matches!(&event.event, EventKind::ChangeIntended { again: true, step, .. } if step.0 == "ordered");
        for (line, blow, programs, executed) in [
            // When it was entered; behind it; and before what was read back has led to anything.
            (ordering, Blow::LaterPowerCut(Duration::from_millis(15)), 1, 1),
            (ordered, Blow::PowerCut, 1, 2),
            (ordered, Blow::PowerCutThenKill(2), 2, 2),
        ] {
            let lab = case.lab();
            lab.begins(Some((line, blow))).await;
            let mut needed = 1;
            while lab.can_resume() {
                lab.again(Again::Resume, None).await;
                needed += 1;
            }
            let name = format!("{blow:?} at line {line}");
            assert_eq!(lab.verdict(), Some(Verdict::Holds), "{name}\n{}", told(&lab));
            let times = lab.events().iter().filter(|event| again(event)).count();
            assert_eq!((times, needed), (1, programs), "{name}\n{}", told(&lab));
            let done = (lab.times("autochk /p"), lab.restarts());
            assert_eq!(done, (executed, 1), "{name}\n{}", told(&lab));
        }
    });
}

/// What a step inside another one found is not forgotten when the outer one is recalled: the domain's policy took the
/// change back.
#[test]
fn a_finding_inside_a_step_that_ended_is_recalled() {
    in_no_time(async {
        let case = Case::new("rdp-internal-error", "tls-domain-policy", &[]);
        let expected = case.undisturbed(false).await;
        assert_eq!(expected.verdict, Verdict::Findings);
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let line = undisturbed
            .line_of(|event| matches!(event, EventKind::StepFinished { step, .. } if step.0 == "tls_again"));
        let trial = Trial { line, blow: Blow::KillAfter, again: None, undo: false };
        case.survives(&expected, trial).await.unwrap();
    });
}

/// The first of several commands stopped a service, which starts with Windows; the rest of them is sent behind that start.
#[test]
fn a_change_whose_first_command_a_power_cut_took_with_it_is_made_once_more() {
    in_no_time(async {
        let case = Case::new("rdp/port", "rdp-port-taken", &[("port_conflict", "stop")]);
        let expected = case.undisturbed(true).await;
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let stopped = undisturbed.line_of(|event| match event {
            EventKind::CommandFinished { step, purpose, .. } => {
                *purpose == Purpose::Change && step.0 == "stopped"
            }
            _ => false,
        });
        case.survives_power_cuts(&expected, [stopped, stopped + 1]).await;
    });
}

/// A command that met another machine than it was for, since that had started under it, has not failed: Windows had made
/// the certificate anew that was to be deleted.
#[test]
fn a_code_that_is_refused_behind_a_start_is_no_failure() {
    in_no_time(async {
        let case = Case::new("rdp-internal-error", "all-causes", &[("port_conflict", "stop")]);
        let expected = case.undisturbed(true).await;
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let line = undisturbed.line_of(|event| match event {
            EventKind::CommandStarted { step, purpose, .. } => {
                *purpose == Purpose::Change && step.0.starts_with("certificate/usable[")
            }
            _ => false,
        });
        case.survives_power_cuts(&expected, [line, line - 3]).await;
    });
}

/// A service that was started, and does not start with Windows, is started again by the run itself when the machine loses
/// power behind it: between two steps, or under what a later step reads.
#[test]
fn what_was_proven_before_a_power_cut_is_looked_at_again() {
    let started = r#"script: own
title: 'a service runs'
about: 'A service that does not start with Windows is started; then others look.'
steps:
  - id: service
    title: 'the service runs'
    in: cmd
    check: {run: 'sc query IKEEXT', capture: {state: '^[^:\r\n]+: +[0-9a-f]+ .*$\s+^[^:\r\n]+: +(\d)\b'}, holds: 'state | default("") == "4"'}
    change: {run: 'net start IKEEXT', codes: [0, 2]}
    undo: {run: 'net stop IKEEXT /y', codes: [0, 2]}
    finding: {severity: error, text: 'it does not run'}
  - id: version
    title: 'the version'
    in: cmd
    run: 'ver'
  - id: system
    title: 'SAC answers'
    in: sac
    run: 'ch'
  - id: drives
    title: 'the drives are {{ facts.disk_letters }}'
    in: cmd
    run: 'echo {{ facts.rdp_port }}'
"#;
    in_no_time(async {
        let case = Case { script: "own".to_owned(), scenario: "healthy", called: Called::own(started) };
        let expected = case.undisturbed(true).await;
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let proven = undisturbed.line_of(|event| matches!(event, EventKind::ChangeVerified { .. }));
        let facts = undisturbed.line_of(|event| matches!(event, EventKind::FactsRead { .. }));
        // The last command of a run must be behind it, or nobody notices.
        let cuts =
            [(Blow::PowerCut, facts + 1), (Blow::LaterPowerCut(Duration::from_millis(250)), facts - 3)];
        for (blow, end) in cuts {
            for line in (proven..end).step_by(2) {
                let lab = case.lab();
                lab.begins(Some((line, blow))).await;
                let name = format!("{blow:?} at line {line}");
                assert_eq!(lab.verdict(), Some(Verdict::Holds), "{name}\n{}", told(&lab));
                assert_eq!(lab.times("net start IKEEXT"), 2, "{name}\n{}", told(&lab));
                let differs = expected.differs(&lab.settled().await, &lab);
                assert!(differs.is_empty(), "{name}: {}\n{}", shown(&differs), told(&lab));
                assert_eq!(lab.open_channels(), 0, "{name}\n{}", told(&lab));
                let undone = lab.again(Again::Undo, None).await.unwrap();
                assert_eq!(undone.verdict, Verdict::TakenBack, "{name}\n{}", told(&lab));
            }
        }
        // The program that goes through its steps again dies meanwhile.
        for lines in (1..=16).step_by(5) {
            let lab = case.lab();
            lab.begins(Some((proven + 1, Blow::PowerCutThenKill(lines)))).await;
            while lab.can_resume() {
                lab.again(Again::Resume, None).await;
            }
            let name = format!("killed {lines} lines after the power cut");
            assert_eq!(lab.verdict(), Some(Verdict::Holds), "{name}\n{}", told(&lab));
            assert_eq!(lab.times("net start IKEEXT"), 2, "{name}\n{}", told(&lab));
            let differs = expected.differs(&lab.settled().await, &lab);
            assert!(differs.is_empty(), "{name}: {}\n{}", shown(&differs), told(&lab));
        }
    });
}

/// The session that follows a restart is proof of it, also when the program dies before it can say so.
#[test]
fn a_restart_whose_end_was_not_told_is_not_made_again() {
    in_no_time(async {
        let case = Case::of("boot/safe-mode").remove(0);
        let expected = case.undisturbed(false).await;
        let undisturbed = case.lab();
        undisturbed.begins(None).await.unwrap();
        let line = undisturbed.line_of(|event| matches!(event, EventKind::RebootFinished { .. }));
        for (line, blow) in [(line - 1, Blow::KillAfter), (line, Blow::KillTorn)] {
            case.survives(&expected, Trial { line, blow, again: None, undo: false }).await.unwrap();
        }
    });
}

/// Every blow at every line of every script: hours of one core in an ordinary build.
/// `SACPILOT_SURVIVE_SCRIPT=rdp/port` takes only that script, `SACPILOT_SURVIVE_STEP=5` every fifth line,
/// `SACPILOT_SURVIVE_BLOWS=kill-behind,power` only these blows, `SACPILOT_SURVIVE_THREADS=1` one core.
#[test]
#[ignore = "takes hours; see docs/surviving.md"]
fn every_blow_at_every_line_of_every_script() {
    let names = Library::embedded().names();
    let wanted = names.iter().filter(|name| is_wanted(name));
    let mut cases: Vec<Case> = wanted.flat_map(|name| [Case::of(name), Case::more(name)].concat()).collect();
    cases.extend(is_wanted("own").then(every_kind));
    let only = env::var("SACPILOT_SURVIVE_BLOWS").ok();
    let meant = |blow: &Blow| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == blow.name()));
    let blows = || BLOWS.into_iter().enumerate().filter(|(_, blow)| meant(blow));
    let jobs: Vec<_> = blows().flat_map(|blow| cases.iter().map(move |case| (case, blow))).collect();
    let threads = env::var("SACPILOT_SURVIVE_THREADS").ok().and_then(|threads| threads.parse().ok());
    let threads = threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((case, (number, blow))) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = every_line(case, *blow, Stride::wanted(*number));
                    println!(
                        "| {} | {} | {} | {} + {} | {} | {} |",
                        blow.name(),
                        case.script,
                        case.to_string().split_once(" on ").map_or("", |(_, machine)| machine),
                        tally.lines,
                        tally.undo_lines,
                        tally.tried,
                        tally.wrong.len()
                    );
                    for wrong in &tally.wrong {
                        println!("WRONG {wrong}");
                    }
                    wrong.lock().unwrap().extend(tally.wrong);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} blows were not survived", wrong.len());
}
