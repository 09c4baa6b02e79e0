//! Machines and scale sets.

use serde_json::{Value, json};

use super::operations::{Effect, Telling};
use super::{Act, Asked, Cloud, Path, Reply, not_found, query, seed};

impl Cloud {
    pub(super) fn machine(&mut self, asked: &Asked<'_>, path: &Path, rest: &[&str]) -> Reply {
        let id = path.id(8);
        let Some(mut machine) = self.resources.get(&id.to_lowercase()).cloned() else {
            return not_found(path);
        };
        if self.under_way(&id).is_some() {
            machine["properties"]["instanceView"]["statuses"][0] = json!({
                "code": "ProvisioningState/updating",
                "level": "Info",
                "displayStatus": "Updating",
            });
        }
        match (asked.method, rest) {
            ("GET", []) => {
                let mut shown = machine;
                if query(asked.target, "$expand") != Some("instanceView")
                    && let Some(properties) = shown["properties"].as_object_mut()
                {
                    properties.remove("instanceView");
                }
                if self.under_way(&id).is_some() {
                    shown["properties"]["provisioningState"] = json!("Updating");
                }
                Reply::json(200, &shown)
            }
            ("GET", ["instanceview"]) => Reply::json(200, &machine["properties"]["instanceView"]),
            ("PATCH" | "PUT", []) => self.update(asked, &id, &machine),
            ("POST", ["start"]) => self.power(asked, &id, "start", "starting", "running"),
            ("POST", ["restart"]) => {
                let reply = self.power(asked, &id, "restart", "running", "running");
                if reply.status == 202 && is_the_machine(&id) {
                    self.acts.push(Act::Restart);
                }
                reply
            }
            ("POST", ["poweroff"]) => self.power(asked, &id, "poweroff", "stopping", "stopped"),
            ("POST", ["deallocate"]) => self.power(asked, &id, "deallocate", "deallocating", "deallocated"),
            ("POST", ["attachdetachdatadisks"]) => self.attach_or_detach(asked, &id, &machine),
            _ => Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        }
    }

    fn power(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
        name: &str,
        meanwhile: &'static str,
        state: &'static str,
    ) -> Reply {
        let effect = Effect::Power(id.to_owned(), state);
        match self.begin(asked, id, name, effect, Telling::Status) {
            Ok(reply) => {
                self.set_power(id, meanwhile);
                if state != "running" && is_the_machine(id) {
                    self.acts.push(Act::Stop);
                }
                reply
            }
            Err(refusal) => refusal,
        }
    }

    fn update(&mut self, asked: &Asked<'_>, id: &str, machine: &Value) -> Reply {
        let Ok(change) = serde_json::from_str::<Value>(asked.body) else {
            return Reply::error(400, "InvalidRequestContent", "The request content was invalid.");
        };
        let wanted = &change["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"];
        let present = &machine["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"];
        let mut effects = vec![Effect::Change(id.to_owned(), change.clone())];
        if let Some(disk) = wanted.as_str()
            && !present.as_str().unwrap_or_default().eq_ignore_ascii_case(disk)
        {
            if let Err(refusal) = self.may_become_system_disk(machine, id, disk) {
                return refusal;
            }
            let name = disk.rsplit('/').next().unwrap_or_default();
            if change["properties"]["storageProfile"]["osDisk"]["name"] != json!(name) {
                return Reply::error(
                    409,
                    "PropertyChangeNotAllowed",
                    "Changing property 'osDisk.name' is not allowed.",
                );
            }
            effects.push(Effect::Change(disk.to_owned(), json!({ "managedBy": id })));
            if let Some(old) = present.as_str() {
                effects.push(Effect::Change(old.to_owned(), json!({ "managedBy": null })));
            }
        }
        let name = format!("update {}", asked.body);
        match self.begin(asked, id, &name, Effect::All(effects), Telling::Status) {
            Ok(reply) => Reply { status: 200, body: machine.to_string(), ..reply },
            Err(refusal) => refusal,
        }
    }

