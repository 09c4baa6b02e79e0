//! What can go wrong between here and a console in Azure, with cause and remedy. The table is in `docs/azure.md`.

use std::time::Duration;

use super::settings::SettingsError;
use super::token::TokenError;
use crate::web::ReachError;

/// Something went wrong with Azure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AzureError {
    /// The settings cannot be used. Nothing was sent.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A host cannot be reached.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The token is not accepted.
    #[error("Azure does not accept the token: {reply}")]
    TokenRefused {
        /// What was answered.
        reply: Reply,
    },
    /// There is no such machine.
    #[error("there is no virtual machine {vm}: {reply}")]
    VmNotFound {
        /// The machine.
        vm: String,
        /// What was answered.
        reply: Reply,
    },
    /// The name is that of a scale set.
    #[error("{vm} is a scale set, not a virtual machine")]
    IsScaleSet {
        /// The name.
        vm: String,
    },
    /// The serial console needs boot diagnostics.
    #[error("boot diagnostics are off for {vm}, and the serial console needs them")]
    BootDiagnosticsOff {
        /// The machine.
        vm: String,
    },
    /// The machine has no console because it does not run.
    #[error("{vm} does not run: it is {state}")]
    NotRunning {
        /// The machine.
        vm: String,
        /// Its state in Azure's words, `VM deallocated`.
        state: String,
    },
    /// The serial console is off for the subscription.
    #[error("the serial console is disabled for the subscription {subscription}")]
    Disabled {
        /// The subscription.
        subscription: String,
    },
    /// There is no serial console for the subscription.
    #[error("the subscription {subscription} has no serial console: {reply}")]
    NotOffered {
        /// The subscription.
        subscription: String,
        /// What was answered.
        reply: Reply,
    },
    /// The account may not do that.
    #[error("no permission to {what}: {reply}")]
    Denied {
        /// What was tried.
        what: String,
        /// What was answered.
        reply: Reply,
    },
    /// The boot diagnostics' storage account keeps the serial console out.
    #[error("the storage account of the boot diagnostics refuses the serial console: {reply}")]
    StorageFirewall {
        /// What was answered.
        reply: Reply,
    },
    /// A lock, or another operation that is under way.
    #[error("Azure refuses to {what} because of a lock or another operation: {reply}")]
    Conflict {
        /// What was tried.
        what: String,
        /// What was answered.
        reply: Reply,
    },
    /// The machine is not ready, or its boot diagnostics point to an account without https.
    #[error("the machine is not provisioned, or its boot diagnostics are set up wrongly: {reply}")]
    NotProvisioned {
        /// What was answered.
        reply: Reply,
    },
    /// The boot diagnostics point to an account without https.
    #[error(
        "the boot diagnostics keep their log in {uri}, and the serial console takes https:// only: {reply}"
    )]
    InsecureStorage {
        /// The account.
        uri: String,
        /// What was answered.
        reply: Reply,
    },
    /// Too many requests, for longer than is waited.
    #[error("Azure asks to come back in {} s", after.as_secs())]
    Throttled {
        /// When to come back.
        after: Duration,
    },
    /// Azure is in trouble.
    #[error("Azure failed to {what}, asked {tries} times: {reply}")]
    Trouble {
        /// What was tried.
        what: String,
        /// How often.
        tries: u32,
        /// What was answered last.
        reply: Reply,
    },
    /// Any other refusal.
    #[error("Azure refuses to {what}: {reply}")]
    Refused {
        /// What was tried.
        what: String,
        /// What was answered.
        reply: Reply,
    },
    /// A long operation ended without success.
    #[error("to {what} failed in Azure: {reply}")]
    Failed {
        /// What was tried.
        what: String,
        /// How it ended.
        reply: Reply,
    },
    /// A long operation takes too long.
    #[error("to {what} is still going on after {} min", after.as_secs() / 60)]
    TooSlow {
        /// What was tried.
        what: String,
        /// How long was waited.
        after: Duration,
    },
    /// An answer that is not what is documented.
    #[error("Azure answered something unexpected when asked to {what}: {reason}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The gateway refuses the websocket.
    #[error("the gateway {host} refuses the connection, {}: {reply}", refusal(reply.status))]
    UpgradeRefused {
        /// The gateway.
        host: String,
        /// What was answered.
        reply: Reply,
    },
    /// Something on the way does not let websockets through.
    #[error("something between here and the gateway {host} does not let websockets through: {reason}")]
    WebsocketBlocked {
        /// The gateway.
        host: String,
        /// What came instead.
        reason: String,
    },
    /// The gateway closed the console.
    #[error("{reason}")]
    Closed {
        /// Why, as far as it is known.
        reason: super::close::Reason,
    },
    /// The machine's host did not attach the console.
    #[error("the host of the machine did not answer the serial console in time")]
    HostSlow,
    /// The machine is not as the command needs it.
    #[error("{problem}")]
    NotSuited {
        /// What is not as it should be.
        problem: String,
        /// What to do.
        help: String,
    },
}

