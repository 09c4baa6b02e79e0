//! An inventory as it is written: the types behind the file format and its JSON Schema.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::script::raw::{At, Entries};

/// The machines that sacpilot can be pointed at by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Inventory")]
pub(super) struct RawInventory {
    /// What holds for every target that does not say otherwise.
    pub(super) defaults: Option<At<RawDefaults>>,
    /// The targets by name.
    pub(super) targets: At<Entries<At<RawTarget>>>,
}

/// What holds for every target that does not say otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Defaults")]
pub(super) struct RawDefaults {
    /// Account to log in with: 'Administrator' or 'DOMAIN\user'.
    pub(super) user: Option<At<String>>,
    /// Domain of the account.
    pub(super) domain: Option<At<String>>,
    /// Where the password comes from, never the password: 'env:VARIABLE', 'file:PATH' or 'command:COMMAND'.
    pub(super) password: Option<At<String>>,
    /// How long to wait for the console and its prompt: '15m'.
    pub(super) wait: Option<At<String>>,
}

/// A machine and the way to its console.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Target")]
pub(super) struct RawTarget {
    /// Where its console is, as behind `-t`: 'serial:/dev/ttyUSB0'.
    pub(super) endpoint: At<String>,
    /// What the machine is, for people.
    pub(super) about: Option<At<String>>,
    /// Account to log in with: 'Administrator' or 'DOMAIN\user'.
    pub(super) user: Option<At<String>>,
    /// Domain of the account.
    pub(super) domain: Option<At<String>>,
    /// Where the password comes from, never the password: 'env:VARIABLE', 'file:PATH' or 'command:COMMAND'.
    pub(super) password: Option<At<String>>,
    /// Words to choose targets by.
    pub(super) tags: Option<At<Vec<At<String>>>>,
    /// The Windows Server that runs there, as far as one knows.
    pub(super) profile: Option<At<RawProfile>>,
    /// Parameters of scripts for this machine. A script that has no such parameter does not mind.
    pub(super) params: Option<At<Entries<At<String>>>>,
    /// How long to wait for the console and its prompt: '15m'.
    pub(super) wait: Option<At<String>>,
}

/// A Windows Server.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "Profile")]
pub(super) enum RawProfile {
    /// Windows Server 2016.
    #[serde(rename = "2016")]
    Server2016,
    /// Windows Server 2019.
    #[serde(rename = "2019")]
    Server2019,
    /// Windows Server 2022.
    #[serde(rename = "2022")]
    Server2022,
    /// Windows Server 2025.
    #[serde(rename = "2025")]
    Server2025,
}