    /// The system disk is exchanged while the machine is deallocated.
    fn may_become_system_disk(&self, machine: &Value, id: &str, disk: &str) -> Result<(), Reply> {
        let state = power_state(machine);
        if state != "deallocated" {
            return Err(Reply::error(
                409,
                "OperationNotAllowed",
                &format!("The OS disk cannot be changed while the machine is {state}."),
            ));
        }
        self.may_be_attached(id, disk)
    }

    fn may_be_attached(&self, id: &str, disk: &str) -> Result<(), Reply> {
        let Some(resource) = self.resources.get(&disk.to_lowercase()) else {
            return Err(Reply::error(404, "NotFound", &format!("Disk {disk} is not found.")));
        };
        match resource["managedBy"].as_str() {
            Some(owner) if !owner.eq_ignore_ascii_case(id) => Err(Reply::error(
                409,
                "ConflictingUserInput",
                &format!("Disk '{disk}' cannot be attached as the disk is already owned by VM '{owner}'."),
            )),
            Some(_) => Err(Reply::error(409, "AttachDiskWhileAttached", "The disk is attached already.")),
            None => Ok(()),
        }
    }

    fn attach_or_detach(&mut self, asked: &Asked<'_>, id: &str, machine: &Value) -> Reply {
        let body: Value = serde_json::from_str(asked.body).unwrap_or_default();
        let mut disks =
            machine["properties"]["storageProfile"]["dataDisks"].as_array().cloned().unwrap_or_default();
        let mut effects = Vec::new();
        for detach in body["dataDisksToDetach"].as_array().into_iter().flatten() {
            let disk = detach["diskId"].as_str().unwrap_or_default();
            let before = disks.len();
            disks.retain(|present| !is_disk(present, disk));
            if disks.len() == before {
                return Reply::error(
                    400,
                    "InvalidParameter",
                    &format!("Disk '{disk}' is not attached to the virtual machine."),
                );
            }
            effects.push(Effect::Change(disk.to_owned(), json!({ "managedBy": null })));
        }
        for attach in body["dataDisksToAttach"].as_array().into_iter().flatten() {
            let disk = attach["diskId"].as_str().unwrap_or_default();
            if let Err(refusal) = self.may_be_attached(id, disk) {
                return refusal;
            }
            if disks.iter().any(|present| present["lun"] == attach["lun"]) {
                return Reply::error(409, "ConflictingUserInput", "The specified Lun is in use already.");
            }
            let name = disk.rsplit('/').next().unwrap_or_default();
            disks.push(json!({
                "lun": attach["lun"],
                "name": name,
                "createOption": "Attach",
                "caching": "None",
                "managedDisk": { "id": disk },
            }));
            effects.push(Effect::Change(disk.to_owned(), json!({ "managedBy": id })));
        }
        let profile = json!({ "properties": { "storageProfile": { "dataDisks": disks } } });
        effects.push(Effect::Change(id.to_owned(), profile));
        let name = format!("disks {}", asked.body);
        match self.begin(asked, id, &name, Effect::All(effects), Telling::Location) {
            Ok(reply) | Err(reply) => reply,
        }
    }

    pub(super) fn scale_set(&mut self, asked: &Asked<'_>, path: &Path, rest: &[&str]) -> Reply {
        match (asked.method, rest) {
            ("GET", []) => self.read(path),
            ("GET", ["virtualmachines", _, "instanceview"]) => {
                match self.resources.get(&path.id(10).to_lowercase()) {
                    Some(instance) => Reply::json(200, &instance["properties"]["instanceView"]),
                    None => not_found(path),
                }
            }
            _ => Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        }
    }
}

fn is_disk(attached: &Value, disk: &str) -> bool {
    attached["managedDisk"]["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(disk))
}

/// `running`, `deallocated`, …
pub(super) fn power_state(machine: &Value) -> String {
    let statuses = machine["properties"]["instanceView"]["statuses"].as_array();
    let codes = statuses.into_iter().flatten().filter_map(|status| status["code"].as_str());
    codes.filter_map(|code| code.strip_prefix("PowerState/")).map(str::to_owned).next().unwrap_or_default()
}

/// The one behind the console.
fn is_the_machine(id: &str) -> bool {
    id.to_lowercase().ends_with(&format!("/virtualmachines/{}", seed::VM))
}
