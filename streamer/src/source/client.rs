//! HTTP clients that connect only where they may.

use std::{error::Error, io, sync::Arc};

use reqwest::{Client, redirect};
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Host, Url};

use super::{
    dns::{Reach, Unreachable},
    error::{AttemptError, Fault, SourceError},
    options::SourceOptions,
};
use crate::address::AddressPolicy;

/// One client for TLS and one, perhaps, for plain HTTP in the private network.
#[derive(Debug)]
pub(crate) struct Clients {
    tls: (Client, Reach),
    plain: Option<(Client, Reach)>,
}

impl Clients {
    /// Clients for an address that someone gave.
    pub(crate) fn for_page(options: &SourceOptions) -> Result<Self, SourceError> {
        Self::new(options, options.addresses, options.allow_plain_http)
    }

    /// Clients for S3 or the configured endpoint in its place.
    pub(crate) fn for_objects(options: &SourceOptions) -> Result<Self, SourceError> {
        Self::new(options, AddressPolicy::PRIVATE_TOO, true)
    }

    fn new(
        options: &SourceOptions,
        policy: AddressPolicy,
        allow_plain: bool,
    ) -> Result<Self, SourceError> {
        let policy = Reach::Policy(policy);
        let plain = match allow_plain {
            true => Some((build(options, Reach::PrivateOnly)?, Reach::PrivateOnly)),
            false => None,
        };
        Ok(Self {
            tls: (build(options, policy)?, policy),
            plain,
        })
    }

    /// The client for `url`. Names are checked when they are resolved, numbers here.
    pub(crate) fn get(&self, url: &Url) -> Result<&Client, SourceError> {
        let (client, reach) = match url.scheme() {
            "https" => &self.tls,
            "http" => self.plain.as_ref().ok_or(SourceError::PlainHttp)?,
            _ => return Err(SourceError::NotAnAddress("what the server redirects to")),
        };
        let number = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        number
            .map_or(Ok(()), |address| reach.check(address))
            .map_err(SourceError::from)?;
        Ok(client)
    }
}

/// No redirects, because each is checked by us; no proxy, because the address that is connected to
/// would be the proxy's.
fn build(options: &SourceOptions, reach: Reach) -> Result<Client, SourceError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| SourceError::File(io::Error::other(error)))?
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(reach))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(options.connect_timeout)
        .user_agent(concat!("matinee/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SourceError::File(io::Error::other(error)))
}

impl From<Unreachable> for SourceError {
    fn from(error: Unreachable) -> Self {
        match error {
            Unreachable::Refused(refused) => Self::Address(refused),
            Unreachable::Public => Self::PlainHttp,
        }
    }
}

/// What a failed request means: a refused address and an untrusted certificate do not pass.
pub(crate) fn classify(error: reqwest::Error) -> AttemptError {
    // The URL may hold a signature.
    let error = error.without_url();
    let mut cause: Option<&dyn Error> = Some(&error);
    while let Some(current) = cause {
        if let Some(unreachable) = current.downcast_ref::<Unreachable>() {
            return SourceError::from(*unreachable).into();
        }
        if let Some(rustls::Error::InvalidCertificate(reason)) = tls_error(current) {
            return SourceError::Refused(format!(
                "the server's certificate is not trusted ({reason})"
            ))
            .into();
        }
        cause = current.source();
    }
    Fault::Connection(error).into()
}

/// An I/O error's `source` skips the error that it wraps, and connectors wrap more than once.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = error.downcast_ref() {
        return Some(error);
    }
    tls_error(error.downcast_ref::<io::Error>()?.get_ref()?)
}
