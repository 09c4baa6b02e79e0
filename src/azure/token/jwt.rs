//! The end of a token that is a JWT (RFC 7519). Its signature is the receiver's business.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::secret::Secret;

/// When `token` ends, if it is a JWT that says so.
pub(super) fn end(token: &Secret) -> Option<Timestamp> {
    let mut parts = token.expose().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_tokens() {
        let end = |text: &str| end(&Secret::new(text).unwrap()).map(Timestamp::as_second);
        assert_eq!(end("e30.eyJleHAiOjE3OTUzNDQwMDB9.c2ln"), Some(1_795_344_000));
        for text in ["opaque", "aaa.bbb.ccc", "e30.e30.x", "e30.eyJleHAiOiJ4In0.x", "a.b"] {
            assert_eq!(end(text), None, "{text}");
        }
    }
}
