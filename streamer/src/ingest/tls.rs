//! RTMPS: TLS with certificates that are verified, always.

use std::{error::Error, path::Path, sync::Arc};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::error::OpenError;

/// Wraps a connection in TLS. The name of the host is sent (SNI) and the certificate must be for
/// it, by a CA that the system trusts or that the CA file holds.
pub(super) async fn wrap(
    tcp: TcpStream,
    host: &str,
    ca_file: Option<&Path>,
) -> Result<TlsStream<TcpStream>, OpenError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| OpenError::Tls {
        host: host.to_owned(),
        source: std::io::Error::other(error),
    })?;
    let connector = TlsConnector::from(Arc::new(config(ca_file)?));
    connector.connect(name, tcp).await.map_err(|source| {
        let host = host.to_owned();
        match rustls_error(&source) {
            Some(rustls::Error::InvalidCertificate(_)) => OpenError::Certificate { host, source },
            _ => OpenError::Tls { host, source },
        }
    })
}

fn config(ca_file: Option<&Path>) -> Result<ClientConfig, OpenError> {
    let provider = Arc::new(ring::default_provider());
    let extra = match ca_file {
        Some(path) => read_certificates(path)?,
        None => Vec::new(),
    };
    let verifier =
        Verifier::new_with_extra_roots(extra, provider.clone()).map_err(OpenError::TlsSetup)?;
    // "Dangerous" is the way to any verifier but a fixed set of roots; this one is the system's.
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OpenError::TlsSetup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let failed = |source: Box<dyn Error + Send + Sync>| OpenError::CaFile {
        path: path.to_owned(),
        source,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| failed(Box::new(error)))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(Box::new(error)))?;
    if certificates.is_empty() {
        return Err(failed("it holds no certificate in PEM form".into()));
    }
    Ok(certificates)
}

fn rustls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
