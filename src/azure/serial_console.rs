//! The way to a machine's serial console: checks in the order of Microsoft's client, the call that opens a
//! session, and what can be done to the machine while it is open.

use hyper::body::Bytes;
use hyper::http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE};
use hyper::http::{HeaderValue, Method, Request, Uri};
use serde::Deserialize;
use serde_json::json;

use super::arm::{Ask, Azure, version};
use super::cloud::{BaseUrl, paired_region};
use super::error::{AzureError, Reply, presentable};
use super::machine::Machine;
use super::retry::Repeat;
use super::vm_id::VmId;
use crate::secret::Secret;
use crate::web::{ReachError, guid};

/// What opens a session.
const CONNECT: &str = "connect to the serial console";

/// A session that waits to be joined.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Where it is joined; whoever knows it can try, so it is not shown.
    pub(super) url: Uri,
    /// What it is joined with.
    pub(super) token: Secret,
}

/// What can be done to a machine while a session is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminCommand {
    /// A non-maskable interrupt: Windows stops with a bug check and writes a dump.
    Nmi,
    /// As by the reset button.
    Reset,
}

impl AdminCommand {
    fn name(self) -> &'static str {
        match self {
            Self::Nmi => "nmi",
            Self::Reset => "reset",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Nmi => "send an NMI",
            Self::Reset => "reset the machine",
        }
    }
}

#[derive(Debug, Deserialize)]
struct ConsoleService {
    properties: ConsoleProperties,
}

