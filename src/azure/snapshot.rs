//! A snapshot of a machine's system disk: what the documentation begins with, before anything is changed.

use hyper::http::Method;
use serde::Deserialize;
use serde_json::json;

use super::arm::{Ask, Azure, version};
use super::error::AzureError;
use super::machine::{Machine, OsDisk};
use super::resource_id::ResourceId;
use super::vm_id::VmId;

/// The tag on everything that sacpilot creates: the machine it was created for.
pub(super) const TAG: &str = "sacpilot-for";

/// A disk as the resource manager describes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Disk {
    pub(super) location: String,
    pub(super) zones: Vec<String>,
    pub(super) sku: Option<Sku>,
    pub(super) tags: serde_json::Map<String, serde_json::Value>,
    pub(super) properties: DiskProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Sku {
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DiskProperties {
    pub(super) provisioning_state: String,
    pub(super) hyper_v_generation: Option<String>,
    pub(super) security_profile: Option<serde_json::Value>,
    pub(super) encryption: Option<serde_json::Value>,
    pub(super) creation_data: CreationData,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CreationData {
    pub(super) source_resource_id: Option<ResourceId>,
}

impl Azure {
    /// Takes a snapshot of the machine's system disk, named `name`, and waits until it is whole. One of that name
    /// that is already there for this disk is that snapshot.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn snapshot(&self, vm: &VmId, name: &str) -> Result<ResourceId, AzureError> {
        let machine = self.machine(vm).await?;
        let disk = system_disk(vm, &machine)?;
        self.snapshot_of(vm, &disk, name).await
    }

    /// The name and id of a snapshot that would be taken, without taking it.
    pub(super) fn snapshot_id(disk: &ResourceId, name: &str) -> ResourceId {
        disk.beside("Microsoft.Compute/snapshots", name)
    }

    pub(super) async fn snapshot_of(
        &self,
        vm: &VmId,
        disk: &ResourceId,
        name: &str,
    ) -> Result<ResourceId, AzureError> {
        const WHAT: &str = "take a snapshot of the system disk";
        let id = Self::snapshot_id(disk, name);
        if let Some(present) = self.disk("read the snapshot", &id).await? {
            if present.properties.creation_data.source_resource_id.as_ref() != Some(disk) {
                return Err(AzureError::NotSuited {
                    problem: format!("there is a snapshot {name} already, of something else"),
                    help: "choose another name with --name".to_owned(),
                });
            }
            if present.properties.provisioning_state.eq_ignore_ascii_case("Succeeded") {
                return Ok(id);
            }
        }
        let source = self.disk("read the system disk", disk).await?.ok_or_else(|| gone(disk))?;
        // Zone-redundant storage is not everywhere; a snapshot in plain storage can be taken of any managed disk.
        let body = json!({
            "location": source.location,
            "sku": { "name": "Standard_LRS" },
            "tags": { TAG: vm.to_string() },
            "properties": {
                "creationData": { "createOption": "Copy", "sourceResourceId": disk.to_string() },
            },
        });
        let ask = Ask::new(WHAT, Method::PUT, id.path(), version::DISKS).body(body);
        self.carry_out(disk.subscription(), &ask).await?;
        Ok(id)
    }

    /// Reads a disk or a snapshot, if there is one.
    pub(super) async fn disk(&self, what: &str, id: &ResourceId) -> Result<Option<Disk>, AzureError> {
        let ask = Ask::new(what, Method::GET, id.path(), version::DISKS);
        self.find(id.subscription(), &ask).await
    }

    /// Deletes a disk or a snapshot; that it is gone already is fine.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn delete_disk(&self, what: &str, id: &ResourceId) -> Result<(), AzureError> {
        let ask = Ask::new(what, Method::DELETE, id.path(), version::DISKS);
        match self.carry_out(id.subscription(), &ask).await {
            Err(AzureError::Refused { reply, .. }) if reply.status == 404 => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

/// The managed disk that the machine starts from.
pub(super) fn system_disk(vm: &VmId, machine: &Machine) -> Result<ResourceId, AzureError> {
    let disk = machine.properties.storage_profile.os_disk.as_ref();
    let refuse = |problem: &str, help: &str| AzureError::NotSuited {
        problem: format!("{vm} {problem}"),
        help: help.to_owned(),
    };
    let managed = match disk {
        None => {
            return Err(refuse("tells nothing about its system disk", "name the machine, not an instance"));
        }
        Some(OsDisk { diff_disk_settings: Some(_), .. }) => {
            return Err(refuse(
                "has an ephemeral system disk, of which no snapshot can be taken",
                "work without one: --snapshot is not possible here",
            ));
        }
        Some(OsDisk { managed_disk: None, .. }) => {
            return Err(refuse(
                "has an unmanaged system disk",
                "az vm convert makes managed disks; a blob snapshot is made with az storage blob snapshot",
            ));
        }
        Some(OsDisk { managed_disk: Some(managed), .. }) => managed,
    };
    managed.id.parse().map_err(|error: super::resource_id::NoResourceId| AzureError::Unexpected {
        what: "read the virtual machine".to_owned(),
        reason: error.to_string(),
    })
}

pub(super) fn gone(disk: &ResourceId) -> AzureError {
    AzureError::NotSuited {
        problem: format!("the disk {} is gone", disk.name()),
        help: "look at the machine's disks in the portal".to_owned(),
    }
}
