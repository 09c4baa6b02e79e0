//! `sacpilot azure`: what is said and what is done.

use std::fmt::Write as _;
use std::process::Stdio;

use sacpilot::azure::{AzureError, Restart};
use sacpilot::bridge::{Bridge, VM};

use super::commands::{program, run};
use super::rescue::Killed;
use super::{Site, vm};
use crate::engine::golden;
use crate::program::{Program, Said};

async fn call(site: &Site, arguments: &str) -> Said {
    let (what, rest) = arguments.split_once(" -- ").unwrap_or((arguments, ""));
    let arguments = format!("azure {what} azure:{} {rest}", Bridge::machine());
    run(program(&arguments, &site.bridge.url(), site.bridge.certificate())).await
}

#[test]
fn every_command_explains_itself_with_examples() {
    let commands = [
        "snapshot",
        "nmi",
        "reset",
        "restart",
        "start",
        "enable",
        "nsg",
        "nsg allow-rdp",
        "rescue",
        "rescue attach",
        "rescue detach",
        "rescue undo",
        "rescue show",
    ];
    for command in commands {
        let said = Program::new(&format!("azure {command} --help")).run().code(0).stderr("");
        assert!(said.text().contains("Examples:\n  sacpilot azure"), "{command}");
        assert!(said.text().lines().all(|line| line.chars().count() <= 100), "{command}");
        said.golden(&format!("help/azure-{}.txt", command.replace(' ', "-")));
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_once_and_its_id_is_told() {
    let site = Site::new("operation=0").await;
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg/providers/Microsoft.Compute/snapshots/before",
        sacpilot::bridge::SUBSCRIPTION
    );
    for _ in 0..2 {
        call(&site, "snapshot -- --name before --quiet")
            .await
            .code(0)
            .stderr("")
            .stdout(&format!("snapshot {id}\n"));
    }
    let said = call(&site, "snapshot -- --name before --json --quiet").await.code(0);
    let json: serde_json::Value = serde_json::from_str(said.text()).unwrap();
    assert_eq!(json, serde_json::json!({ "action": "snapshot", "machine": Bridge::machine(), "id": id }));
    assert_eq!(site.bridge.names("snapshots"), ["before"]);
    let said = call(&site, "snapshot -- --name .before").await.code(2);
    assert!(said.stderr_text().contains("names are 1 to 80"), "{}", said.stderr_text());
}

#[tokio::test]
async fn what_cuts_others_off_is_asked_about() {
    let site = Site::new("").await;
    for command in ["nmi", "reset", "restart", "rescue attach -- --rescue-vm rescuevm"] {
        call(&site, command)
            .await
            .code(2)
            .stdout("")
            .stderr("error: there is no terminal to ask whether this shall be done\n  help: give --yes\n");
    }
    let calls = site.bridge.calls();
    assert!(calls.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", calls.requests());
}

#[tokio::test]
async fn nmi_and_reset_go_through_a_session_that_is_closed_properly() {
    let site = Site::new("").await;
    for command in ["nmi", "reset"] {
        call(&site, &format!("{command} -- --yes")).await.code(0).stdout(&format!("{command}: done\n"));
        let calls = site.bridge.calls();
        let last = calls.requests().pop().unwrap();
        assert!(last.ends_with(&format!("/adminCommand/{command}")), "{last}");
        // The farewell comes last, and may still be on its way here.
        closed(&site).await;
        assert_eq!(calls.leaks(), [""; 0]);
    }
}

async fn closed(site: &Site) {
    let closed = async {
        while !site.bridge.calls().all().contains(&sacpilot::bridge::Call::Closed(1000)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), closed).await.expect("it was closed with 1000");
}

#[tokio::test]
async fn start_restart_and_enable_do_what_is_missing() {
    let site = Site::new("case=deallocated&operation=0").await;
    let said = call(&site, "restart -- --yes").await.code(3);
    assert!(said.stderr_text().contains("does not run: it is VM deallocated"), "{}", said.stderr_text());
    call(&site, "start -- --quiet").await.code(0).stdout("start: done\n").stderr("");
    call(&site, "start").await.code(0).stdout("start: already\n");
    call(&site, "restart -- --yes -q").await.code(0).stdout("restart: done\n");
    call(&site, "enable")
        .await
        .code(0)
        .stdout("serial console of the subscription: already\nboot diagnostics: already\n");

    let site = Site::new("case=boot-diagnostics-off&operation=0").await;
    call(&site, "enable -- -q")
        .await
        .code(0)
        .stdout("serial console of the subscription: already\nboot diagnostics: done\n");
    let machine = site.bridge.resource("virtualMachines", VM).unwrap();
    assert_eq!(machine["properties"]["diagnosticsProfile"]["bootDiagnostics"]["enabled"], true);
    let site = Site::new("case=disabled").await;
    call(&site, "enable")
        .await
        .code(0)
        .stdout("serial console of the subscription: done\nboot diagnostics: already\n");
    let site = Site::new("case=read-only-lock").await;
    let said = call(&site, "snapshot").await.code(3);
    assert!(said.stderr_text().contains("ScopeLocked"), "{}", said.stderr_text());
}

#[tokio::test]
async fn a_network_rule_is_shown_added_and_taken_away() {
    let site = Site::new("operation=0").await;
    let mut told = String::new();
    for (arguments, exit) in [
        ("--from 203.0.113.0/24", 1),
        ("--from 203.0.113.0/24 --apply", 0),
        ("--from 203.0.113.0/24 --apply", 0),
        ("--from *", 1),
        ("--remove", 0),
        ("--remove", 0),
    ] {
        let said =
            call(&site, &format!("nsg allow-rdp -- --port 3390 -q {arguments}")).await.code(exit).stderr("");
        let _ = writeln!(told, "$ sacpilot azure nsg allow-rdp --port 3390 {arguments}\n{}", said.text());
    }
    golden("azure-nsg.txt", &told);
    call(&site, "nsg allow-rdp -- --port 0 --from *").await.code(2);
    call(&site, "nsg allow-rdp -- --port 3390").await.code(2);
}

#[test]
fn only_machines_in_azure_are_taken() {
    Program::new("azure start tcp:h:1")
        .run()
        .code(2)
        .stdout("")
        .stderr(
            "error: `tcp:h:1` is no machine in Azure\n  help: write azure:SUBSCRIPTION/GROUP/VM, or a name of targets.yaml that \
             leads to one\n",
        );
}

#[tokio::test]
async fn a_machine_can_be_named_as_in_the_inventory() {
    let site = Site::new("operation=0").await;
    let inventory = format!("targets:\n  web1: {{endpoint: 'azure:{}'}}\n", Bridge::machine());
    let call = |arguments: &str| {
        let program = program(arguments, &site.bridge.url(), site.bridge.certificate());
        run(program.file("targets.yaml", &inventory))
    };
    call("azure start web1").await.code(0).stdout("start: already\n").stderr("");
    call("azure rescue show web1 --runs-dir runs").await.code(2).stdout("");
    call("azure start web2")
        .await
        .code(2)
        .stdout("")
        .stderr("error: there is no target `web2` in [FOLDER]/targets.yaml\n  help: did you mean `web1`?\n");
}

/// What a process does that finds what the one before it left: the same as `sacpilot azure restart`.
async fn restart(site: &Site, kept: &mut Option<Restart>) -> Result<(), AzureError> {
    let azure = site.azure();
    if let Some(begun) = kept
        && azure.was_restarted(&vm(), begun).await?
    {
        return Ok(());
    }
    let now = "2026-11-28T03:00:00Z".parse().unwrap();
    *kept = Some(azure.plan_restart(&vm(), now).await?);
    azure.restart(&vm()).await
}

/// Killed anywhere, given again: one snapshot, one restart, a machine that runs.
#[tokio::test(start_paused = true)]
async fn a_snapshot_and_a_restart_killed_anywhere_are_done_when_they_are_given_again() {
    for what in ["snapshot", "restart"] {
        let mut after = 1;
        loop {
            let site = Site::new("").await;
            let mut kept = None;
            let mut act = async || match what {
                "snapshot" => site.azure().snapshot(&vm(), "before").await.map(|_| ()),
                _ => restart(&site, &mut kept).await,
            };
            let (done, polls) = Killed::after(after, act()).await;
            if let Some(done) = done {
                done.unwrap();
                assert!(polls > 8, "{what}: {polls}: it was killed too seldom to mean anything");
                break;
            }
            act().await.unwrap_or_else(|error| panic!("{what}, killed after {after} polls: {error}"));
            if what == "snapshot" {
                assert_eq!(site.bridge.names("snapshots"), ["before"], "killed after {after} polls");
                let snapshot = site.bridge.resource("snapshots", "before").unwrap();
                assert_eq!(snapshot["properties"]["provisioningState"], "Succeeded");
            } else {
                assert_eq!(restarts(&site), 1, "killed after {after} polls");
            }
            let machine = site.bridge.resource("virtualMachines", VM).unwrap();
            let statuses = machine["properties"]["instanceView"]["statuses"].as_array().unwrap();
            assert_eq!(statuses.last().unwrap()["displayStatus"], "VM running", "{what}: {after}");
            assert_eq!(site.leaks(), [""; 0]);
            after += 1;
        }
    }
}

fn restarts(site: &Site) -> usize {
    site.bridge.calls().requests().iter().filter(|request| request.ends_with("/restart")).count()
}

/// A machine that does not say when it was changed last is not restarted twice by mistake.
#[tokio::test(start_paused = true)]
async fn what_became_of_a_restart_is_asked_for_where_it_cannot_be_told() {
    let site = Site::new("").await;
    let statuses = serde_json::json!([{ "code": "PowerState/running", "displayStatus": "VM running" }]);
    let silent = serde_json::json!({ "properties": { "instanceView": { "statuses": statuses } } });
    site.bridge.change("virtualMachines", VM, &silent);
    let mut kept = None;
    restart(&site, &mut kept).await.unwrap();
    let error = restart(&site, &mut kept).await.unwrap_err();
    assert_eq!(error.code(), "azure-not-suited");
    assert!(error.to_string().contains("was restarted since 2026-11-28T03:00:00Z cannot be told"), "{error}");
    assert!(error.help().contains("--anew"));
    assert_eq!(restarts(&site), 1);
}

/// The real program, killed while Azure is at work, finds out what became of it when it is called again.
#[tokio::test]
async fn the_program_killed_at_a_snapshot_or_a_restart_does_it_once() {
    let site = Site::new("operation=1").await;
    let runs = tempfile::tempdir().unwrap();
    let call = |arguments: &str| {
        let arguments =
            format!("azure {arguments} azure:{} --runs-dir {}", Bridge::machine(), runs.path().display());
        program(&arguments, &site.bridge.url(), site.bridge.certificate())
    };
    for (arguments, asked) in [("snapshot", "/snapshots/"), ("restart --yes", "/restart")] {
        let (_folder, mut command) = call(arguments).into_parts();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let wrote = |request: &String| !request.starts_with("GET ") && request.contains(asked);
        while !site.bridge.calls().requests().iter().any(wrote) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let said = run(call(arguments)).await.code(0);
        let action = arguments.split(' ').next().unwrap();
        assert!(said.text().starts_with(action), "{}", said.text());
    }
    assert_eq!(site.bridge.names("snapshots").len(), 1);
    assert_eq!(restarts(&site), 1);
    // Nothing is left to go on with, so the next call is another restart.
    run(call("restart --yes")).await.code(0).stdout("restart: done\n");
    assert_eq!(restarts(&site), 2);
    // A file that was damaged is no reason to do it without a word, unless that is wanted.
    let machine = Bridge::machine().replace('/', "_");
    let file = runs.path().join(format!("azure/restart-{machine}.json"));
    std::fs::write(&file, "{").unwrap();
    let said = run(call("restart --yes")).await.code(2).stdout("");
    assert!(said.stderr_text().contains("does not tell what was begun"), "{}", said.stderr_text());
    assert_eq!(restarts(&site), 2);
    run(call("restart --yes --anew")).await.code(0).stdout("restart: done\n");
    assert_eq!(restarts(&site), 3);
    let kept = std::fs::read_dir(runs.path().join("azure")).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kept: Vec<String> = kept.map(|name| name.rsplit('.').next().unwrap().to_owned()).collect();
    kept.dedup();
    assert_eq!(kept, ["lock"]);
    Program::new(&format!("runs --runs-dir {}", runs.path().display())).run().code(0).stdout("");
}