/// What Azure answered: status, code and message, made safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status; 0 for the end of an operation.
    pub status: u16,
    /// Azure's code, `AuthorizationFailed`; may be empty.
    pub code: String,
    /// Azure's message; may be empty.
    pub message: String,
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => write!(f, "status {}", self.status),
            ("", message) => write!(f, "{message} (status {})", self.status),
            (code, "") => write!(f, "{code} (status {})", self.status),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

impl AzureError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Reach(error) => reach_code(error),
            Self::TokenRefused { .. } => "azure-token-refused",
            Self::VmNotFound { .. } => "azure-vm-not-found",
            Self::IsScaleSet { .. } => "azure-scale-set",
            Self::BootDiagnosticsOff { .. } => "azure-boot-diagnostics",
            Self::NotRunning { .. } => "azure-not-running",
            Self::Disabled { .. } => "azure-console-disabled",
            Self::NotOffered { .. } => "azure-no-console",
            Self::Denied { .. } => "azure-denied",
            Self::StorageFirewall { .. } => "azure-storage-firewall",
            Self::Conflict { .. } => "azure-conflict",
            Self::NotProvisioned { .. } => "azure-not-provisioned",
            Self::InsecureStorage { .. } => "azure-storage-http",
            Self::Throttled { .. } => "azure-throttled",
            Self::Trouble { .. } => "azure-trouble",
            Self::Refused { .. } => "azure-refused",
            Self::Failed { .. } => "azure-failed",
            Self::TooSlow { .. } => "azure-too-slow",
            Self::Unexpected { .. } => "azure-unexpected",
            Self::UpgradeRefused { .. } => "azure-gateway-refused",
            Self::WebsocketBlocked { .. } => "azure-websocket-blocked",
            Self::Closed { reason } => reason.code(),
            Self::HostSlow => "azure-host-slow",
            Self::NotSuited { .. } => "azure-not-suited",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Settings(error) => error.help(),
            Self::Token(error) => error.help(),
            Self::Reach(error) => reach_help(error),
            Self::TokenRefused { .. } => {
                "get a new one (`az login`, then `az account get-access-token`), for the tenant of this \
                 subscription and for https://management.core.windows.net/"
            }
            .to_owned(),
            Self::VmNotFound { .. } => {
                "check subscription, group and name (`az vm list -o table`), and that your account may read it"
                    .to_owned()
            }
            Self::IsScaleSet { vm } => format!(
                "add the instance: azure:{vm}/INSTANCE; `az vmss list-instances -o table` shows the ids"
            ),
            Self::BootDiagnosticsOff { vm } => {
                format!("`sacpilot azure enable azure:{vm}` switches them on, with managed storage")
            }
            Self::NotRunning { vm, .. } => {
                format!("`sacpilot azure start azure:{vm}` starts it, once it has stopped")
            }
            Self::Disabled { .. } => {
                "`sacpilot azure enable TARGET` enables it (needs rights on the subscription)".to_owned()
            }
            Self::NotOffered { .. } => {
                "`az provider register --namespace Microsoft.SerialConsole` makes it known to the subscription; Azure in \
                 China has none"
                    .to_owned()
            }
            Self::Denied { .. } => {
                "the account needs the role Virtual Machine Contributor (or \
                 Microsoft.SerialConsole/serialPorts/connect/action) on the machine, and access to the storage \
                 account of its boot diagnostics; a deny assignment wins over roles"
                    .to_owned()
            }
            Self::StorageFirewall { .. } => {
                "let the account take shared-key access and the addresses of the serial console, or switch boot \
                 diagnostics to managed storage (`az vm boot-diagnostics enable -g GROUP -n VM`)"
                    .to_owned()
            }
            Self::Conflict { .. } => {
                "a read-only lock on the machine, its group or its boot diagnostics account stops this: remove it \
                 for a while (`az lock list`); otherwise wait for the other operation to end"
                    .to_owned()
            }
            Self::InsecureStorage { .. } => {
                "switch boot diagnostics to managed storage (`az vm boot-diagnostics enable -g GROUP -n VM`), or name the \
                 account with https:// (--storage)"
                    .to_owned()
            }
            Self::NotProvisioned { .. } => {
                "wait until the machine is provisioned; a boot diagnostics account must be named with https://"
                    .to_owned()
            }
            Self::Throttled { .. } => "wait for that long, then try again".to_owned(),
            Self::Trouble { .. } => "see https://status.azure.com, then try again".to_owned(),
            Self::Refused { .. } | Self::Failed { .. } => {
                "Azure's own words above say why; the activity log of the resource says more".to_owned()
            }
            Self::TooSlow { .. } => {
                "look at the machine in the portal; the command can be given again and goes on from there".to_owned()
            }
            Self::Unexpected { .. } => {
                "is SACPILOT_AZURE_ARM a resource manager, and nothing in between that answers for it?".to_owned()
            }
            Self::UpgradeRefused { reply, .. } => {
                let first = match reply.status {
                    401 | 403 => "connect again with a new token, of the tenant of this subscription",
                    404 => "connect again, which asks for a new session",
                    _ => "try again in a minute",
                };
                format!("{first}; if it stays so, restart the machine (`sacpilot azure restart TARGET`)")
            }
            Self::WebsocketBlocked { .. } => {
                "let proxy and firewall pass websockets to *.serialconsole.azure.com:443".to_owned()
            }
            Self::Closed { reason } => reason.help().to_owned(),
            Self::HostSlow => {
                "try again in a minute; if it stays so, restart the machine (`sacpilot azure restart TARGET`)"
                    .to_owned()
            }
            Self::NotSuited { help, .. } => help.clone(),
        }
    }

    /// Whether a console may be there after a while, without anybody doing anything about it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Reach(error) => error.is_passing(),
            Self::Closed { reason } => reason.is_worth_reconnecting(),
            Self::NotRunning { .. }
            | Self::NotProvisioned { .. }
            | Self::Conflict { .. }
            | Self::Throttled { .. }
            | Self::Trouble { .. }
            | Self::UpgradeRefused { .. }
            | Self::HostSlow => true,
            _ => false,
        }
    }

    /// Whether the user has to write something else, rather than Azure being out of reach.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::NotSuited { .. })
    }
}

