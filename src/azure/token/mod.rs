//! Tokens: the ways to get one, and the one in hand until it is nearly over.

mod az;
mod client;
pub(super) mod identity;
mod jwt;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::call::Caller;
use super::clock::Clock;
use super::cloud::Cloud;
use super::error::{AzureError, Reply, presentable};
use crate::secret::Secret;

/// A token that ends sooner is not begun with.
const MARGIN: Duration = Duration::from_mins(5);

/// Where tokens come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Given as it is (`SACPILOT_AZURE_TOKEN`).
    Given(Secret),
    /// In a file that somebody else keeps fresh (`SACPILOT_AZURE_TOKEN_FILE`).
    File(PathBuf),
    /// `az account get-access-token`.
    AzCli {
        /// The program: `az`, or a path.
        program: PathBuf,
    },
    /// The identity of the machine this runs on.
    ManagedIdentity(ManagedIdentity),
    /// The identity of a workload in Kubernetes or in CI: a token in a file is exchanged.
    Workload {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// The file with the token that is exchanged.
        file: PathBuf,
    },
    /// A service principal with a secret.
    ClientSecret {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// Its secret.
        secret: Secret,
    },
    /// The first where `az` is installed, otherwise the second.
    AzOrIdentity {
        /// The program.
        program: PathBuf,
        /// The identity.
        identity: ManagedIdentity,
    },
}

/// The identity of the machine this runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// The service that hands out its tokens.
    pub endpoint: String,
    /// The value of `X-IDENTITY-HEADER` (App Service); without it the endpoint is a virtual machine's.
    pub header: Option<Secret>,
    /// A user-assigned identity's client id.
    pub client: Option<String>,
}

/// A token and its end, if that is known.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) ends: Option<Timestamp>,
}

/// There is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No way to get one.
    #[error("there is no token for Azure: {}", tried.join("; "))]
    None {
        /// What was tried and why it did not work.
        tried: Vec<String>,
    },
    /// The given one is over.
    #[error("the token {from} ended at {ended}")]
    Over {
        /// Where it came from.
        from: String,
        /// When it ended.
        ended: Timestamp,
    },
    /// A file cannot be read, or holds no token.
    #[error("no token in {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// `az` is not installed.
    #[error("{program} is not installed")]
    NoAz {
        /// The program.
        program: String,
    },
    /// `az` did not give one.
    #[error("az gave no token: {reason}")]
    Az {
        /// What it said.
        reason: String,
    },
    /// The authority or the identity service did not give one.
    #[error("{from} gave no token: {reason}")]
    Refused {
        /// Who.
        from: String,
        /// What it said.
        reason: String,
    },
}

impl TokenError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::None { .. } => "azure-no-token",
            Self::Over { .. } => "azure-token-over",
            Self::File { .. } => "azure-token-file",
            Self::NoAz { .. } => "azure-no-az",
            Self::Az { .. } => "azure-az",
            Self::Refused { .. } => "azure-no-token-given",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::None { .. } | Self::NoAz { .. } => {
                "install the Azure CLI and `az login`, or set SACPILOT_AZURE_TOKEN to the output of `az account \
                 get-access-token --resource https://management.core.windows.net/ --query accessToken -o tsv`"
            }
            Self::Over { .. } => "get a new one; tokens live about an hour",
            Self::File { .. } => "the file holds the token and nothing else",
            Self::Az { reason } if reason.contains("az login") => "`az login`, then try again",
            Self::Az { .. } => "`az account show` tells who is logged in; `az login` logs in again",
            Self::Refused { .. } => {
                "check tenant, client and secret (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET), or the \
                 identity of this machine"
            }
        }
        .to_owned()
    }
}

/// The source and the token in hand.
#[derive(Debug)]
pub(super) struct Tokens {
    source: Source,
    in_hand: Mutex<Option<Token>>,
}

impl Tokens {
    pub(super) fn new(source: Source) -> Self {
        Self { source, in_hand: Mutex::new(None) }
    }

    /// The token in hand if it lasts, otherwise another one, for `subscription`.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        cloud: &Cloud,
        subscription: &str,
    ) -> Result<Token, AzureError> {
        let mut in_hand = self.in_hand.lock().await;
        if let Some(token) = &*in_hand
            && token.ends.is_some_and(|ends| caller.clock().until(ends) > MARGIN)
        {
            return Ok(token.clone());
        }
        let token = obtain(&self.source, caller, cloud, subscription).await?;
        *in_hand = Some(token.clone());
        Ok(token)
    }

    /// Forgets the token in hand: the next one is asked for.
    pub(super) async fn forget(&self) {
        *self.in_hand.lock().await = None;
    }
}

