//! Which cloud, which token, which way: from the environment and the command line.

use std::path::PathBuf;
use std::sync::Arc;

use super::call::Progress;
use super::clock::Clock;
use super::cloud::{BaseUrl, BaseUrlError, Cloud, KnownCloud};
use super::token::{ManagedIdentity, Source, identity, secret};
use crate::web::{Proxies, ProxyError, TrustError};

/// Everything that has to be known before Azure is asked.
#[derive(Clone)]
pub struct Settings {
    /// The cloud.
    pub cloud: Cloud,
    /// Where tokens come from.
    pub source: Source,
    /// Which way connections take.
    pub proxies: Proxies,
    /// Certificates that are believed beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The wall clock.
    pub clock: Clock,
    /// Is told what is waited for.
    pub progress: Progress,
}

/// Settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// An address.
    #[error("{variable} cannot be used: {error}")]
    Url {
        /// The variable.
        variable: &'static str,
        /// Why.
        error: BaseUrlError,
    },
    /// An unknown value.
    #[error("{variable} cannot be `{value}`")]
    Value {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it can be.
        known: &'static str,
    },
    /// Something is missing beside what is set.
    #[error("{have} is set, but {missing} is not")]
    Incomplete {
        /// What is set.
        have: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// The token in a variable is none.
    #[error("{variable} holds no token: {reason}")]
    Token {
        /// The variable.
        variable: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Certificates.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl SettingsError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trust(_) => "azure-ca-file",
            Self::Proxy(_) => "azure-proxy",
            Self::Url { .. } | Self::Value { .. } | Self::Incomplete { .. } | Self::Token { .. } => {
                "azure-settings"
            }
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Url { .. } => "write https://HOST or https://HOST:PORT".to_owned(),
            Self::Value { known, .. } => format!("it can be {known}"),
            Self::Incomplete { missing, .. } => format!("set {missing}"),
            Self::Token { .. } => "it holds the token and nothing else".to_owned(),
            Self::Proxy(_) => "write http://[USER:PASSWORD@]HOST:PORT".to_owned(),
            Self::Trust(_) => "pass a file of PEM certificates with --ca-file or SSL_CERT_FILE".to_owned(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the environment through `variable`. Nothing is opened and nobody is asked.
    ///
    /// # Errors
    /// [`SettingsError`]
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        ca_file: Option<PathBuf>,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        Ok(Self {
            cloud: cloud(&set)?,
            source: source(&set)?,
            proxies: Proxies::from_variables(&variable)?,
            ca_file,
            clock,
            progress: Arc::new(|_| {}),
        })
    }

    /// The same, telling `progress` what is waited for.
    #[must_use]
    pub fn telling(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }
}

fn cloud(set: &impl Fn(&str) -> Option<String>) -> Result<Cloud, SettingsError> {
    let known = match set("SACPILOT_AZURE_CLOUD") {
        None => KnownCloud::Public,
        Some(value) => KnownCloud::named(value.trim()).ok_or(SettingsError::Value {
            variable: "SACPILOT_AZURE_CLOUD",
            value,
            known: "public or usgovernment (Azure in China has no serial console); for others set \
                    SACPILOT_AZURE_ARM and SACPILOT_AZURE_AUTHORITY",
        })?,
    };
    let url = |variable: &'static str| {
        let value = set(variable);
        value
            .map(|value| BaseUrl::parse(value.trim()).map_err(|error| SettingsError::Url { variable, error }))
            .transpose()
    };
    let mut cloud = known.endpoints();
    if let Some(arm) = url("SACPILOT_AZURE_ARM")? {
        cloud.arm = arm;
        // Nothing is known about its regions.
        cloud.regional = None;
    }
    if let Some(authority) = url("SACPILOT_AZURE_AUTHORITY")?.or(url("AZURE_AUTHORITY_HOST")?) {
        cloud.authority = authority;
    }
    if let Some(audience) = set("SACPILOT_AZURE_AUDIENCE") {
        audience.trim().clone_into(&mut cloud.audience);
    }
    Ok(cloud)
}

