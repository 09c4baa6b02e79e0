//! The repair of a system disk at another machine: its whole way, broken off everywhere, and taken back.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use sacpilot::azure::{AzureError, Goal, Rescue, VmId};
use sacpilot::bridge::{Bridge, GROUP, RESCUE, SUBSCRIPTION, VM};

use super::commands::{program, run};
use super::{Site, vm};
use crate::engine::golden;

fn helper() -> VmId {
    format!("{SUBSCRIPTION}/{GROUP}/{RESCUE}").parse().unwrap()
}

/// What is on disk of a rescue while processes come and go.
struct Disk(String);

impl Disk {
    async fn planned(site: &Site) -> Self {
        let now = "2026-11-28T03:00:00Z".parse().unwrap();
        let rescue = site.azure().plan_rescue(&vm(), &helper(), now).await.unwrap();
        Self(serde_json::to_string(&rescue).unwrap())
    }

    fn rescue(&self) -> Rescue {
        serde_json::from_str(&self.0).unwrap()
    }

    /// A process that reads the file, goes on, and writes the file.
    async fn pursue(&mut self, site: &Site, goal: Goal) -> Result<(), AzureError> {
        let mut rescue = self.rescue();
        let azure = site.azure();
        let mut note = |rescue: &Rescue, _| {
            self.0 = serde_json::to_string(rescue).unwrap();
            Ok::<_, AzureError>(())
        };
        azure.pursue(&mut rescue, goal, &mut note).await
    }
}

/// A future that is dropped, as by `kill -9`, once it was asked so often.
pub(super) struct Killed<F> {
    task: Pin<Box<F>>,
    polls: usize,
    after: usize,
}

impl<F> Killed<F> {
    pub(super) fn after(after: usize, task: F) -> Self {
        Self { task: Box::pin(task), polls: 0, after }
    }
}

impl<F: Future> Future for Killed<F> {
    type Output = (Option<F::Output>, usize);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == self.after {
            return Poll::Ready((None, self.polls));
        }
        self.polls += 1;
        let polls = self.polls;
        self.task.as_mut().poll(context).map(|done| (Some(done), polls))
    }
}

