//! A token from the Azure CLI.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use tokio::process::Command;
use tokio::time::timeout;

use super::{Token, TokenError, secret};
use crate::azure::error::presentable;

/// `az` is Python and starts slowly; behind a proxy it may renew a token first.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks `program` for a token for `audience`.
pub(super) async fn token(program: &Path, audience: &str, subscription: &str) -> Result<Token, TokenError> {
    let arguments =
        ["account", "get-access-token", "--resource", audience, "--subscription", subscription, "-o", "json"];
    let child = Command::new(program)
        .args(arguments)
        .env("AZURE_CORE_ONLY_SHOW_ERRORS", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let failed = |reason: String| TokenError::Az { reason };
    let output = match timeout(PATIENCE, child).await {
        Err(_) => return Err(failed(format!("it did not end within {} s", PATIENCE.as_secs()))),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(TokenError::NoAz { program: program.display().to_string() });
        }
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let said = presentable(&String::from_utf8_lossy(&output.stderr));
        return Err(failed(if said.is_empty() { output.status.to_string() } else { said }));
    }
    of_json(&output.stdout).map_err(|reason| failed(reason.to_owned()))
}

/// `expiresOn` is local time without a zone, so only `expires_on` (since 2.54) is believed.
fn of_json(bytes: &[u8]) -> Result<Token, &'static str> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| "its answer is not JSON")?;
    let text = value.get("accessToken").and_then(|text| text.as_str()).ok_or("its answer holds no token")?;
    let secret = secret(text)?;
    let ends = value.get("expires_on").and_then(serde_json::Value::as_i64);
    let ends = ends.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let ends = ends.or_else(|| super::jwt::end(&secret));
    Ok(Token { secret, ends })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn stub(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("az");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn az_is_asked_for_the_right_audience_and_subscription() {
        let folder = tempfile::tempdir().unwrap();
        let az = stub(
            folder.path(),
            r#"[ "$*" = "account get-access-token --resource https://a/ --subscription sub -o json" ] || exit 9
echo '{"accessToken":"t.o.k","expiresOn":"2026-11-22 09:51:58.000000","expires_on":1795341118,"tokenType":"Bearer"}'"#,
        );
        let token = token(&az, "https://a/", "sub").await.unwrap();
        assert_eq!(token.secret.expose(), "t.o.k");
        assert_eq!(token.ends.unwrap().as_second(), 1_795_341_118);
    }

    #[tokio::test]
    async fn what_az_says_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let az = stub(folder.path(), "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
        let error = token(&az, "https://a/", "sub").await.unwrap_err();
        assert_eq!(error.to_string(), "az gave no token: ERROR: Please run 'az login' to setup account.");
        assert_eq!(error.help(), "`az login`, then try again");
        let error = token(&folder.path().join("none"), "a", "s").await.unwrap_err();
        assert_eq!(error.code(), "azure-no-az");
        let az = stub(folder.path(), "echo surprise");
        let error = token(&az, "a", "s").await.unwrap_err();
        assert_eq!(error.to_string(), "az gave no token: its answer is not JSON");
    }
}
