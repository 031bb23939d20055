//! Trying keys at a foreign ingest, and at things that are none.

use std::{net::SocketAddr, time::Duration};

use broadcast::{FailureKind, Probe, StreamKey};
use ingest::{
    Behaviour, Duplicates, Ending, Ingest, Keys, Options, Rejection, RunningIngest, Stage,
};
use streamer::{
    address::AddressPolicy,
    ingest::{Connection, DialPolicy, probe},
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

const KEY: &str = "FB-1-0-good?s_bl=1&a=secret";
const LIMIT: Duration = Duration::from_secs(10);

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn policy() -> DialPolicy {
    DialPolicy::new(AddressPolicy::PRIVATE_TOO)
}

async fn start(options: Options) -> RunningIngest {
    Ingest::bind(loopback(), options).await.unwrap()
}

async fn try_key(url: &str, key: &str, how: Probe, limit: Duration) -> Result<(), FailureKind> {
    let result = probe(
        &url.parse().unwrap(),
        &StreamKey::new(key),
        how,
        limit,
        &policy(),
    )
    .await;
    result.map_err(|failure| {
        let shown = format!("{failure} {failure:?}");
        for secret in ["secret", "wrong-key"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        failure.kind
    })
}

/// What a probe of an ingest with these options ends with.
async fn check(options: Options, key: &str, expected: Result<(), FailureKind>) {
    let ingest = start(options).await;
    let limit = Duration::from_secs(2);
    let result = try_key(&ingest.url("rtmp"), key, Probe::Publish, limit).await;
    assert_eq!(result, expected);
    ingest.shutdown().await;
}

#[tokio::test]
async fn a_good_key_is_accepted_and_nothing_is_left_behind() {
    let ingest = start(Options {
        keys: Keys::only([KEY]),
        ..Options::default()
    })
    .await;
    let result = try_key(&ingest.url("rtmp"), KEY, Probe::Publish, LIMIT).await;
    assert_eq!(result, Ok(()));
    let now = ingest
        .until(|now| now.publishes.iter().any(|publish| publish.ended.is_some()))
        .await;
    let publish = &now.publishes[0];
    assert_eq!(publish.app, "rtmp");
    assert_eq!(publish.packets(), 0);
    assert_eq!(publish.sequence_headers, 0);
    assert_eq!(publish.metadata, None);
    assert!(!publish.fc_unpublish);
    let how = publish.ended.as_ref().map(|ended| ended.how.clone());
    assert_eq!(how, Some(Ending::Dropped));
}

#[tokio::test]
async fn a_wrong_key_is_rejected_however_the_ingest_says_so() {
    for rejection in [Rejection::OnStatus, Rejection::Error, Rejection::Close] {
        let options = Options {
            keys: Keys::only([KEY]),
            rejection,
            ..Options::default()
        };
        check(options, "wrong-key", Err(FailureKind::TokenRejected)).await;
    }
}

#[tokio::test]
async fn half_a_key_is_a_wrong_key() {
    let options = Options {
        keys: Keys::only([KEY]),
        ..Options::default()
    };
    check(options, "FB-1-0-good", Err(FailureKind::TokenRejected)).await;
}

#[tokio::test]
async fn a_refused_connect_is_a_rejection() {
    let mut behaviour = Behaviour::default();
    behaviour.reject_connect = true;
    let options = Options {
        behaviour,
        ..Options::default()
    };
    check(options, KEY, Err(FailureKind::TokenRejected)).await;
}

#[tokio::test]
async fn codecs_that_an_ingest_announces_are_known() {
    for (announced, hevc, av1) in [
        (&[][..], false, false),
        (&["hvc1"], true, false),
        (&["hvc1", "av01"], true, true),
        (&["*"], true, true),
    ] {
        let mut options = Options::default();
        options.behaviour.codecs = announced.iter().map(|&codec| codec.to_owned()).collect();
        let ingest = start(options).await;
        let url = ingest.url("rtmp").parse().unwrap();
        let connection = Connection::open(&url, &StreamKey::new(KEY), &policy())
            .await
            .unwrap();
        let codecs = connection.announced_codecs();
        assert_eq!(codecs.contains(*b"hvc1"), hevc, "{announced:?}");
        assert_eq!(codecs.contains(*b"av01"), av1, "{announced:?}");
    }
}

#[tokio::test]
async fn silence_is_given_up_at_every_stage() {
    for stage in [Stage::Handshake, Stage::Connect, Stage::Publish] {
        let mut behaviour = Behaviour::default();
        behaviour.silent_from = Some(stage);
        let ingest = start(Options {
            behaviour,
            ..Options::default()
        })
        .await;
        let limit = Duration::from_millis(200);
        let result = try_key(&ingest.url("rtmp"), KEY, Probe::Publish, limit).await;
        assert_eq!(result, Err(FailureKind::IngestUnreachable));
    }
}

#[tokio::test]
async fn a_key_on_air_is_busy_and_not_rejected() {
    let ingest = start(Options {
        duplicates: Duplicates::Reject,
        ..Options::default()
    })
    .await;
    let url = ingest.url("rtmp");
    let held = Connection::open(&url.parse().unwrap(), &StreamKey::new(KEY), &policy())
        .await
        .unwrap();
    let result = try_key(&url, KEY, Probe::Publish, LIMIT).await;
    assert_eq!(result, Err(FailureKind::IngestProtocol));
    drop(held);
}

#[tokio::test]
async fn a_smaller_probe_does_less() {
    let ingest = start(Options {
        keys: Keys::only([KEY]),
        ..Options::default()
    })
    .await;
    let url = ingest.url("rtmp");
    assert_eq!(try_key(&url, "wrong-key", Probe::None, LIMIT).await, Ok(()));
    assert_eq!(ingest.stats().connections, 0);
    let result = try_key(&url, "wrong-key", Probe::Connect, LIMIT).await;
    assert_eq!(result, Ok(()));
    ingest.until(|now| now.stats.open_connections == 0).await;
    assert_eq!(ingest.stats().connections, 1);
    assert_eq!(ingest.stats().publishes_rejected, 0);
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("rtmp://127.0.0.1:{port}/rtmp");
    let result = try_key(&url, KEY, Probe::Publish, LIMIT).await;
    assert_eq!(result, Err(FailureKind::IngestUnreachable));
}

#[tokio::test]
async fn another_service_listens() {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    });
    let url = format!("rtmp://127.0.0.1:{port}/rtmp");
    let result = try_key(&url, KEY, Probe::Publish, LIMIT).await;
    assert_eq!(result, Err(FailureKind::IngestProtocol));
    server.await.unwrap();
}

#[tokio::test]
async fn a_private_address_is_refused_by_policy() {
    let ingest = start(Options::default()).await;
    let failure = probe(
        &ingest.url("rtmp").parse().unwrap(),
        &StreamKey::new(KEY),
        Probe::Publish,
        LIMIT,
        &DialPolicy::new(AddressPolicy::PUBLIC),
    )
    .await
    .unwrap_err();
    assert_eq!(failure.kind, FailureKind::BadRequest);
    assert!(failure.message.contains("private address"), "{failure}");
    assert_eq!(ingest.stats().connections, 0);
}
