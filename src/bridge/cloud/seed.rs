//! What there is in the beginning: a machine in trouble, one to rescue it with, a scale set.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::switches::Case;
use super::merge;

/// The subscription.
pub const SUBSCRIPTION: &str = "00000000-0000-4000-8000-0000000051ac";
/// The resource group.
pub const GROUP: &str = "rg";
/// The machine behind the console.
pub const VM: &str = "winvm";
/// A machine that its disk can be attached to.
pub const RESCUE: &str = "rescuevm";
/// A scale set.
pub const SCALE_SET: &str = "set";
/// Its one instance.
pub const INSTANCE: &str = "0";
/// Part of the gateway's addresses.
pub(super) const CONTAINER: &str = "51ac";

const LOCATION: &str = "westeurope";

fn id(kind: &str, name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{kind}/{name}")
}

/// `GET /subscriptions`.
pub(super) fn subscriptions() -> Value {
    json!({ "value": [{
        "id": format!("/subscriptions/{SUBSCRIPTION}"),
        "subscriptionId": SUBSCRIPTION,
        "tenantId": "99999999-8888-7777-6666-555555555555",
        "displayName": "simulated",
        "state": "Enabled",
        "subscriptionPolicies": {},
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }] })
}

/// The wall clock of the simulated Azure, so long after its beginning.
pub(super) fn moment(since: Duration) -> String {
    let begin = Timestamp::from_second(1_795_834_800).unwrap_or_default();
    begin.saturating_add(since).unwrap_or(begin).to_string()
}

/// What is known about a machine in this state of power (recorded, CLI 2.67).
pub(super) fn instance_view(state: &str) -> Value {
    let shown = format!("VM {state}");
    let mut view = json!({
        "bootDiagnostics": {},
        "disks": [],
        "hyperVGeneration": "V2",
        "statuses": [
            {
                "code": "ProvisioningState/succeeded",
                "level": "Info",
                "displayStatus": "Provisioning succeeded",
                "time": moment(Duration::ZERO),
            },
            { "code": format!("PowerState/{state}"), "level": "Info", "displayStatus": shown },
        ],
    });
    if state == "running" {
        let inside = json!({
            "computerName": VM,
            "osName": "Windows Server 2022 Datacenter",
            "osVersion": "10.0.20348.2762",
            "vmAgent": { "vmAgentVersion": "2.7.41491.1110" },
        });
        merge(&mut view, &inside);
    }
    view
}

fn machine(name: &str, data_disks: &Value) -> Value {
    let disk = format!("{name}_OsDisk_1");
    json!({
        "id": id("Microsoft.Compute/virtualMachines", name),
        "name": name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": LOCATION,
        "zones": ["1"],
        "properties": {
            "hardwareProfile": { "vmSize": "Standard_D2s_v5" },
            "provisioningState": "Succeeded",
            "storageProfile": {
                "imageReference": { "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer" },
                "osDisk": {
                    "osType": "Windows",
                    "name": disk,
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": { "storageAccountType": "Premium_LRS", "id": id("Microsoft.Compute/disks", &disk) },
                    "deleteOption": "Detach",
                },
                "dataDisks": data_disks,
            },
            "networkProfile": {
                "networkInterfaces": [{ "id": id("Microsoft.Network/networkInterfaces", &format!("{name}-nic")) }]
            },
            "diagnosticsProfile": { "bootDiagnostics": { "enabled": true } },
            "instanceView": instance_view("running"),
        },
    })
}

fn system_disk(machine: &str) -> Value {
    let name = format!("{machine}_OsDisk_1");
    json!({
        "id": id("Microsoft.Compute/disks", &name),
        "name": name,
        "type": "Microsoft.Compute/disks",
        "location": LOCATION,
        "zones": ["1"],
        "sku": { "name": "Premium_LRS", "tier": "Premium" },
        "managedBy": id("Microsoft.Compute/virtualMachines", machine),
        "properties": {
            "osType": "Windows",
            "hyperVGeneration": "V2",
            "diskSizeGB": 127,
            "creationData": { "createOption": "FromImage" },
            "provisioningState": "Succeeded",
            "diskState": "Attached",
        },
    })
}

fn rule(name: &str, priority: u32, port: &str) -> Value {
    json!({
        "id": format!("{}/securityRules/{name}", id("Microsoft.Network/networkSecurityGroups", "winvm-nsg")),
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": port,
        },
    })
}

