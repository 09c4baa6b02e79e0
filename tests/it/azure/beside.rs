//! `sacpilot azure`: what is said and what is done.

use std::fmt::Write as _;

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

/// Killed anywhere, given again: one snapshot, a machine that runs.
#[tokio::test(start_paused = true)]
async fn a_snapshot_and_a_restart_killed_anywhere_are_done_when_they_are_given_again() {
    for what in ["snapshot", "restart"] {
        let mut after = 1;
        loop {
            let site = Site::new("").await;
            let azure = site.azure();
            let act = async || match what {
                "snapshot" => azure.snapshot(&vm(), "before").await.map(|_| ()),
                _ => azure.restart(&vm()).await,
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
            }
            let machine = site.bridge.resource("virtualMachines", VM).unwrap();
            let statuses = machine["properties"]["instanceView"]["statuses"].as_array().unwrap();
            assert_eq!(statuses.last().unwrap()["displayStatus"], "VM running", "{what}: {after}");
            assert_eq!(site.leaks(), [""; 0]);
            after += 1;
        }
    }
}