async fn obtain(
    source: &Source,
    caller: &Caller,
    cloud: &Cloud,
    subscription: &str,
) -> Result<Token, AzureError> {
    match source {
        Source::Given(secret) => Ok(lasting("in SACPILOT_AZURE_TOKEN", secret.clone(), caller.clock())?),
        Source::File(path) => {
            let secret = read(path).await?;
            Ok(lasting(&format!("in {}", path.display()), secret, caller.clock())?)
        }
        Source::AzCli { program } => Ok(az::token(program, &cloud.audience, subscription).await?),
        Source::ManagedIdentity(identity) => identity::token(caller, identity, &cloud.audience).await,
        Source::Workload { tenant, client, file } => {
            let assertion = read(file).await?;
            client::token(caller, cloud, tenant, client, client::Proof::Assertion(&assertion)).await
        }
        Source::ClientSecret { tenant, client, secret } => {
            client::token(caller, cloud, tenant, client, client::Proof::Secret(secret)).await
        }
        Source::AzOrIdentity { program, identity } => {
            let no_az = match az::token(program, &cloud.audience, subscription).await {
                Err(error @ TokenError::NoAz { .. }) => error,
                other => return Ok(other?),
            };
            identity::token(caller, identity, &cloud.audience).await.map_err(|error| {
                let tried = vec![
                    "SACPILOT_AZURE_TOKEN and AZURE_CLIENT_ID are not set".to_owned(),
                    no_az.to_string(),
                    format!("this machine has no identity in Azure ({error})"),
                ];
                TokenError::None { tried }.into()
            })
        }
    }
}

/// A token that was given, if it still lasts.
fn lasting(from: &str, secret: Secret, clock: &Clock) -> Result<Token, TokenError> {
    let ends = jwt::end(&secret);
    match ends {
        Some(ended) if clock.now() >= ended => Err(TokenError::Over { from: from.to_owned(), ended }),
        _ => Ok(Token { secret, ends }),
    }
}

async fn read(path: &std::path::Path) -> Result<Secret, TokenError> {
    let failed = |reason: String| TokenError::File { path: path.to_owned(), reason };
    let text = tokio::fs::read_to_string(path).await.map_err(|error| failed(error.to_string()))?;
    secret(&text).map_err(|reason| failed(reason.to_owned()))
}

/// A token from text that a person or a program wrote: blanks around it and `Bearer` before it do no harm. What
/// could not stand in a header, or would be typed as several lines, is refused.
pub(super) fn secret(text: &str) -> Result<Secret, &'static str> {
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds more than one word");
    }
    Secret::new(text).map_err(|_| "it is empty")
}

/// A token from the JSON of an authority: `access_token` with `expires_in` or `expires_on`.
fn of_answer(from: &str, status: u16, body: &[u8], clock: &Clock) -> Result<Token, TokenError> {
    let refused = |reason: String| TokenError::Refused { from: from.to_owned(), reason };
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if status != 200 {
        let described =
            value.get("error_description").or_else(|| value.get("error")).and_then(|v| v.as_str());
        let reason = described.map_or_else(|| Reply::of(status, body).to_string(), presentable);
        return Err(refused(reason));
    }
    let text = value.get("access_token").and_then(|token| token.as_str());
    let secret = text.and_then(|text| secret(text).ok());
    let secret = secret.ok_or_else(|| refused("its answer holds none".to_owned()))?;
    // Numbers come as numbers from the authority, as text from the identity services.
    let number = |key: &str| {
        let number = value.get(key)?;
        number.as_i64().or_else(|| number.as_str()?.parse().ok())
    };
    let ends = match (number("expires_on"), number("expires_in")) {
        (Some(at), _) => Timestamp::from_second(at).ok(),
        (None, Some(seconds)) => clock.now().checked_add(jiff::SignedDuration::from_secs(seconds)).ok(),
        (None, None) => jwt::end(&secret),
    };
    Ok(Token { secret, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::showing("2026-11-22T12:00:00Z".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_read() {
        let ends = |body: &str| {
            let token = of_answer("x", 200, body.as_bytes(), &clock()).unwrap();
            assert_eq!(token.secret.expose(), "t");
            token.ends.map(|ends| ends.to_string())
        };
        let in_an_hour = Some("2026-11-22T13:00:00Z".to_owned());
        assert_eq!(ends(r#"{"access_token":"t","expires_in":3600}"#), in_an_hour);
        assert_eq!(ends(r#"{"access_token":"t","expires_on":"1795352400"}"#), in_an_hour);
        assert_eq!(ends(r#"{"access_token":"t"}"#), None);
        for (status, body, reason) in [
            (
                400,
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: bad\r\nTrace"}"#,
                "AADSTS7000215: bad Trace",
            ),
            (404, r#"{"error":{"code":"NoIdentity","message":"none"}}"#, "NoIdentity: none"),
            (200, r#"{"access_token":"two words"}"#, "its answer holds none"),
            (200, "<html>", "its answer holds none"),
        ] {
            let error = of_answer("the authority", status, body.as_bytes(), &clock()).unwrap_err();
            assert_eq!(error.to_string(), format!("the authority gave no token: {reason}"));
        }
    }

    #[test]
    fn tokens_as_people_write_them() {
        assert_eq!(secret(" Bearer a.b.c \n").unwrap().expose(), "a.b.c");
        assert!(secret("a\nb").is_err());
        assert!(secret(" \n").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_over_is_told_before_anything_is_sent() {
        // {"exp":1795344000}: 10:40 that morning.
        let jwt = secret("e30.eyJleHAiOjE3OTUzNDQwMDB9.c2ln").unwrap();
        let error = lasting("in SACPILOT_AZURE_TOKEN", jwt, &clock()).unwrap_err();
        assert_eq!(error.to_string(), "the token in SACPILOT_AZURE_TOKEN ended at 2026-11-22T10:40:00Z");
        assert!(lasting("x", secret("opaque").unwrap(), &clock()).is_ok());
    }
}