/// Everything, by lower-case id.
pub(super) fn resources() -> BTreeMap<String, Value> {
    let network = id("Microsoft.Network/virtualNetworks", "vnet");
    let nic = |machine: &str, group: Value| {
        let name = format!("{machine}-nic");
        json!({
            "id": id("Microsoft.Network/networkInterfaces", &name),
            "name": name,
            "location": LOCATION,
            "properties": {
                "networkSecurityGroup": group,
                "ipConfigurations": [{
                    "name": "ipconfig1",
                    "properties": { "subnet": { "id": format!("{network}/subnets/default") } },
                }],
            },
        })
    };
    let group = id("Microsoft.Network/networkSecurityGroups", "winvm-nsg");
    let spare = json!([{
        "lun": 0,
        "name": "spare",
        "createOption": "Attach",
        "managedDisk": { "id": id("Microsoft.Compute/disks", "spare") },
    }]);
    let mut spare_disk = system_disk(RESCUE);
    merge(&mut spare_disk, &json!({ "id": id("Microsoft.Compute/disks", "spare"), "name": "spare" }));
    let set = id("Microsoft.Compute/virtualMachineScaleSets", SCALE_SET);
    let all = [
        machine(VM, &json!([])),
        machine(RESCUE, &spare),
        system_disk(VM),
        system_disk(RESCUE),
        spare_disk,
        nic(VM, json!({ "id": group })),
        nic(RESCUE, Value::Null),
        json!({
            "id": format!("{network}/subnets/default"),
            "name": "default",
            "properties": { "addressPrefix": "10.0.0.0/24" },
        }),
        json!({
            "id": group,
            "name": "winvm-nsg",
            "location": LOCATION,
            "properties": { "securityRules": [rule("RDP", 300, "3389"), rule("WinRM", 310, "5986")] },
        }),
        json!({
            "id": id("Microsoft.Storage/storageAccounts", "bootdiag51ac"),
            "name": "bootdiag51ac",
            "type": "Microsoft.Storage/storageAccounts",
            "location": LOCATION,
            "properties": { "networkAcls": { "ipRules": [{ "value": "203.0.113.7" }], "defaultAction": "Deny" } },
        }),
        json!({
            "id": set,
            "name": SCALE_SET,
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "location": LOCATION,
            "properties": { "orchestrationMode": "Uniform" },
        }),
        json!({
            "id": format!("{set}/virtualMachines/{INSTANCE}"),
            "name": format!("{SCALE_SET}_{INSTANCE}"),
            "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            "location": LOCATION,
            "properties": { "instanceView": instance_view("running") },
        }),
    ];
    let keyed = all
        .into_iter()
        .map(|resource| (resource["id"].as_str().unwrap_or_default().to_lowercase(), resource));
    keyed.collect()
}

/// Makes `case` of the machine.
pub(super) fn make(case: Option<Case>, resources: &mut BTreeMap<String, Value>) {
    let vm = id("Microsoft.Compute/virtualMachines", VM);
    let change = match case {
        Some(Case::BootDiagnosticsOff) => {
            json!({ "properties": { "diagnosticsProfile": { "bootDiagnostics": { "enabled": false } } } })
        }
        Some(
            case @ (Case::Deallocated | Case::Deallocating | Case::Stopped | Case::Stopping | Case::Starting),
        ) => {
            if let Some(machine) = resources.get_mut(&vm.to_lowercase()) {
                machine["properties"]["instanceView"] = instance_view(&case.to_string());
            }
            return;
        }
        Some(Case::InsecureStorage) => {
            let uri = "http://elsewhere51ac.blob.core.windows.net/";
            json!({ "properties": { "diagnosticsProfile": { "bootDiagnostics": { "enabled": true, "storageUri": uri } } } })
        }
        Some(Case::StorageRules | Case::StorageFirewall) => {
            let uri = "https://bootdiag51ac.blob.core.windows.net/";
            json!({ "properties": { "diagnosticsProfile": { "bootDiagnostics": { "enabled": true, "storageUri": uri } } } })
        }
        Some(Case::Missing) => {
            resources.remove(&vm.to_lowercase());
            return;
        }
        Some(Case::ScaleSet) => {
            resources.remove(&vm.to_lowercase());
            let set = id("Microsoft.Compute/virtualMachineScaleSets", VM);
            resources.insert(set.to_lowercase(), json!({ "id": set, "name": VM, "location": LOCATION }));
            return;
        }
        Some(Case::Disabled | Case::NoPermission | Case::ReadOnlyLock | Case::NotProvisioned) | None => {
            return;
        }
    };
    if let Some(machine) = resources.get_mut(&vm.to_lowercase()) {
        merge(machine, &change);
    }
}