fn source(set: &impl Fn(&str) -> Option<String>) -> Result<Source, SettingsError> {
    let token = |variable: &'static str, value: &str| {
        secret(value).map_err(|reason| SettingsError::Token { variable, reason })
    };
    if let Some(value) = set("SACPILOT_AZURE_TOKEN") {
        return Ok(Source::Given(token("SACPILOT_AZURE_TOKEN", &value)?));
    }
    if let Some(path) = set("SACPILOT_AZURE_TOKEN_FILE") {
        return Ok(Source::File(path.into()));
    }
    let az = || set("SACPILOT_AZURE_CLI").unwrap_or_else(|| default_az().to_owned()).into();
    match set("SACPILOT_AZURE_CREDENTIAL").as_deref() {
        Some("cli") => return Ok(Source::AzCli { program: az() }),
        Some("managed-identity") => return Ok(Source::ManagedIdentity(managed(set)?)),
        Some("workload-identity") => return workload(set),
        Some("client-secret") => return client_secret(set),
        Some(value) => {
            return Err(SettingsError::Value {
                variable: "SACPILOT_AZURE_CREDENTIAL",
                value: value.to_owned(),
                known: "cli, managed-identity, workload-identity or client-secret",
            });
        }
        None => {}
    }
    if set("AZURE_CLIENT_SECRET").is_some() {
        return client_secret(set);
    }
    if set("AZURE_FEDERATED_TOKEN_FILE").is_some() {
        return workload(set);
    }
    if set("IDENTITY_ENDPOINT").is_some() {
        return Ok(Source::ManagedIdentity(managed(set)?));
    }
    Ok(Source::AzOrIdentity { program: az(), identity: managed(set)? })
}

fn default_az() -> &'static str {
    if cfg!(windows) { "az.cmd" } else { "az" }
}

fn required(
    set: &impl Fn(&str) -> Option<String>,
    have: &'static str,
    missing: &'static str,
) -> Result<String, SettingsError> {
    set(missing).map(|value| value.trim().to_owned()).ok_or(SettingsError::Incomplete { have, missing })
}

fn client_secret(set: &impl Fn(&str) -> Option<String>) -> Result<Source, SettingsError> {
    const HAVE: &str = "AZURE_CLIENT_SECRET";
    let value = required(set, "SACPILOT_AZURE_CREDENTIAL", HAVE)?;
    Ok(Source::ClientSecret {
        tenant: required(set, HAVE, "AZURE_TENANT_ID")?,
        client: required(set, HAVE, "AZURE_CLIENT_ID")?,
        secret: crate::secret::Secret::new(value)
            .map_err(|_| SettingsError::Token { variable: HAVE, reason: "it is empty" })?,
    })
}

fn workload(set: &impl Fn(&str) -> Option<String>) -> Result<Source, SettingsError> {
    const HAVE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    let file = required(set, "SACPILOT_AZURE_CREDENTIAL", HAVE)?.into();
    Ok(Source::Workload {
        tenant: required(set, HAVE, "AZURE_TENANT_ID")?,
        client: required(set, HAVE, "AZURE_CLIENT_ID")?,
        file,
    })
}

