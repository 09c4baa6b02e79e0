//! A restart that can be broken off and taken up again without restarting twice.
//!
//! The resource manager takes a restart as a call without a name, so nothing tells whose it was. What tells is when
//! the last operation on the machine ended: it is read and kept before the call, and a later time afterwards means
//! that the call was made (Azure documentation, "States and billing status": an operation such as a restart makes the
//! provisioning state `Updating`, then `Succeeded` with a new time).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arm::Azure;
use super::error::AzureError;
use super::machine::Machine;
use super::vm_id::VmId;

/// All that has to be known to find out later whether a restart was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// When it began.
    pub began: Timestamp,
    /// When the last operation on the machine had ended before, in Azure's words.
    pub before: Option<String>,
}

impl Azure {
    /// Looks at the machine, waits while something else is done to it, and says what a restart of it is known by.
    /// Nothing is changed.
    ///
    /// # Errors
    /// [`AzureError`]; [`AzureError::NotRunning`] where there is nothing to restart.
    pub async fn plan_restart(&self, vm: &VmId, now: Timestamp) -> Result<Restart, AzureError> {
        let machine = self.settled_machine(vm).await?;
        if let Some(power) = machine.properties.instance_view.power()
            && power.has_no_console()
        {
            return Err(AzureError::NotRunning { vm: vm.to_string(), state: power.shown });
        }
        let before = machine.properties.instance_view.provisioned();
        Ok(Restart { began: now, before: before.map(|(_, when)| when.to_owned()) })
    }

    /// Restarts the machine: Windows is asked to shut down. Ends when Azure says that it was done.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn restart(&self, vm: &VmId) -> Result<(), AzureError> {
        self.act(vm, "restart", "restart the machine").await
    }

    /// Whether a restart that was broken off was made, once whatever is under way has ended.
    ///
    /// # Errors
    /// [`AzureError`]; [`AzureError::NotSuited`] where the machine does not tell.
    pub async fn was_restarted(&self, vm: &VmId, restart: &Restart) -> Result<bool, AzureError> {
        let machine = self.settled_machine(vm).await?;
        match (restart.before.as_deref(), machine.properties.instance_view.provisioned()) {
            // One that failed did not restart the machine.
            (Some(before), Some((well, after))) => Ok(well && before != after),
            _ => Err(AzureError::NotSuited {
                problem: format!(
                    "whether {vm} was restarted since {} cannot be told: Azure does not say when it was changed last",
                    restart.began
                ),
                help: "look at the machine; --anew restarts it whatever was before".to_owned(),
            }),
        }
    }

    async fn settled_machine(&self, vm: &VmId) -> Result<Machine, AzureError> {
        self.settled(vm).await?;
        self.machine(vm).await
    }
}