#[derive(Debug, Deserialize)]
struct ConsoleProperties {
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    connection_string: String,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StorageAccount {
    location: String,
    properties: StorageProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StorageProperties {
    network_acls: NetworkAcls,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NetworkAcls {
    ip_rules: Vec<serde_json::Value>,
}

/// What the storage of the boot diagnostics means for the way to the console.
#[derive(Debug, Default)]
struct Storage {
    /// The resource manager of a region, when the account is behind a firewall.
    arm: Option<BaseUrl>,
    /// The account, when it is named without https.
    insecure: Option<String>,
}

impl Gateway {
    /// The gateway's host.
    pub fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    /// The token that it is joined with.
    pub fn token(&self) -> &Secret {
        &self.token
    }
}

impl Azure {
    /// Checks that `vm` can have a serial console, and opens a session: in the order of Microsoft's client, which
    /// looks at the machine twice.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn open_console(&self, vm: &VmId) -> Result<Gateway, AzureError> {
        let storage = self.check_machine(vm).await?;
        self.check_subscription(vm, storage.arm.as_ref()).await?;
        let storage = self.check_machine(vm).await?;
        self.connect(vm, &storage).await
    }

    /// Whether the machine can have a console, and what its boot diagnostics' storage means for the way there.
    async fn check_machine(&self, vm: &VmId) -> Result<Storage, AzureError> {
        let machine = self.machine(vm).await?;
        let view = &machine.properties.instance_view;
        let boot_diagnostics = machine.properties.diagnostics_profile.boot_diagnostics.as_ref();
        if !boot_diagnostics.is_some_and(|boot| boot.enabled) {
            return Err(AzureError::BootDiagnosticsOff { vm: vm.to_string() });
        }
        if let Some(power) = view.power()
            && power.has_no_console()
        {
            return Err(AzureError::NotRunning { vm: vm.to_string(), state: power.shown });
        }
        let uri = boot_diagnostics.and_then(|boot| boot.storage_uri.clone());
        let insecure = uri
            .filter(|uri| uri.to_ascii_lowercase().starts_with("http://"))
            .map(|uri| presentable(uri.split('?').next().unwrap_or_default()));
        Ok(Storage { arm: self.regional(vm, &machine).await?, insecure })
    }

    async fn regional(&self, vm: &VmId, machine: &Machine) -> Result<Option<BaseUrl>, AzureError> {
        let boot_diagnostics = machine.properties.diagnostics_profile.boot_diagnostics.as_ref();
        let Some(uri) = boot_diagnostics.and_then(|boot| boot.storage_uri.as_deref()) else {
            return Ok(None);
        };
        let host = uri.split("://").nth(1).unwrap_or(uri);
        let name = host.split(['.', '/']).next().unwrap_or_default();
        let path = format!("{}/providers/Microsoft.Storage/storageAccounts", vm.subscription_path());
        let ask = Ask::new("list the storage accounts", Method::GET, path, version::STORAGE);
        let accounts: List<Named> = self.read(vm.subscription(), &ask).await?;
        // In another subscription, perhaps: nothing to be known about it.
        let Some(account) = accounts.value.into_iter().find(|account| account.name == name) else {
            return Ok(None);
        };
        let ask = Ask::new("read the storage account", Method::GET, account.id, version::STORAGE);
        let account: StorageAccount = self.read(vm.subscription(), &ask).await?;
        if account.properties.network_acls.ip_rules.is_empty() {
            return Ok(None);
        }
        Ok(paired_region(&account.location).and_then(|region| self.cloud.arm_in(region)))
    }

    async fn check_subscription(&self, vm: &VmId, arm: Option<&BaseUrl>) -> Result<(), AzureError> {
        let path =
            format!("{}/providers/Microsoft.SerialConsole/consoleServices/default", vm.subscription_path());
        let mut ask = Ask::new(
            "read whether the serial console is enabled",
            Method::GET,
            path,
            version::SERIAL_CONSOLE,
        );
        ask.arm = arm;
        let service: ConsoleService =
            self.read(vm.subscription(), &ask).await.map_err(|error| match error {
                AzureError::Refused { reply, .. } if reply.status == 404 => {
                    AzureError::NotOffered { subscription: vm.subscription().to_owned(), reply }
                }
                other => other,
            })?;
        if service.properties.disabled {
            return Err(AzureError::Disabled { subscription: vm.subscription().to_owned() });
        }
        Ok(())
    }

    async fn connect(&self, vm: &VmId, storage: &Storage) -> Result<Gateway, AzureError> {
        let path = format!("{}/connect", vm.serial_port_path());
        // A second session takes the place of the first.
        let mut ask = Ask::new(CONNECT, Method::POST, path, version::SERIAL_CONSOLE).repeatable();
        ask.arm = storage.arm.as_ref();
        let connection: Connection =
            self.read(vm.subscription(), &ask).await.map_err(|error| explained(vm, storage, error))?;
        let url: Uri = connection.connection_string.parse().unwrap_or_default();
        if url.scheme_str() != Some("wss") || url.host().is_none() {
            return Err(AzureError::Unexpected {
                what: CONNECT.to_owned(),
                reason: "it names no wss:// address".to_owned(),
            });
        }
        Ok(Gateway { url, token: self.token(vm.subscription()).await? })
    }

    /// Acts on the machine through a session that is open.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn administer(&self, gateway: &Gateway, command: AdminCommand) -> Result<(), AzureError> {
        let unexpected = || AzureError::Unexpected {
            what: command.what().to_owned(),
            reason: "the session has no address for it".to_owned(),
        };
        let url = admin_url(&gateway.url, command).ok_or_else(unexpected)?;
        let body = json!({
            "command": command.name(),
            "requestId": guid(),
            "commandParameters": {},
        });
        let request = || {
            let bad = |_| ReachError::BadUrl { url: format!("https://{}", gateway.host()) };
            let mut authorization = HeaderValue::from_str(&format!("Bearer {}", gateway.token.expose()))
                .map_err(|_| ReachError::BadUrl { url: format!("https://{}", gateway.host()) })?;
            authorization.set_sensitive(true);
            Request::builder()
                .method(Method::POST)
                .uri(&url)
                .header(ACCEPT, "application/json")
                .header(ACCEPT_LANGUAGE, "en")
                .header(CONTENT_TYPE, "application/json")
                .header(AUTHORIZATION, authorization)
                .body(Bytes::from(body.to_string()))
                .map_err(bad)
        };
        let (answer, tries) = self.caller.call(request, Repeat::OnlyIfNotDone).await?;
        let status = answer.status.as_u16();
        let reply = Reply::of(status, &answer.body).without(&gateway.token);
        let what = command.what().to_owned();
        match status {
            200..=299 => Ok(()),
            401 => Err(AzureError::TokenRefused { reply }),
            403 => Err(AzureError::Denied { what, reply }),
            429 | 500..=599 => Err(AzureError::Trouble { what, tries, reply }),
            _ => Err(AzureError::Refused { what, reply }),
        }
    }
}

/// `wss://host/…/client` → `https://host/…/adminCommand/nmi`, the query left as it is.
fn admin_url(url: &Uri, command: AdminCommand) -> Option<String> {
    let authority = url.authority()?;
    let session = url.path().strip_suffix("/client")?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("https://{authority}{session}/adminCommand/{}{query}", command.name()))
}

