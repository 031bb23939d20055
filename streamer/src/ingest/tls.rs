//! RTMPS: TLS with certificates that are verified, always.

use std::{error::Error, path::Path, sync::Arc};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, ServerName,
        pem::{self, PemObject},
    },
};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{error::OpenError, policy::DialPolicy};

/// Wraps a connection in TLS. The name of the host is sent (SNI) and the certificate must be for
/// it, by a CA that the system trusts or that the policy holds.
pub(super) async fn wrap(
    tcp: TcpStream,
    host: &str,
    policy: &DialPolicy,
) -> Result<TlsStream<TcpStream>, OpenError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| OpenError::Tls {
        host: host.to_owned(),
        source: std::io::Error::other(error),
    })?;
    let connector = TlsConnector::from(Arc::new(config(policy)?));
    connector.connect(name, tcp).await.map_err(|source| {
        let host = host.to_owned();
        match rustls_error(&source) {
            Some(rustls::Error::InvalidCertificate(_)) => OpenError::Certificate { host, source },
            _ => OpenError::Tls { host, source },
        }
    })
}

fn config(policy: &DialPolicy) -> Result<ClientConfig, OpenError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(certificates(policy)?, provider.clone())
        .map_err(OpenError::TlsSetup)?;
    // "Dangerous" is the way to any verifier but a fixed set of roots; this one is the system's.
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OpenError::TlsSetup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The certificates to trust beside those that the system trusts.
pub(super) fn certificates(policy: &DialPolicy) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let mut extra = Vec::new();
    if let Some(path) = &policy.ca_file {
        extra.extend(read_file(path)?);
    }
    if let Some(pem) = &policy.ca_pem {
        let pem = CertificateDer::pem_slice_iter(pem.as_bytes());
        extra.extend(read(pem).map_err(OpenError::CaPem)?);
    }
    Ok(extra)
}

fn read_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    CertificateDer::pem_file_iter(path)
        .map_err(Box::from)
        .and_then(read)
        .map_err(|source| OpenError::CaFile {
            path: path.to_owned(),
            source,
        })
}

fn read(
    certificates: impl Iterator<Item = Result<CertificateDer<'static>, pem::Error>>,
) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error + Send + Sync>> {
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>()?;
    match certificates.is_empty() {
        true => Err("it holds no certificate in PEM form".into()),
        false => Ok(certificates),
    }
}

fn rustls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
