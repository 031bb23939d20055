//! RTMPS: the certificate is verified, always.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use broadcast::{Failure, FailureKind, Probe, StreamKey};
use ingest::{Ingest, Options, RunningIngest};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use streamer::{
    address::AddressPolicy,
    ingest::{DialPolicy, probe},
};
use tempfile::TempDir;

struct Rehearsal {
    ingest: RunningIngest,
    ca_file: PathBuf,
    directory: TempDir,
}

/// An RTMPS ingest whose certificate is for `name`, by a CA of its own.
async fn rehearse(name: &str) -> Rehearsal {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let options = Options {
        tls: Some(Arc::new(tls)),
        ..Options::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let ca_file = directory.path().join("ca.pem");
    fs::write(&ca_file, ca.pem()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Rehearsal {
        ingest: Ingest::bind(address, options).await.unwrap(),
        ca_file,
        directory,
    }
}

async fn try_it(rehearsal: &Rehearsal, ca_file: Option<PathBuf>) -> Result<(), Failure> {
    let policy = DialPolicy {
        ca_file,
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    let url = rehearsal.ingest.url("live");
    assert!(url.starts_with("rtmps://"));
    probe(
        &url.parse().unwrap(),
        &StreamKey::new("key"),
        Probe::Publish,
        Duration::from_secs(10),
        &policy,
    )
    .await
}

#[tokio::test]
async fn a_ca_of_ones_own_is_trusted_when_named() {
    let rehearsal = rehearse("127.0.0.1").await;
    let result = try_it(&rehearsal, Some(rehearsal.ca_file.clone())).await;
    assert_eq!(result, Ok(()));
}

#[track_caller]
fn check(result: Result<(), Failure>, kind: FailureKind, words: &str) {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, kind);
    assert!(failure.message.contains(words), "{failure}");
}

#[tokio::test]
async fn an_unknown_ca_is_not_trusted() {
    let rehearsal = rehearse("127.0.0.1").await;
    check(
        try_it(&rehearsal, None).await,
        FailureKind::IngestUnreachable,
        "certificate is not trusted",
    );
    assert!(rehearsal.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let rehearsal = rehearse("ingest.example").await;
    check(
        try_it(&rehearsal, Some(rehearsal.ca_file.clone())).await,
        FailureKind::IngestUnreachable,
        "certificate is not trusted for 127.0.0.1",
    );
}

#[tokio::test]
async fn a_ca_file_must_hold_certificates() {
    let rehearsal = rehearse("127.0.0.1").await;
    let missing = rehearsal.directory.path().join("missing.pem");
    check(
        try_it(&rehearsal, Some(missing)).await,
        FailureKind::BadRequest,
        "missing.pem cannot be read",
    );
    let empty = rehearsal.directory.path().join("empty.pem");
    fs::write(&empty, "nothing").unwrap();
    check(
        try_it(&rehearsal, Some(empty)).await,
        FailureKind::BadRequest,
        "holds no certificate",
    );
}
