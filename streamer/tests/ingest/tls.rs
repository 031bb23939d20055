//! RTMPS: the certificate is verified, always.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use broadcast::{Failure, FailureKind, Probe, StreamKey};
use ingest::{Ingest, Options, RunningIngest};
use rustls::server::Acceptor;
use streamer::{
    address::AddressPolicy,
    ingest::{Connection, DialPolicy, probe},
};
use tokio::net::TcpListener;
use tokio_rustls::LazyConfigAcceptor;

use crate::certificate::{Certificate, certificate};

struct Rehearsal {
    ingest: RunningIngest,
    certificate: Certificate,
}

/// An RTMPS ingest whose certificate is for `name`, by a CA of its own.
async fn rehearse(name: &str) -> Rehearsal {
    rehearse_at(name, SocketAddr::from(([127, 0, 0, 1], 0))).await
}

async fn rehearse_at(name: &str, address: SocketAddr) -> Rehearsal {
    let certificate = certificate(name);
    let options = Options {
        tls: Some(certificate.server.clone()),
        ..Options::default()
    };
    Rehearsal {
        ingest: Ingest::bind(address, options).await.unwrap(),
        certificate,
    }
}

async fn try_it(rehearsal: &Rehearsal, ca_file: Option<PathBuf>) -> Result<(), Failure> {
    let url = rehearsal.ingest.url("live");
    try_url(&url, ca_file, Duration::from_secs(10)).await
}

async fn try_url(url: &str, ca_file: Option<PathBuf>, limit: Duration) -> Result<(), Failure> {
    let policy = DialPolicy {
        ca_file,
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    try_with(url, &policy, limit).await
}

async fn try_with(url: &str, policy: &DialPolicy, limit: Duration) -> Result<(), Failure> {
    assert!(url.starts_with("rtmps://"));
    let url = url.parse().unwrap();
    let key = StreamKey::new("key");
    probe(&url, &key, Probe::Publish, limit, policy).await
}

#[tokio::test]
async fn a_ca_of_ones_own_is_trusted_when_named() {
    let rehearsal = rehearse("127.0.0.1").await;
    let result = try_it(&rehearsal, Some(rehearsal.certificate.ca_file.clone())).await;
    assert_eq!(result, Ok(()));
}

#[tokio::test]
async fn a_ca_of_ones_own_is_trusted_when_given_as_text() {
    let rehearsal = rehearse("127.0.0.1").await;
    let pem = fs::read_to_string(&rehearsal.certificate.ca_file).unwrap();
    let with = |pem: &str| DialPolicy {
        ca_pem: Some(pem.to_owned()),
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    assert_eq!(with(&pem).check_certificates(), Ok(()));
    let limit = Duration::from_secs(10);
    let url = rehearsal.ingest.url("live");
    assert_eq!(try_with(&url, &with(&pem), limit).await, Ok(()));
    check(
        with("nothing").check_certificates(),
        FailureKind::BadRequest,
        "INGEST_CA_PEM cannot be read: it holds no certificate",
    );
}

#[tokio::test]
async fn an_ingest_with_an_address_for_a_name_is_verified_by_it() {
    let rehearsal = match std::net::TcpListener::bind("[::1]:0") {
        Ok(_) => rehearse_at("::1", "[::1]:0".parse().unwrap()).await,
        // A machine may have no IPv6.
        Err(_) => return,
    };
    let ca_file = Some(rehearsal.certificate.ca_file.clone());
    assert!(rehearsal.ingest.url("live").contains("[::1]"));
    assert_eq!(try_it(&rehearsal, ca_file).await, Ok(()));
    let another = rehearse("::1").await;
    let ca_file = Some(another.certificate.ca_file.clone());
    check(
        try_it(&another, ca_file).await,
        FailureKind::IngestUnreachable,
        "certificate is not trusted for 127.0.0.1",
    );
}

#[tokio::test]
async fn a_name_is_sent_and_its_addresses_are_tried_in_turn() {
    // `localhost` is ::1 and 127.0.0.1 on most machines; only the latter listens here.
    let rehearsal = rehearse("localhost").await;
    let url = rehearsal
        .ingest
        .url("live")
        .replace("127.0.0.1", "localhost");
    let ca_file = Some(rehearsal.certificate.ca_file.clone());
    let limit = Duration::from_secs(10);
    assert_eq!(try_url(&url, ca_file, limit).await, Ok(()));
}

/// The name that a client asks for (SNI) when it connects to this URL's host.
async fn asked_for(host: &str) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "rtmps://{host}:{}/live",
        listener.local_addr().unwrap().port()
    );
    let hello = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), tcp);
        let start = acceptor.await.unwrap();
        start.client_hello().server_name().map(str::to_owned)
    });
    let result = try_url(&url, None, Duration::from_secs(10)).await;
    assert_eq!(result.unwrap_err().kind, FailureKind::IngestUnreachable);
    hello.await.unwrap()
}

#[tokio::test]
async fn the_hosts_name_is_asked_for() {
    assert_eq!(asked_for("localhost").await.as_deref(), Some("localhost"));
    // Addresses are not sent (RFC 6066, section 3).
    assert_eq!(asked_for("127.0.0.1").await, None);
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtmps://{}/live", listener.local_addr().unwrap());
    check(
        try_url(&url, None, Duration::from_millis(300)).await,
        FailureKind::IngestUnreachable,
        "gave up waiting for the TLS handshake",
    );
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_a_wrong_certificate() {
    let plain = Ingest::bind("127.0.0.1:0".parse().unwrap(), Options::default())
        .await
        .unwrap();
    let url = plain.url("live").replace("rtmp:", "rtmps:");
    check(
        try_url(&url, None, Duration::from_secs(5)).await,
        FailureKind::IngestUnreachable,
        "the TLS handshake",
    );
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
async fn a_ca_file_that_goes_away_is_not_missed() {
    let rehearsal = rehearse("127.0.0.1").await;
    let policy = DialPolicy {
        ca_file: Some(rehearsal.certificate.ca_file.clone()),
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    let url: broadcast::Ingest = rehearsal.ingest.url("live").parse().unwrap();
    let key = StreamKey::new("key");
    let connect = async |policy: &DialPolicy| Connection::open(&url, &key, policy).await.map(drop);
    assert_eq!(connect(&policy).await, Ok(()));
    fs::remove_file(&rehearsal.certificate.ca_file).unwrap();
    assert_eq!(connect(&policy.clone()).await, Ok(()));
    // Other certificates are others.
    let other = DialPolicy {
        ca_file: Some("/missing.pem".into()),
        ..policy.clone()
    };
    assert_eq!(
        connect(&other).await.unwrap_err().kind,
        FailureKind::BadRequest
    );
    let anew = connect(&policy.anew()).await;
    assert_eq!(anew.unwrap_err().kind, FailureKind::BadRequest);
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