/// Everything that a rescue can change.
fn state(site: &Site) -> String {
    let machine = |name: &str| site.bridge.resource("virtualMachines", name).unwrap();
    let mut text = String::new();
    for name in [VM, RESCUE] {
        let machine = machine(name);
        let storage = &machine["properties"]["storageProfile"];
        let disks = storage["dataDisks"].as_array().unwrap().iter();
        let disks: Vec<String> = disks.map(|disk| format!("{} lun {}", disk["name"], disk["lun"])).collect();
        let statuses = machine["properties"]["instanceView"]["statuses"].as_array().unwrap();
        let power = statuses.last().unwrap()["displayStatus"].as_str().unwrap();
        let _ = writeln!(
            text,
            "{name}: {power}, starts from {}, has {}",
            storage["osDisk"]["name"],
            disks.join(", ")
        );
    }
    for kind in ["disks", "snapshots"] {
        for name in site.bridge.names(kind) {
            let disk = site.bridge.resource(kind, &name).unwrap();
            let owner = disk["managedBy"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or("nobody");
            let _ = writeln!(text, "{kind} {name}: {owner}, {}", disk["properties"]["provisioningState"]);
        }
    }
    text
}

const GOALS: [Goal; 3] = [Goal::Attached, Goal::Exchanged, Goal::Back];

/// The state in the beginning, and when each goal was reached in turn.
async fn course() -> [String; 4] {
    let site = Site::new("").await;
    let begin = state(&site);
    let mut disk = Disk::planned(&site).await;
    let mut states = vec![begin];
    for goal in GOALS {
        disk.pursue(&site, goal).await.unwrap();
        states.push(state(&site));
    }
    states.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn forth_and_back_leaves_everything_as_it_was() {
    let [begin, attached, exchanged, back] = course().await;
    assert_eq!(back, begin);
    golden(
        "azure-rescue.txt",
        &format!("== in the beginning\n{begin}\n== attached\n{attached}\n== exchanged\n{exchanged}"),
    );
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_it_goes_on_to_the_same_end() {
    let [begin, _, exchanged, _] = course().await;
    for (goal, expected) in [(Goal::Exchanged, &exchanged), (Goal::Back, &begin)] {
        let mut after = 3;
        loop {
            let site = Site::new("").await;
            let mut disk = Disk::planned(&site).await;
            if goal == Goal::Back {
                disk.pursue(&site, Goal::Exchanged).await.unwrap();
            }
            let (done, polls) = Killed::after(after, disk.pursue(&site, goal)).await;
            if done.is_some() {
                assert!(polls > 30, "{polls}: it was killed too seldom to mean anything");
                break;
            }
            disk.pursue(&site, goal).await.unwrap_or_else(|error| panic!("{after}, {goal:?}: {error}"));
            assert_eq!(state(&site), *expected, "killed after {after} polls on the way to {goal:?}");
            after += 17;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_it_can_be_taken_back() {
    let [begin, ..] = course().await;
    let mut after = 5;
    loop {
        let site = Site::new("").await;
        let mut disk = Disk::planned(&site).await;
        let (done, _) = Killed::after(after, disk.pursue(&site, Goal::Exchanged)).await;
        disk.pursue(&site, Goal::Back).await.unwrap_or_else(|error| panic!("{after}: {error}"));
        assert_eq!(state(&site), begin, "killed after {after} polls");
        if done.is_some() {
            break;
        }
        after += 17;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_stops_it_and_it_goes_on_later() {
    let [_, _, exchanged, _] = course().await;
    for number in 0..7 {
        let site = Site::new("").await;
        let mut disk = Disk::planned(&site).await;
        let mut moves = 0;
        while moves < number {
            // Up to the move that is to fail.
            let rescue = disk.rescue();
            let before = rescue.done.len();
            let one = async {
                let mut rescue = disk.rescue();
                let azure = site.azure();
                let mut note = |rescue: &Rescue, _| {
                    disk.0 = serde_json::to_string(rescue).unwrap();
                    if rescue.done.len() > before { Err(Enough) } else { Ok(()) }
                };
                azure.pursue(&mut rescue, Goal::Exchanged, &mut note).await
            };
            assert!(one.await.is_err());
            moves += 1;
        }
        let failing = "fail=write:403".parse().unwrap();
        site.bridge.switch(|switches| *switches = failing);
        let error = disk.pursue(&site, Goal::Exchanged).await.unwrap_err();
        assert_eq!(error.code(), "azure-denied", "{number}");
        disk.pursue(&site, Goal::Exchanged).await.unwrap();
        assert_eq!(state(&site), exchanged, "{number}");
    }
}

struct Enough;

impl From<AzureError> for Enough {
    fn from(error: AzureError) -> Self {
        panic!("{error}")
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_rescued_is_refused_before_anything_is_done() {
    let site = Site::new("").await;
    let azure = site.azure();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let other: VmId = format!("{SUBSCRIPTION}/{GROUP}/nobody").parse().unwrap();
    let elsewhere: VmId = format!("11111111-2222-3333-4444-555555555555/{GROUP}/{RESCUE}").parse().unwrap();
    for (helper, code, said) in [
        (vm(), "azure-not-suited", "cannot rescue itself"),
        (other, "azure-vm-not-found", "there is no virtual machine"),
        (elsewhere, "azure-not-suited", "is in another subscription"),
    ] {
        let error = azure.plan_rescue(&vm(), &helper, now).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(said), "{error}");
    }
    assert!(site.bridge.calls().requests().iter().all(|request| request.starts_with("GET ")));
}

#[tokio::test(start_paused = true)]
async fn what_others_made_is_not_deleted_and_what_others_exchanged_is_left() {
    let site = Site::new("").await;
    let mut disk = Disk::planned(&site).await;
    disk.pursue(&site, Goal::Attached).await.unwrap();
    let rescue = disk.rescue();
    // A snapshot of that name without our tag.
    site.bridge.change(
        "snapshots",
        rescue.snapshot.name(),
        &serde_json::json!({ "tags": { "sacpilot-for": "other" } }),
    );
    let error = disk.pursue(&site, Goal::Back).await.unwrap_err();
    assert_eq!(error.code(), "azure-not-suited");
    assert_eq!(site.bridge.names("snapshots").len(), 1);

    let site = Site::new("").await;
    let mut disk = Disk::planned(&site).await;
    disk.pursue(&site, Goal::Attached).await.unwrap();
    let spare = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/disks/spare"
    );
    let os_disk = serde_json::json!({ "name": "spare", "managedDisk": { "id": spare } });
    site.bridge.change(
        "virtualMachines",
        VM,
        &serde_json::json!({ "properties": { "storageProfile": { "osDisk": os_disk } } }),
    );
    let error = disk.pursue(&site, Goal::Exchanged).await.unwrap_err();
    assert!(error.to_string().contains("neither its old disk nor the copy"), "{error}");
}

/// The real program, killed at the first word about each move, goes on when it is called again.
#[tokio::test]
async fn the_program_killed_at_each_move_goes_on() {
    let site = Site::new("operation=0.2").await;
    let folder = tempfile::tempdir().unwrap();
    let target = format!("azure:{}", Bridge::machine());
    let runs = folder.path().display().to_string();
    let call = |arguments: &str| {
        program(
            &format!("azure rescue {arguments} {target} --yes --runs-dir {runs}"),
            &site.bridge.url(),
            site.bridge.certificate(),
        )
    };
    let mut kills = 0;
    for (arguments, last) in
        [(format!("attach --rescue-vm {RESCUE}"), "attached"), ("detach".to_owned(), "exchanged")]
    {
        let mut seen = Vec::new();
        let said = loop {
            let (_folder, mut command) = call(&arguments).into_parts();
            let known = seen.clone();
            let told = tokio::task::spawn_blocking(move || {
                let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
                let new = lines.into_iter().find(|line| line.starts_with("to ") && !known.contains(line));
                if new.is_some() {
                    child.kill().unwrap();
                }
                let output = child.wait_with_output().unwrap();
                new.ok_or_else(|| String::from_utf8(output.stdout).unwrap())
            });
            match told.await.unwrap() {
                Ok(line) => seen.push(line),
                Err(said) => break said,
            }
        };
        assert!(said.starts_with(&format!("{last}: ")), "{said}");
        kills += seen.len();
    }
    assert!(kills >= 6, "killed {kills} times");
    // What is known of rescues is no run.
    assert!(folder.path().join("rescue").is_dir());
    crate::program::Program::new(&format!("runs --runs-dir {runs}")).run().code(0).stdout("");
    let said = run(call("undo")).await.code(0);
    assert!(said.text().starts_with("back: everything is as it was; winvm_OsDisk_1 is the system disk\n"));
    assert_eq!(site.bridge.names("snapshots"), [""; 0]);
    let said = run(call("attach")).await.code(2).stdout("");
    said.stderr(
        "error: the machine that the copy is attached to is missing\n  help: name it with --rescue-vm VM\n",
    );
}