/// What it means that a gateway refuses an upgrade with `status`.
fn refusal(status: u16) -> &'static str {
    match status {
        401 | 403 => "which it does not allow",
        404 => "whose session it does not know",
        429 => "of which there are too many",
        502..=504 => "because what is behind it does not answer",
        500.. => "because it is in trouble",
        _ => "for a reason of its own",
    }
}

/// The same error has a name of its own where it is about Azure.
fn reach_code(error: &ReachError) -> &'static str {
    match error {
        ReachError::UnknownHost { .. } => "azure-unknown-host",
        ReachError::NoConnection { .. } | ReachError::Broken { .. } => "azure-no-connection",
        ReachError::Silent { .. } => "azure-silent",
        ReachError::ProxyAccount { .. } => "azure-proxy-account",
        ReachError::ProxyRefused { .. } => "azure-proxy-refused",
        ReachError::NotTrusted { .. } => "azure-certificate",
        ReachError::Tls { .. } => "azure-tls",
        ReachError::BadUrl { .. } => "azure-bad-url",
    }
}

fn reach_help(error: &ReachError) -> String {
    match error {
        ReachError::UnknownHost { .. }
        | ReachError::NoConnection { .. }
        | ReachError::Silent { .. }
        | ReachError::Broken { .. } => {
            "check the network; behind a proxy set HTTPS_PROXY; firewalls must allow management.azure.com, \
             login.microsoftonline.com and *.serialconsole.azure.com on port 443"
                .to_owned()
        }
        ReachError::ProxyRefused { .. } => {
            "let the proxy allow CONNECT to this host on port 443, or name the host in NO_PROXY".to_owned()
        }
        ReachError::NotTrusted { .. } => {
            "if a proxy inspects TLS here, pass its root certificate with --ca-file FILE".to_owned()
        }
        ReachError::Tls { .. } => "does something between here and Azure change the connection?".to_owned(),
        ReachError::BadUrl { .. } => "check SACPILOT_AZURE_ARM and SACPILOT_AZURE_AUTHORITY".to_owned(),
        ReachError::ProxyAccount { .. } => error.help(),
    }
}

