//! RTMPS: TLS with certificates that are verified, always.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, ServerName,
        pem::{self, PemObject},
    },
};
use rustls_platform_verifier::Verifier;
use tokio::{net::TcpStream, sync::Mutex, task::spawn_blocking};
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
    let connector = TlsConnector::from(policy.tls.config(policy).await?);
    connector.connect(name, tcp).await.map_err(|source| {
        let host = host.to_owned();
        match rustls_error(&source) {
            Some(rustls::Error::InvalidCertificate(_)) => OpenError::Certificate { host, source },
            _ => OpenError::Tls { host, source },
        }
    })
}

/// What TLS needs, loaded at the first connection and kept for those that follow: the roots of the
/// system are many, and a file may go away while the show is on. Clones share it, and with it what
/// resumes sessions.
#[derive(Clone, Default)]
pub struct TlsSetup(Arc<Mutex<Option<Loaded>>>);

struct Loaded {
    ca_file: Option<PathBuf>,
    ca_pem: Option<String>,
    config: Arc<ClientConfig>,
}

impl TlsSetup {
    /// The setup for a policy. If that fails, the next connection tries anew.
    async fn config(&self, policy: &DialPolicy) -> Result<Arc<ClientConfig>, OpenError> {
        // Of many that connect at once one loads and the others wait for it.
        let mut loaded = self.0.lock().await;
        if let Some(loaded) = &*loaded
            && loaded.ca_file == policy.ca_file
            && loaded.ca_pem == policy.ca_pem
        {
            return Ok(Arc::clone(&loaded.config));
        }
        let copy = policy.clone();
        // It reads files, and the destinations that are on air share one thread.
        let config = spawn_blocking(move || config(&copy))
            .await
            .map_err(|error| OpenError::TlsSetup(rustls::Error::General(error.to_string())))??;
        let config = Arc::new(config);
        *loaded = Some(Loaded {
            ca_file: policy.ca_file.clone(),
            ca_pem: policy.ca_pem.clone(),
            config: Arc::clone(&config),
        });
        Ok(config)
    }
}

impl fmt::Debug for TlsSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSetup").finish_non_exhaustive()
    }
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
