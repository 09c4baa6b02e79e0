//! The authority and the metadata service of machines: tokens.

use serde_json::json;

use super::{Asked, Cloud, Reply, decode};
use crate::secret::Secret;

/// The secret of the one application that there is. invented.
pub(in crate::bridge) const CLIENT_SECRET: &str = "simulated-client-secret";

/// Where the authority's parts are (OpenID Connect discovery).
pub(super) fn configuration(asked: &Asked<'_>) -> Reply {
    let host = asked.headers.iter().find(|(name, _)| name == "host").map_or("", |(_, host)| host);
    let tenant = asked.target.trim_start_matches('/').split('/').next().unwrap_or_default();
    let at = |path: &str| format!("https://{host}/{tenant}{path}");
    Reply::json(
        200,
        &json!({
            "issuer": at("/v2.0"),
            "authorization_endpoint": at("/oauth2/v2.0/authorize"),
            "token_endpoint": at("/oauth2/v2.0/token"),
            "device_authorization_endpoint": at("/oauth2/v2.0/devicecode"),
            "jwks_uri": at("/discovery/v2.0/keys"),
        }),
    )
}

impl Cloud {
    /// A token for an application (OAuth 2.0 client credentials).
    pub(super) fn issue_to_client(&mut self, asked: &Asked<'_>) -> Reply {
        let field = |name: &str| {
            let mut pairs = asked.body.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value)).unwrap_or_default()
        };
        let refuse =
            |error: &str, text: &str| Reply::json(401, &json!({ "error": error, "error_description": text }));
        if field("grant_type") != "client_credentials" || !field("scope").ends_with("/.default") {
            return refuse("invalid_request", "AADSTS900144: The request body must contain more.");
        }
        let by_secret = field("client_secret") == CLIENT_SECRET;
        let by_assertion = field("client_assertion_type")
            == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            && field("client_assertion").split('.').count() == 3;
        if !by_secret && !by_assertion {
            return refuse("invalid_client", "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0");
        }
        let token = self.issue();
        Reply::json(
            200,
            &json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }),
        )
    }

    /// A token for a machine's identity.
    pub(super) fn issue_to_machine(&mut self, asked: &Asked<'_>) -> Reply {
        let asks_properly = asked.headers.iter().any(|(name, value)| name == "metadata" && value == "true");
        if !asks_properly || super::query(asked.target, "resource").is_none() {
            return Reply::json(
                400,
                &json!({ "error": "invalid_request", "error_description": "Required metadata header not specified" }),
            );
        }
        let token = self.issue();
        let ends = "4102444800";
        Reply::json(200, &json!({ "access_token": token, "expires_on": ends, "token_type": "Bearer" }))
    }

    fn issue(&mut self) -> String {
        self.issued += 1;
        let token = format!("simulated.token.number-{}", self.issued);
        self.tokens.extend(Secret::new(token.as_str()));
        token
    }
}
