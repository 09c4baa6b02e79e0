//! Whose certificates are believed: those the operating system believes, and those of a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The roots cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file of certificates cannot be read.
    #[error("cannot read the certificates in {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nobody is believed.
    #[error("no root certificates were found on this system: {reason}")]
    Nobody {
        /// What the system said.
        reason: String,
    },
    /// The library refused.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// TLS as a client that believes the system's roots (or those of `SSL_CERT_FILE`, as OpenSSL does) and `ca_file`.
///
/// # Errors
/// [`TrustError`]
pub(crate) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        let unreadable = |reason: String| TrustError::File { path: path.to_owned(), reason };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unreadable("it holds no PEM certificate".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
        }
    }
    let system = rustls_native_certs::load_native_certs();
    // Old roots that this library cannot read are common and do no harm.
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        let reasons: Vec<String> = system.errors.iter().map(ToString::to_string).collect();
        return Err(TrustError::Nobody { reason: reasons.join("; ") });
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
