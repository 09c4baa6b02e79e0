//! Azure beside the console: tokens, the resource manager, the way to a session of the serial console. Knows no
//! console: what goes through a session is the business of `transport`.
//!
//! ```text
//!  Settings ─► Azure ─► token ─► resource manager ─► Gateway ─► joined: a websocket
//!  (environment)        az, file,    checks, connect,           (proxy, TLS)
//!                       identities   snapshot, power, …
//! ```
//!
//! Every connection goes the same way ([`web`](crate::web): name, proxy, TLS), every call through the same back-off
//! (`call`), every refusal becomes an [`AzureError`] with cause, remedy and a stable code.

mod arm;
mod call;
mod clock;
mod close;
mod cloud;
mod error;
mod join;
mod machine;
mod network_rule;
mod operation;
mod power;
mod rescue;
mod resource_id;
mod restart;
mod retry;
mod serial_console;
mod settings;
mod snapshot;
mod token;
mod vm_id;

pub use arm::Azure;
pub use call::Progress;
pub use clock::Clock;
pub use close::Reason;
pub use cloud::{BaseUrl, BaseUrlError, Cloud, KnownCloud};
pub use error::{AzureError, Reply};
pub use network_rule::{GroupPlan, Rule, RulePlan, Today};
pub use power::Effect;
pub use rescue::{Goal, Move, Noted, Rescue};
pub use resource_id::{NoResourceId, ResourceId};
pub use restart::Restart;
pub use serial_console::{AdminCommand, Gateway};
pub use settings::{Settings, SettingsError};
pub use token::{ManagedIdentity, Source, TokenError};
pub use vm_id::{VmId, VmIdError, VmIdProblem};