fn managed(set: &impl Fn(&str) -> Option<String>) -> Result<ManagedIdentity, SettingsError> {
    let client = set("AZURE_CLIENT_ID");
    if let Some(endpoint) = set("IDENTITY_ENDPOINT") {
        let header = required(set, "IDENTITY_ENDPOINT", "IDENTITY_HEADER")?;
        let header = crate::secret::Secret::new(header)
            .map_err(|_| SettingsError::Token { variable: "IDENTITY_HEADER", reason: "it is empty" })?;
        return Ok(ManagedIdentity { endpoint, header: Some(header), client });
    }
    let endpoint = set("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| identity::METADATA.to_owned());
    Ok(ManagedIdentity { endpoint, header: None, client })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &str) -> Result<Settings, SettingsError> {
        let variable = |name: &str| {
            let mut settings = variables.split(' ').filter_map(|setting| setting.split_once('='));
            settings.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        Settings::from_variables(variable, None, Clock::showing(jiff::Timestamp::UNIX_EPOCH))
    }

    #[tokio::test]
    async fn the_environment_chooses_the_source() {
        let cases = [
            (
                "",
                r#"AzOrIdentity { program: "az", identity: ManagedIdentity { endpoint: "http://169.254.169.254""#,
            ),
            ("SACPILOT_AZURE_TOKEN=t AZURE_CLIENT_SECRET=s", "Given(***)"),
            ("SACPILOT_AZURE_TOKEN_FILE=/f", r#"File("/f")"#),
            ("SACPILOT_AZURE_CREDENTIAL=cli SACPILOT_AZURE_CLI=/az", r#"AzCli { program: "/az" }"#),
            (
                "AZURE_CLIENT_SECRET=geheim AZURE_CLIENT_ID=c AZURE_TENANT_ID=t",
                r#"ClientSecret { tenant: "t", client: "c", secret: *** }"#,
            ),
            (
                "AZURE_FEDERATED_TOKEN_FILE=/f AZURE_CLIENT_ID=c AZURE_TENANT_ID=t",
                r#"Workload { tenant: "t", client: "c", file: "/f" }"#,
            ),
            (
                "IDENTITY_ENDPOINT=http://127.0.0.1:1/x IDENTITY_HEADER=geheim",
                r#"ManagedIdentity(ManagedIdentity { endpoint: "http://127.0.0.1:1/x", header: Some(***), client: None })"#,
            ),
        ];
        for (variables, source) in cases {
            let read = format!("{:?}", read(variables).unwrap().source);
            // On Windows the program of the same name is a script.
            let read = read.replace("az.cmd", "az");
            assert!(read.starts_with(source), "{variables}: {read}");
        }
    }

    #[tokio::test]
    async fn every_endpoint_can_be_set() {
        let settings = read(
            "SACPILOT_AZURE_ARM=https://127.0.0.1:1/ SACPILOT_AZURE_AUTHORITY=https://127.0.0.1:2 \
             SACPILOT_AZURE_AUDIENCE=https://a/",
        )
        .unwrap();
        assert_eq!(settings.cloud.arm.to_string(), "https://127.0.0.1:1");
        assert_eq!(settings.cloud.authority.to_string(), "https://127.0.0.1:2");
        assert_eq!((settings.cloud.audience.as_str(), settings.cloud.regional), ("https://a/", None));
        let gov = read("SACPILOT_AZURE_CLOUD=usgovernment").unwrap();
        assert_eq!(gov.cloud, KnownCloud::UsGovernment.endpoints());
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_without_secrets() {
        for (variables, said) in [
            ("SACPILOT_AZURE_CLOUD=china", "SACPILOT_AZURE_CLOUD cannot be `china`"),
            (
                "SACPILOT_AZURE_ARM=http://h",
                "SACPILOT_AZURE_ARM cannot be used: a token is only sent over https",
            ),
            ("SACPILOT_AZURE_CREDENTIAL=magic", "SACPILOT_AZURE_CREDENTIAL cannot be `magic`"),
            ("AZURE_CLIENT_SECRET=geheim", "AZURE_CLIENT_SECRET is set, but AZURE_TENANT_ID is not"),
            ("IDENTITY_ENDPOINT=http://h", "IDENTITY_ENDPOINT is set, but IDENTITY_HEADER is not"),
            (
                "HTTPS_PROXY=socks5://u:geheim@h",
                "HTTPS_PROXY names no proxy that can be used: SOCKS is not supported",
            ),
        ] {
            let error = read(variables).unwrap_err();
            assert_eq!(error.to_string(), said);
            assert!(!format!("{error:?} {}", error.help()).contains("geheim"));
        }
    }
}
