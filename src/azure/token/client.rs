//! A token for an application that proves itself to the authority (OAuth 2.0 client credentials).

use hyper::body::Bytes;
use hyper::http::header::{ACCEPT, CONTENT_TYPE};
use hyper::http::{Method, Request};

use super::{Token, TokenError, of_answer};
use crate::azure::call::Caller;
use crate::azure::cloud::Cloud;
use crate::azure::error::AzureError;
use crate::azure::retry::Repeat;
use crate::secret::Secret;
use crate::web::ReachError;
use crate::web::percent;

/// How it proves itself.
pub(super) enum Proof<'a> {
    Secret(&'a Secret),
    Assertion(&'a Secret),
}

pub(super) async fn token(
    caller: &Caller,
    cloud: &Cloud,
    tenant: &str,
    client: &str,
    proof: Proof<'_>,
) -> Result<Token, AzureError> {
    let url = cloud.authority.join(&format!("/{}/oauth2/v2.0/token", percent::segment(tenant)));
    let body = form(&cloud.audience, client, &proof);
    let request = || {
        Request::builder()
            .method(Method::POST)
            .uri(&url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body.expose().to_owned()))
            .map_err(|_| ReachError::BadUrl { url: cloud.authority.to_string() })
    };
    // A second token does no harm.
    let (answer, _) = caller.call(request, Repeat::Freely).await?;
    let from = format!("the authority {}", cloud.authority);
    Ok(of_answer(&from, answer.status.as_u16(), &answer.body, caller.clock()).map_err(|error| {
        let mask = |text: String| {
            let (Proof::Secret(secret) | Proof::Assertion(secret)) = &proof;
            text.replace(secret.expose(), crate::secret::MASK)
        };
        match error {
            TokenError::Refused { from, reason } => TokenError::Refused { from, reason: mask(reason) },
            other => other,
        }
    })?)
}

/// The scope is the audience, its slash kept, and `/.default`: that is what `az` makes of a resource.
fn form(audience: &str, client: &str, proof: &Proof<'_>) -> Secret {
    let scope = percent::value(&format!("{audience}/.default"));
    let client = percent::value(client);
    let proof = match proof {
        Proof::Secret(secret) => format!("client_secret={}", percent::value(secret.expose())),
        Proof::Assertion(assertion) => format!(
            "client_assertion_type={}&client_assertion={}",
            percent::value("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            percent::value(assertion.expose())
        ),
    };
    let form = format!("grant_type=client_credentials&client_id={client}&scope={scope}&{proof}");
    Secret::new(form).unwrap_or_else(|_| unreachable!("it begins with grant_type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let secret = Secret::new("p&w=1").unwrap();
        assert_eq!(
            form("https://m.example/", "c", &Proof::Secret(&secret)).expose(),
            "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fm.example%2F%2F.default&client_secret=p%26w%3D1"
        );
        assert!(
            form("https://m.example/", "c", &Proof::Assertion(&secret))
                .expose()
                .ends_with("jwt-bearer&client_assertion=p%26w%3D1")
        );
    }
}
