//! RTMPS: the certificate is verified, always.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use broadcast::{Failure, FailureKind, Probe, StreamKey};
use ingest::{Ingest, Options, RunningIngest};
use streamer::{
    address::AddressPolicy,
    ingest::{DialPolicy, probe},
};

use crate::certificate::{Certificate, certificate};

struct Rehearsal {
    ingest: RunningIngest,
    certificate: Certificate,
}

/// An RTMPS ingest whose certificate is for `name`, by a CA of its own.
async fn rehearse(name: &str) -> Rehearsal {
    let certificate = certificate(name);
    let options = Options {
        tls: Some(certificate.server.clone()),
        ..Options::default()
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Rehearsal {
        ingest: Ingest::bind(address, options).await.unwrap(),
        certificate,
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
    let result = try_it(&rehearsal, Some(rehearsal.certificate.ca_file.clone())).await;
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
        try_it(&rehearsal, Some(rehearsal.certificate.ca_file.clone())).await,
        FailureKind::IngestUnreachable,
        "certificate is not trusted for 127.0.0.1",
    );
}

#[tokio::test]
async fn a_ca_file_must_hold_certificates() {
    let rehearsal = rehearse("127.0.0.1").await;
    let missing = rehearsal.certificate.ca_file.with_file_name("missing.pem");
    check(
        try_it(&rehearsal, Some(missing)).await,
        FailureKind::BadRequest,
        "missing.pem cannot be read",
    );
    let empty = rehearsal.certificate.ca_file.with_file_name("empty.pem");
    fs::write(&empty, "nothing").unwrap();
    check(
        try_it(&rehearsal, Some(empty)).await,
        FailureKind::BadRequest,
        "holds no certificate",
    );
}
