//! Group policy of a domain, as far as it writes registry values.

use std::time::Duration;

use super::World;
use super::events::Level;
use super::language::Text;
use super::registry::Data;

/// The domain that the machine belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its DNS name, `contoso.local`.
    pub name: String,
    /// The domain controller's name.
    pub controller: String,
    /// Whether a domain controller answers.
    pub reachable: bool,
    /// The machine's secure channel to it.
    pub channel: Channel,
    /// What its policies write on this machine.
    pub values: Vec<PolicyValue>,
}

/// How the machine stands with its domain controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// It works.
    #[default]
    Works,
    /// It has to be set up again.
    Broken,
    /// The password of the machine's account does not fit.
    WrongPassword,
}

/// One registry value that a policy sets again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyValue {
    /// The key.
    pub key: String,
    /// The value's name.
    pub name: String,
    /// What it is set to.
    pub data: Data,
}

/// What came of applying policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The machine belongs to no domain: only local policy, nothing to write.
    Local,
    /// The domain's values were written.
    Domain,
    /// No domain controller answered.
    NoController,
    /// The Group Policy Client does not run.
    NoClient,
}

/// The usual refresh is every 90 minutes (plus up to 30 by chance, left out here).
const REFRESH: Duration = Duration::from_mins(90);

const PROCESSED: Text = Text::same(
    "The Group Policy settings for the computer were processed successfully. There were no changes detected since the last successful processing of Group Policy.",
);
const NO_CONTROLLER: Text = Text::same(
    "The processing of Group Policy failed because of lack of network connectivity to a domain controller. This may be a transient condition. A success message would be generated once the machine gets connected to the domain controller and Group Policy has successfully processed. If you do not see a success message for several hours, then contact your administrator.",
);

impl World {
    /// Applies policy now, if the Group Policy Client runs.
    pub fn apply_policy(&mut self) -> Applied {
        if !self.services.is_running("gpsvc") {
            return Applied::NoClient;
        }
        self.policy_applied = Some(self.now);
        let Some(domain) = self.domain.clone() else {
            self.policy_event(1500, Level::Information, &PROCESSED);
            return Applied::Local;
        };
        if !domain.reachable {
            self.policy_event(1129, Level::Error, &NO_CONTROLLER);
            return Applied::NoController;
        }
        for value in domain.values {
            self.registry.set(&value.key, &value.name, value.data);
        }
        self.policy_event(1500, Level::Information, &PROCESSED);
        Applied::Domain
    }

    /// The agent that watches them sets its values again.
    pub(super) fn hold_values(&mut self) {
        for PolicyValue { key, name, data } in &self.held {
            if self.registry.value(key, name) != Some(data) {
                self.registry.set(key, name, data.clone());
            }
        }
    }

    /// When the next background refresh is due.
    pub(super) fn next_policy_refresh(&self) -> Option<Duration> {
        self.domain.as_ref()?;
        self.services.is_running("gpsvc").then_some(self.policy_applied? + REFRESH)
    }

    fn policy_event(&mut self, id: u32, level: Level, text: &Text) {
        self.record("System", "Microsoft-Windows-GroupPolicy", id, level, text, &[]);
    }
}