impl Reply {
    /// Reads the body of a refusal: `{"error": {"code", "message"}}`, or the same without `error`, or any text.
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let error = value.get("error").filter(|error| error.is_object()).unwrap_or(&value);
        let text = |key: &str| error.get(key).and_then(|v| v.as_str()).map(presentable).unwrap_or_default();
        let (code, mut message) = (text("code"), text("message"));
        if code.is_empty() && message.is_empty() && !value.is_object() {
            message = plain(body);
        }
        Self { status, code, message }
    }

    /// The same without `secret`, should somebody have echoed it.
    pub(super) fn without(mut self, secret: &crate::secret::Secret) -> Self {
        for text in [&mut self.code, &mut self.message] {
            *text = text.replace(secret.expose(), crate::secret::MASK);
        }
        self
    }
}

/// A page for browsers says nothing; a line of text may.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('<') { String::new() } else { presentable(&text) }
}

/// One line without control characters, not endless.
pub(super) fn presentable(text: &str) -> String {
    const LONGEST: usize = 600;
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_in_every_form() {
        for (body, shown) in [
            (
                r#"{"error":{"code":"AuthorizationFailed","message":"The client\n may not"}}"#,
                "AuthorizationFailed: The client may not",
            ),
            (r#"{"code":"NotFound","message":"gone"}"#, "NotFound: gone"),
            (r#"{"error":"invalid_client"}"#, "status 403"),
            (r#"{"message":"only this"}"#, "only this (status 403)"),
            ("", "status 403"),
            ("<html><body>Blocked</body></html>", "status 403"),
            ("upstream\u{1b}[31m is down", "upstream [31m is down (status 403)"),
        ] {
            assert_eq!(Reply::of(403, body.as_bytes()).to_string(), shown, "{body}");
        }
        let long = Reply::of(500, "x".repeat(5000).as_bytes());
        assert_eq!(long.message.chars().count(), 601);
    }

    #[test]
    fn an_echoed_token_is_masked() {
        let token = crate::secret::Secret::new("ey.secret.token").unwrap();
        let body = r#"{"error":{"code":"Bad","message":"token ey.secret.token is bad"}}"#;
        let reply = Reply::of(401, body.as_bytes()).without(&token);
        assert_eq!(reply.to_string(), "Bad: token *** is bad");
    }
}
