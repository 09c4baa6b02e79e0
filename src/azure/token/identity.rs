//! A token for the machine this runs on: a virtual machine's metadata service, or an App Service's endpoint.

use hyper::body::Bytes;
use hyper::http::Request;

use super::{ManagedIdentity, Token, of_answer};
use crate::azure::call::Caller;
use crate::azure::error::AzureError;
use crate::azure::retry::Repeat;
use crate::web::ReachError;
use crate::web::percent;

/// The metadata service of a virtual machine.
pub(crate) const METADATA: &str = "http://169.254.169.254";

pub(super) async fn token(
    caller: &Caller,
    identity: &ManagedIdentity,
    audience: &str,
) -> Result<Token, AzureError> {
    let url = url(identity, audience);
    let request = || {
        let request = Request::builder().uri(&url);
        match &identity.header {
            Some(header) => request.header("X-IDENTITY-HEADER", header.expose()),
            None => request.header("Metadata", "true"),
        }
        .body(Bytes::new())
        .map_err(|_| ReachError::BadUrl { url: identity.endpoint.clone() })
    };
    // Where there is no such service nobody answers: that is not worth waiting for.
    let (answer, _) = caller.call(request, Repeat::OnlyIfNotDone).await?;
    Ok(of_answer("the managed identity", answer.status.as_u16(), &answer.body, caller.clock())?)
}

fn url(identity: &ManagedIdentity, audience: &str) -> String {
    let (path, version) = match identity.header {
        Some(_) => ("", "2019-08-01"),
        None => ("/metadata/identity/oauth2/token", "2018-02-01"),
    };
    let endpoint = identity.endpoint.trim_end_matches('/');
    let client = identity.client.as_ref().map(|id| format!("&client_id={}", percent::value(id)));
    format!(
        "{endpoint}{path}?api-version={version}&resource={}{}",
        percent::value(audience),
        client.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn addresses() {
        let mut identity =
            ManagedIdentity { endpoint: METADATA.to_owned(), header: None, client: Some("i d".to_owned()) };
        assert_eq!(
            url(&identity, "https://m/"),
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fm%2F&client_id=i%20d"
        );
        identity = ManagedIdentity {
            endpoint: "http://127.0.0.1:41/msi/token/".to_owned(),
            header: Some(Secret::new("h").unwrap()),
            client: None,
        };
        assert_eq!(
            url(&identity, "https://m/"),
            "http://127.0.0.1:41/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fm%2F"
        );
    }
}
