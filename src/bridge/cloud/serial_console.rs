//! `Microsoft.SerialConsole`: whether it is enabled, its ports, and the call that opens a session.

use serde_json::{Value, json};

use super::super::switches::Case;
use super::{Act, Asked, Cloud, Path, Reply, not_found, seed};

/// Kept like any other resource.
const SERVICE: &str = "console-service";

impl Cloud {
    pub(super) fn console_service(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Reply {
        let disabled = match (asked.method, rest) {
            ("GET", []) => {
                let kept = self.resources.get(SERVICE).and_then(Value::as_bool);
                kept.unwrap_or(self.case == Some(Case::Disabled))
            }
            ("POST", ["enableconsole"]) => false,
            ("POST", ["disableconsole"]) => true,
            _ => return Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        };
        if asked.method == "POST" {
            self.resources.insert(SERVICE.to_owned(), json!(disabled));
        }
        Reply::json(200, &json!({ "properties": { "disabled": disabled } }))
    }

    pub(super) fn serial_port(&mut self, asked: &Asked<'_>, path: &Path, rest: &[&str]) -> Reply {
        // …/providers/Microsoft.Compute/KIND/NAME[/virtualMachines/ID]/providers/Microsoft.SerialConsole/…
        let parts = path.lower.iter().position(|part| part == "microsoft.serialconsole").unwrap_or(1) - 1;
        let parent = path.id(parts);
        let Some(machine) = self.resources.get(&parent.to_lowercase()).cloned() else {
            return not_found(path);
        };
        let port = json!({
            "id": format!("{parent}/providers/Microsoft.SerialConsole/serialPorts/0"),
            "name": "0",
            "type": "Microsoft.SerialConsole/serialPorts",
            "properties": { "state": "enabled", "connectionState": "inactive" },
        });
        match (asked.method, rest) {
            ("GET", []) => Reply::json(200, &json!({ "value": [port] })),
            ("GET", ["0"]) => Reply::json(200, &port),
            ("PUT", ["0"]) => Reply::json(201, &port),
            ("POST", ["0", "connect"]) => self.connect(asked, &machine),
            _ => not_found(path),
        }
    }

    fn connect(&mut self, asked: &Asked<'_>, machine: &Value) -> Reply {
        let boot_diagnostics = &machine["properties"]["diagnosticsProfile"]["bootDiagnostics"];
        match self.case {
            Some(Case::NoPermission) => {
                return Reply::error(
                    403,
                    "DenyAssignmentAuthorizationFailed",
                    "The client has permission to perform action 'Microsoft.SerialConsole/serialPorts/connect/action', however the access is denied because of the deny assignment.",
                );
            }
            Some(Case::StorageFirewall) => {
                return Reply::error(
                    403,
                    "",
                    "A \"Forbidden\" response was encountered when accessing this VM's boot diagnostic storage account.",
                );
            }
            Some(Case::ReadOnlyLock) => {
                return Reply::error(409, "ERR_BAD_REQUEST", "Request failed with status code 409");
            }
            Some(Case::NotProvisioned | Case::InsecureStorage) => {
                return Reply::error(400, "Bad Request", "Provisioning for this VM has not yet succeeded.");
            }
            // Only a resource manager of another region gets past the account's firewall.
            Some(Case::StorageRules) if !asked.target.starts_with("/regional/") => {
                return Reply::error(
                    403,
                    "",
                    "A \"Forbidden\" response was encountered when accessing this VM's boot diagnostic storage account.",
                );
            }
            _ => {}
        }
        if machine["type"] == "Microsoft.Compute/virtualMachines"
            && boot_diagnostics["enabled"] != json!(true)
        {
            return Reply::error(400, "BadRequest", "Boot diagnostics are not enabled for this VM.");
        }
        if !asked.body.is_empty() {
            return Reply::error(400, "BadRequest", "A body is not expected.");
        }
        self.sessions += 1;
        let id = format!("{:08x}-0000-4000-8000-000000000000", self.sessions);
        self.acts.push(Act::OpenSession(id.clone()));
        let host = asked.headers.iter().find(|(name, _)| name == "host").map_or("", |(_, host)| host);
        let url = format!("wss://{host}/n/connector/consoleconn-{}/sessions/{id}/client", seed::CONTAINER);
        Reply::json(200, &json!({ "connectionString": url }))
    }
}
