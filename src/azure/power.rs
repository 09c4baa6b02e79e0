//! Starting and restarting a machine, and switching on what the serial console needs.

use hyper::http::Method;
use serde_json::json;

use super::arm::{Ask, Azure, version};
use super::error::AzureError;
use super::vm_id::VmId;

/// What was done to reach a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It was so already.
    Already,
    /// It was brought about.
    Done,
}

impl Azure {
    /// Starts the machine, if it does not run; one that is about to stop once it has stopped.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn start(&self, vm: &VmId) -> Result<Effect, AzureError> {
        self.settled(vm).await?;
        if self.power(vm).await?.is_running() {
            return Ok(Effect::Already);
        }
        self.act(vm, "start", "start the machine").await?;
        Ok(Effect::Done)
    }

    /// Stops the machine and gives its place up, as the exchange of its disk needs it.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn deallocate(&self, vm: &VmId) -> Result<Effect, AzureError> {
        if self.power(vm).await?.is_deallocated() {
            return Ok(Effect::Already);
        }
        self.act(vm, "deallocate", "stop (deallocate) the machine").await?;
        Ok(Effect::Done)
    }

    pub(super) async fn act(&self, vm: &VmId, action: &str, what: &str) -> Result<(), AzureError> {
        let path = format!("{}/{action}", vm.path());
        let ask = Ask::new(what, Method::POST, path, version::COMPUTE);
        self.carry_out(vm.subscription(), &ask).await.map(|_| ())
    }

    /// Enables the serial console for the machine's subscription.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn enable_console(&self, vm: &VmId) -> Result<Effect, AzureError> {
        let service =
            format!("{}/providers/Microsoft.SerialConsole/consoleServices/default", vm.subscription_path());
        let look = Ask::new(
            "read whether the serial console is enabled",
            Method::GET,
            service.clone(),
            version::SERIAL_CONSOLE,
        );
        let state: serde_json::Value = self.read(vm.subscription(), &look).await?;
        if state["properties"]["disabled"] == json!(false) {
            return Ok(Effect::Already);
        }
        let path = format!("{service}/enableConsole");
        let ask = Ask::new("enable the serial console", Method::POST, path, version::SERIAL_CONSOLE);
        self.ask(vm.subscription(), &ask.repeatable()).await?;
        Ok(Effect::Done)
    }

    /// Switches boot diagnostics on, with managed storage. What is set already stays.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn enable_boot_diagnostics(&self, vm: &VmId) -> Result<Effect, AzureError> {
        let machine = self.machine(vm).await?;
        let boot_diagnostics = machine.properties.diagnostics_profile.boot_diagnostics;
        if boot_diagnostics.is_some_and(|boot| boot.enabled) {
            return Ok(Effect::Already);
        }
        if vm.instance().is_some() {
            return Err(AzureError::NotSuited {
                problem: "boot diagnostics of a scale set belong to its model, not to one instance".to_owned(),
                help: "az vmss update --set virtualMachineProfile.diagnosticsProfile.bootDiagnostics.enabled=true, \
                       then az vmss update-instances"
                    .to_owned(),
            });
        }
        let body = json!({
            "properties": { "diagnosticsProfile": { "bootDiagnostics": { "enabled": true } } }
        });
        let ask = Ask::new("switch boot diagnostics on", Method::PATCH, vm.path(), version::COMPUTE);
        self.carry_out(vm.subscription(), &ask.body(body)).await?;
        Ok(Effect::Done)
    }
}
