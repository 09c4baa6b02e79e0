//! The calls are those of Microsoft's client (measured, CLI 2.91.0 with the extension 1.0.0b2).

use sacpilot::azure::{Azure, Cloud, VmId};
use sacpilot::bridge::{Call, GROUP, INSTANCE, SCALE_SET, SUBSCRIPTION, VM};
use sacpilot::transport::open_azure;

use super::{Site, vm};

/// Method, target, and the headers that are not about the connection.
fn shown(calls: &[Call]) -> Vec<String> {
    let requests = calls.iter().filter_map(|call| match call {
        Call::Request { method, target, headers, body, .. } => Some((method, target, headers, body)),
        _ => None,
    });
    requests
        .map(|(method, target, headers, body)| {
            let mut headers: Vec<String> = headers
                .iter()
                .filter(|(name, _)| !["host", "user-agent", "sec-websocket-key"].contains(&name.as_str()))
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            headers.sort();
            let target = target.replace(SUBSCRIPTION, "SUB");
            let target = target.split("/sessions/").next().unwrap_or_default().to_owned();
            format!("{method} {target} [{}] {body}", headers.join(", ")).trim_end().to_owned()
        })
        .collect()
}

const PLAIN: &str =
    "[accept-language: en, accept: application/json, authorization: ***, content-type: application/json]";

#[tokio::test(start_paused = true)]
async fn the_sequence_is_that_of_microsofts_client() {
    let site = Site::new("").await;
    let line = open_azure(&site.azure(), &vm()).await.unwrap();
    let calls = shown(site.bridge.calls().all());
    let machine = format!(
        "GET /subscriptions/SUB/resourceGroups/{GROUP}/providers/Microsoft.Compute/virtualMachines/{VM}?$expand=instanceView&api-version=2024-11-01 {PLAIN}"
    );
    let service = format!(
        "GET /subscriptions/SUB/providers/Microsoft.SerialConsole/consoleServices/default?api-version=2024-07-01 {PLAIN}"
    );
    let connect = format!(
        "POST /subscriptions/SUB/resourcegroups/{GROUP}/providers/Microsoft.Compute/virtualMachines/{VM}/providers/Microsoft.SerialConsole/serialPorts/0/connect?api-version=2024-07-01 [accept-language: en, accept: application/json, authorization: ***, content-length: 0, content-type: application/json]"
    );
    let join = format!(
        "GET /n/connector/consoleconn-51ac [connection: Upgrade, origin: {}, sec-websocket-version: 13, upgrade: websocket]",
        site.bridge.url()
    );
    assert_eq!(calls, [machine.clone(), service, machine, connect, join]);
    assert_eq!(site.bridge.calls().leaks(), [""; 0]);
    drop(line);
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_a_scale_set_is_one_encoded_segment() {
    let site = Site::new("").await;
    let vm: VmId = format!("{SUBSCRIPTION}/{GROUP}/{SCALE_SET}/{INSTANCE}").parse().unwrap();
    let line = open_azure(&site.azure(), &vm).await.unwrap();
    let calls = shown(site.bridge.calls().all());
    let set = format!("{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/{SCALE_SET}");
    assert!(
        calls[0].starts_with(&format!(
            "GET /subscriptions/SUB/resourceGroups/{set}/virtualMachines/{INSTANCE}/instanceView?api-version=2024-11-01"
        )),
        "{}",
        calls[0]
    );
    assert!(
        calls[3].starts_with(&format!(
            "POST /subscriptions/SUB/resourcegroups/{set}%2FvirtualMachines%2F{INSTANCE}/providers/Microsoft.SerialConsole/serialPorts/0/connect"
        )),
        "{}",
        calls[3]
    );
    drop(line);
}

#[tokio::test(start_paused = true)]
async fn a_storage_account_behind_a_firewall_is_reached_through_the_paired_region() {
    let site = Site::new("case=storage-rules").await;
    let settings = site.settings(&[("SACPILOT_AZURE_TOKEN", super::TOKEN)]);
    let regional = Some(format!("{}/regional/{{region}}", site.bridge.url()));
    let cloud = Cloud { regional, ..settings.cloud.clone() };
    let azure = Azure::new(sacpilot::azure::Settings { cloud, ..settings }).unwrap();
    let line = open_azure(&azure, &vm()).await.unwrap();
    let requests = site.bridge.calls().requests();
    let places: Vec<&str> = requests
        .iter()
        .map(|request| match request.as_str() {
            request if request.contains("/regional/northeurope/") && request.ends_with("/connect") => {
                "regional connect"
            }
            request if request.contains("/regional/northeurope/") => "regional service",
            request if request.ends_with("/storageAccounts") => "accounts",
            request if request.contains("/storageAccounts/") => "account",
            request if request.contains("/virtualMachines/") => "machine",
            request if request.contains("/sessions/") => "join",
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        places,
        [
            "machine",
            "accounts",
            "account",
            "regional service",
            "machine",
            "accounts",
            "account",
            "regional connect",
            "join"
        ]
    );
    drop(line);
}
