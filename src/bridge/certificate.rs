//! TLS with a certificate of a CA that lives as long as the process.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Neither a certificate nor TLS could be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS for this computer's own names and for `address`, and the PEM of the CA that vouches for it.
pub(super) fn throw_away(address: IpAddr) -> Result<(Arc<ServerConfig>, String), CertificateError> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "sacpilot throw-away CA");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let addresses = loopback.into_iter().chain((!address.is_unspecified()).then_some(address));
    server.subject_alt_names.extend(addresses.map(SanType::IpAddress));
    server.distinguished_name.push(DnType::CommonName, "sacpilot simulated Azure");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // OpenSSL refuses what does not name its issuer's key.
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&key, &authority)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(tls), pem(authority.der())))
}

fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let mut lines = vec!["-----BEGIN CERTIFICATE-----"];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line);
        rest = after;
    }
    lines.push("-----END CERTIFICATE-----\n");
    lines.join("\n")
}