/// What a refusal to connect means (Azure documentation, serial-console-errors; azserialconsole#115).
fn explained(vm: &VmId, storage: &Storage, error: AzureError) -> AzureError {
    match error {
        AzureError::Refused { reply, .. } if reply.status == 400 && storage.insecure.is_some() => {
            AzureError::InsecureStorage { uri: storage.insecure.clone().unwrap_or_default(), reply }
        }
        AzureError::Denied { what, reply } => {
            let by_role = reply.code.contains("Authorization") || reply.message.contains("authorization");
            if !by_role && reply.message.to_ascii_lowercase().contains("storage account") {
                AzureError::StorageFirewall { reply }
            } else {
                AzureError::Denied { what, reply }
            }
        }
        AzureError::Refused { reply, .. } if reply.status == 404 => {
            AzureError::VmNotFound { vm: vm.to_string(), reply }
        }
        AzureError::Refused { reply, .. }
            if reply.status == 400
                && ["rovision", "http://", "storage"].iter().any(|word| reply.message.contains(word)) =>
        {
            AzureError::NotProvisioned { reply }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_urls() {
        let url = |text: &str| admin_url(&text.parse().unwrap(), AdminCommand::Nmi);
        assert_eq!(
            url("wss://r.gateway.example:8/n/connector/client/sessions/1/client").as_deref(),
            Some("https://r.gateway.example:8/n/connector/client/sessions/1/adminCommand/nmi")
        );
        assert_eq!(url("wss://h/a/client?x=1").as_deref(), Some("https://h/a/adminCommand/nmi?x=1"));
        assert_eq!(url("wss://h/a/other"), None);
    }

    #[test]
    fn refusals_are_explained() {
        let vm: VmId = "11111111-2222-3333-4444-555555555555/rg/vm".parse().unwrap();
        let reply = |status, code: &str, message: &str| Reply {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let denied =
            |code, message| AzureError::Denied { what: String::new(), reply: reply(403, code, message) };
        let refused =
            |status, message| AzureError::Refused { what: String::new(), reply: reply(status, "", message) };
        for (error, code) in [
            (denied("DenyAssignmentAuthorizationFailed", "…storage account…"), "azure-denied"),
            (
                denied(
                    "",
                    "A \"Forbidden\" response was encountered when accessing this VM's boot diagnostic storage account.",
                ),
                "azure-storage-firewall",
            ),
            (denied("Forbidden", ""), "azure-denied"),
            (refused(404, "gone"), "azure-vm-not-found"),
            (refused(400, "Provisioning for this VM has not yet succeeded."), "azure-not-provisioned"),
            (refused(400, "something else"), "azure-refused"),
        ] {
            assert_eq!(explained(&vm, &Storage::default(), error).code(), code);
        }
    }
}
