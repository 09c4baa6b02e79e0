//! Each way in which Azure refuses a console is an error with a cause, a remedy and a code.

use std::time::Duration;

use sacpilot::azure::{AzureError, VmId};
use sacpilot::bridge::{GROUP, INSTANCE, SCALE_SET, SUBSCRIPTION};
use sacpilot::transport::{OpenError, open_azure};
use tokio::time::Instant;

use super::{Site, vm};

async fn refusal(site: &Site) -> AzureError {
    match open_azure(&site.azure(), &vm()).await {
        Err(OpenError::Azure(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(line) => panic!("{line:?}"),
    }
}

/// Switches, code, what the error says, what its remedy says.
pub(super) const ROWS: [(&str, &str, &str, &str); 30] = [
    ("case=missing", "azure-vm-not-found", "there is no virtual machine", "az vm list"),
    ("case=scale-set", "azure-scale-set", "is a scale set, not a virtual machine", "/INSTANCE"),
    ("case=boot-diagnostics-off", "azure-boot-diagnostics", "boot diagnostics are off", "azure enable"),
    ("case=deallocated", "azure-not-running", "it is VM deallocated", "azure start"),
    ("case=deallocating", "azure-not-running", "it is VM deallocating", "azure start"),
    ("case=disabled", "azure-console-disabled", "disabled for the subscription", "azure enable"),
    (
        "case=no-permission",
        "azure-denied",
        "no permission to connect to the serial console: DenyAssignmentAuthorizationFailed",
        "Virtual Machine Contributor",
    ),
    ("case=storage-firewall", "azure-storage-firewall", "\"Forbidden\" response", "managed storage"),
    ("case=read-only-lock", "azure-conflict", "ERR_BAD_REQUEST", "lock"),
    ("case=not-provisioned", "azure-not-provisioned", "has not yet succeeded", "wait"),
    ("case=insecure-storage", "azure-storage-http", "takes https:// only: Bad Request", "managed storage"),
    ("fail=machine:403", "azure-denied", "no permission to read the virtual machine", "Contributor"),
    ("fail=service:403", "azure-denied", "no permission to read whether the serial", "Contributor"),
    ("fail=service:404", "azure-no-console", "has no serial console", "az provider register"),
    ("fail=connect:400", "azure-refused", "refuses to connect to the serial console", "activity log"),
    ("fail=connect:500:99", "azure-trouble", "failed to connect to the serial console, asked 7", "status"),
    ("fail=connect:429:9:3600", "azure-throttled", "asks to come back in 3600 s", "wait for that long"),
    ("fail=connect:cut:99", "azure-no-connection", "127.0.0.1", "HTTPS_PROXY"),
    ("fail=connect:401", "azure-token-refused", "does not accept the token", "az account get-access-token"),
    ("fail=connect:404", "azure-vm-not-found", "there is no virtual machine", "az vm list"),
    ("refuse=401:9", "azure-gateway-refused", "connection, which it does not allow: Refused", "new token"),
    (
        "refuse=403:9",
        "azure-gateway-refused",
        "connection, which it does not allow: Refused",
        "azure restart",
    ),
    ("refuse=404:9", "azure-gateway-refused", "whose session it does not know: Refused", "new session"),
    ("refuse=429:9", "azure-gateway-refused", "of which there are too many: Refused", "in a minute"),
    ("refuse=502:9", "azure-gateway-refused", "what is behind it does not answer: Refused", "azure restart"),
    ("refuse=302:9", "azure-websocket-blocked", "with status 302 came instead", "*.serialconsole.azure.com"),
    ("blocked", "azure-websocket-blocked", "does not let websockets through", "*.serialconsole.azure.com"),
    ("distrust", "azure-not-trusted", "did not accept the token (1011", "core.windows.net"),
    ("host-slow", "azure-host-slow", "did not answer the serial console in time", "azure restart"),
    ("host-slow&cut=1&frames=binary", "azure-host-slow", "did not answer", "azure restart"),
];

#[tokio::test(start_paused = true)]
async fn every_row_names_cause_and_remedy() {
    for (switches, code, says, remedy) in ROWS {
        let site = Site::new(switches).await;
        let error = refusal(&site).await;
        assert_eq!(error.code(), code, "{switches}: {error}");
        assert!(error.to_string().contains(says), "{switches}: {error}");
        assert!(error.help().contains(remedy), "{switches}: {}", error.help());
        assert_eq!(site.bridge.calls().leaks(), [""; 0]);
    }
}

/// Microsoft's client asks for nothing else about the power of a machine, so one that is stopped has a console.
#[tokio::test(start_paused = true)]
async fn what_has_not_given_up_its_place_is_connected_to() {
    for state in ["starting", "stopped", "stopping"] {
        let site = Site::new(&format!("case={state}")).await;
        drop(open_azure(&site.azure(), &vm()).await.unwrap_or_else(|error| panic!("{state}: {error}")));
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_a_scale_set_is_refused_for_the_same_reasons() {
    let instance: VmId = format!("{SUBSCRIPTION}/{GROUP}/{SCALE_SET}/{INSTANCE}").parse().unwrap();
    let other: VmId = format!("{SUBSCRIPTION}/{GROUP}/{SCALE_SET}/7").parse().unwrap();
    let statuses =
        serde_json::json!([{ "code": "PowerState/deallocated", "displayStatus": "VM deallocated" }]);
    for (change, vm, code, remedy) in [
        (serde_json::json!({}), &other, "azure-vm-not-found", "az vm list"),
        (serde_json::json!({ "bootDiagnostics": null }), &instance, "azure-boot-diagnostics", "azure enable"),
        (serde_json::json!({ "statuses": statuses }), &instance, "azure-not-running", "azure start"),
    ] {
        let site = Site::new("").await;
        let change = serde_json::json!({ "properties": { "instanceView": change } });
        site.bridge.change("virtualMachines", INSTANCE, &change);
        let error = open_azure(&site.azure(), vm).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.help().contains(remedy), "{}", error.help());
    }
}

#[tokio::test(start_paused = true)]
async fn every_row_is_in_the_table_of_the_documentation() {
    for (switches, code, _, _) in ROWS {
        assert_eq!(documented(code).as_deref(), Some("3"), "docs/azure.md: {code} ({switches})");
    }
    assert_eq!(documented("azure-settings").as_deref(), Some("2"));
}

#[test]
fn every_code_that_azure_can_end_with_is_in_the_table() {
    let sources = [
        include_str!("../../../src/azure/error.rs"),
        include_str!("../../../src/azure/close.rs"),
        include_str!("../../../src/azure/token/mod.rs"),
        include_str!("../../../src/azure/settings.rs"),
    ];
    let code = regex::Regex::new(r#"=> "(azure-[a-z-]+)""#).unwrap();
    let codes: std::collections::BTreeSet<&str> = sources
        .iter()
        .flat_map(|text| code.captures_iter(text).map(|found| found.get(1).unwrap().as_str()))
        .collect();
    assert!(codes.len() > 25, "{codes:?}");
    let missing: Vec<&&str> = codes.iter().filter(|code| documented(code).is_none()).collect();
    assert!(missing.is_empty(), "docs/azure.md: {missing:?}");
}

/// The exit code of an error in the table of the documentation.
pub(super) fn documented(code: &str) -> Option<String> {
    let table = include_str!("../../../docs/azure.md");
    let row = table.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{code}`")))?;
    Some(row.split('|').nth(2)?.trim().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_stops_at_once() {
    let site = Site::new("").await;
    let azure = site.azure_with(&[("SACPILOT_AZURE_TOKEN", "wrong.token.here")]);
    let error = open_azure(&azure, &vm()).await.unwrap_err();
    assert_eq!(error.code(), "azure-token-refused");
    assert_eq!(site.bridge.calls().all().len(), 1);
    assert!(!format!("{error} {error:?}").contains("wrong.token.here"));
}

#[tokio::test(start_paused = true)]
async fn busy_and_troubled_services_are_waited_out_as_they_say() {
    for (switches, waited, told) in [
        ("fail=machine:429:2:17", 34, "Azure asks to slow down: asking again in 17 s"),
        ("fail=service:503:1:40", 40, "Azure is in trouble (503): asking again in 40 s"),
        ("fail=connect:500:3", 1 + 2 + 4, "Azure is in trouble (500): asking again in 4 s"),
        ("fail=connect:429:1:5&fail=machine:502:1", 5 + 1, "Azure asks to slow down: asking again in 5 s"),
        ("refuse=503:2", 2 + 4, "the gateway refuses the connection (503): trying again in 4 s"),
        ("slow-upgrade=50", 50, ""),
    ] {
        let site = Site::new(switches).await;
        let began = Instant::now();
        let line = open_azure(&site.azure(), &vm()).await.unwrap();
        // The verdict on the token is waited for as well.
        let waited = Duration::from_secs(waited);
        let took = began.elapsed().checked_sub(waited).unwrap_or_else(|| panic!("{switches}: too early"));
        assert!(took < Duration::from_secs(3), "{switches}: {took:?} more than told");
        assert!(told.is_empty() || site.told().iter().any(|line| line == told), "{:?}", site.told());
        drop(line);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_given_up() {
    let site = Site::new("fail=machine:500:99").await;
    let error = refusal(&site).await;
    assert_eq!(error.code(), "azure-trouble");
    assert_eq!(
        error.to_string(),
        "Azure failed to read the virtual machine, asked 7 times: Simulated: This call was told to fail."
    );
    let site = Site::new("fail=machine:429:99:3600").await;
    let error = refusal(&site).await;
    assert_eq!(error.to_string(), "Azure asks to come back in 3600 s");
}

#[test]
fn every_switch_of_the_simulated_azure_is_documented() {
    let documentation = include_str!("../../../docs/azure.md");
    let table = documentation.split("## A simulated Azure").nth(1).unwrap();
    let words = |text: &str| {
        let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        words.filter(|word| word.len() > 2).map(str::to_owned).collect::<Vec<_>>()
    };
    let known = words(table);
    let named = sacpilot::bridge::SwitchError::help().split(", ").map(|switch| words(switch)[0].clone());
    for switch in named.filter(|switch| switch != "there") {
        assert!(known.contains(&switch), "{switch}");
    }
    for (switches, ..) in ROWS.iter().filter(|(switches, ..)| switches.starts_with("case=")) {
        assert!(table.contains(&format!("`{}`", &switches[5..])), "{switches}");
    }
}
