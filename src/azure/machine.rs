//! A virtual machine as the resource manager describes it.

use hyper::http::Method;
use serde::Deserialize;

use super::arm::{Ask, Azure, version};
use super::error::AzureError;
use super::vm_id::VmId;

/// What is asked of a machine.
const LOOK: &str = "read the virtual machine";

/// A machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Machine {
    pub(super) id: String,
    pub(super) location: String,
    pub(super) zones: Vec<String>,
    pub(super) properties: Properties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Properties {
    pub(super) provisioning_state: String,
    pub(super) diagnostics_profile: DiagnosticsProfile,
    pub(super) instance_view: InstanceView,
    pub(super) storage_profile: StorageProfile,
    pub(super) network_profile: NetworkProfile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DiagnosticsProfile {
    pub(super) boot_diagnostics: Option<BootDiagnostics>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BootDiagnostics {
    pub(super) enabled: bool,
    pub(super) storage_uri: Option<String>,
}

/// What is known about a machine right now.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct InstanceView {
    pub(super) statuses: Vec<Status>,
    pub(super) boot_diagnostics: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) code: String,
    #[serde(rename = "displayStatus")]
    pub(super) shown: String,
    pub(super) time: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StorageProfile {
    pub(super) os_disk: Option<OsDisk>,
    pub(super) data_disks: Vec<DataDisk>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OsDisk {
    pub(super) name: String,
    pub(super) os_type: String,
    pub(super) managed_disk: Option<Reference>,
    pub(super) encryption_settings: Option<serde_json::Value>,
    pub(super) diff_disk_settings: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DataDisk {
    pub(super) lun: u32,
    pub(super) managed_disk: Option<Reference>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NetworkProfile {
    pub(super) network_interfaces: Vec<Reference>,
}

/// Another resource.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Reference {
    pub(super) id: String,
}

/// What a machine's power is, in Azure's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Power {
    /// `running`, `stopped`, `deallocated`, `starting`, …
    pub(super) state: String,
    /// `VM running`.
    pub(super) shown: String,
}

impl InstanceView {
    /// When the last operation on the machine ended and whether well, in Azure's words; nothing while one is under
    /// way.
    pub(super) fn provisioned(&self) -> Option<(bool, &str)> {
        let states = self.statuses.iter().filter_map(|status| Some((status.code.split_once('/')?, status)));
        let mut of_provisioning =
            states.filter(|((kind, _), _)| kind.eq_ignore_ascii_case("ProvisioningState"));
        let ((_, state), status) = of_provisioning.next()?;
        Some((state.eq_ignore_ascii_case("succeeded"), status.time.as_deref()?))
    }

    pub(super) fn power(&self) -> Option<Power> {
        self.statuses.iter().find_map(|status| {
            let (kind, state) = status.code.split_once('/')?;
            kind.eq_ignore_ascii_case("PowerState")
                .then(|| Power { state: state.to_ascii_lowercase(), shown: status.shown.clone() })
        })
    }
}

impl Power {
    /// Whether there is no console: Microsoft's client asks just that.
    pub(super) fn has_no_console(&self) -> bool {
        matches!(self.state.as_str(), "deallocated" | "deallocating")
    }

    pub(super) fn is_deallocated(&self) -> bool {
        self.state == "deallocated"
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }
}

impl Azure {
    /// Reads a machine, its present state included. An instance of a scale set gives only that.
    pub(super) async fn machine(&self, vm: &VmId) -> Result<Machine, AzureError> {
        if vm.instance().is_some() {
            let path = format!("{}/instanceView", vm.path());
            let ask = Ask::new(LOOK, Method::GET, path, version::COMPUTE);
            let view: Option<InstanceView> = self.find(vm.subscription(), &ask).await?;
            let view = view.ok_or_else(|| absent(vm))?;
            let boot_diagnostics =
                view.boot_diagnostics.as_ref().map(|_| BootDiagnostics { enabled: true, storage_uri: None });
            let properties = Properties {
                diagnostics_profile: DiagnosticsProfile { boot_diagnostics },
                instance_view: view,
                ..Properties::default()
            };
            return Ok(Machine { properties, ..Machine::default() });
        }
        let path = format!("{}?$expand=instanceView", vm.path());
        let ask = Ask::new(LOOK, Method::GET, path, version::COMPUTE);
        match self.read(vm.subscription(), &ask).await {
            Err(AzureError::Refused { reply, .. }) if reply.status == 404 => {
                let scale_set = Ask::new(LOOK, Method::GET, vm.as_scale_set_path(), version::COMPUTE);
                let found = self.find::<serde_json::Value>(vm.subscription(), &scale_set).await;
                Err(match found {
                    Ok(Some(_)) => AzureError::IsScaleSet { vm: vm.to_string() },
                    _ => AzureError::VmNotFound { vm: vm.to_string(), reply },
                })
            }
            other => other,
        }
    }

    /// What the machine's power is.
    pub(super) async fn power(&self, vm: &VmId) -> Result<Power, AzureError> {
        let machine = self.machine(vm).await?;
        machine.properties.instance_view.power().ok_or_else(|| AzureError::Unexpected {
            what: LOOK.to_owned(),
            reason: "it does not tell whether the machine runs".to_owned(),
        })
    }
}

fn absent(vm: &VmId) -> AzureError {
    AzureError::VmNotFound {
        vm: vm.to_string(),
        reply: super::error::Reply { status: 404, code: String::new(), message: String::new() },
    }
}
