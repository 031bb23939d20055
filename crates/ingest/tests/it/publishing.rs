//! What a well-behaved publisher leaves at the ingest.

use std::{fs, sync::Arc};

use crate::support::{ANY_PORT, AUDIO_HEADER, KEY_FRAME, PICTURE, Publisher, SOUND, VIDEO_HEADER};
use ingest::{Duplicates, Ending, Ingest, Keep, Keys, Kind, Options, Rejection, Snapshot};
use rml_rtmp::sessions::ClientSessionEvent;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

fn all_ended(publishes: usize) -> impl Fn(&Snapshot) -> bool {
    move |now| {
        let ended = now.publishes.iter().filter(|one| one.ended.is_some());
        ended.count() == publishes
    }
}

fn endings(now: &Snapshot) -> Vec<Ending> {
    let ended = now.publishes.iter().map(|one| one.ended.clone().unwrap());
    ended.map(|ended| ended.how).collect()
}

#[tokio::test]
async fn keeps_what_came() {
    let options = Options {
        keep: Keep::Data,
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    publisher.metadata().await.unwrap();
    publisher.video(0, VIDEO_HEADER).await.unwrap();
    publisher.audio(0, AUDIO_HEADER).await.unwrap();
    publisher.video(0, KEY_FRAME).await.unwrap();
    publisher.audio(7, SOUND).await.unwrap();
    publisher.video(40, PICTURE).await.unwrap();
    publisher.unpublish().await.unwrap();

    let now = ingest.until(all_ended(1)).await;
    assert_eq!(endings(&now), [Ending::Unpublished]);
    let publish = &now.publishes[0];
    assert_eq!((publish.video_packets, publish.audio_packets), (2, 1));
    assert_eq!(publish.sequence_headers, 2);
    assert_eq!(publish.metadata.as_ref().unwrap().width, Some(1280));
    assert_eq!(publish.app, "live");
    assert!(publish.first_header.unwrap().instant <= publish.first_media.unwrap().instant);

    let packets = ingest.packets(1);
    let facts: Vec<_> = packets
        .iter()
        .map(|packet| (packet.kind, packet.timestamp_ms, packet.composition_ms))
        .collect();
    let expected = [
        (Kind::Video, 0, 0),
        (Kind::Audio, 0, 0),
        (Kind::Video, 0, 40),
        (Kind::Audio, 7, 0),
        (Kind::Video, 40, -40),
    ];
    assert_eq!(facts, expected);
    assert_eq!(packets[2].data.as_deref(), Some(&KEY_FRAME[5..]));
    assert_eq!(packets[2].size, KEY_FRAME.len() - 5);
    let hash = "af122e7c036c3a6dfcd5d15d1e0826bd491a79068adff1555056f9df3e2e40d0";
    assert_eq!(packets[3].data.as_deref(), Some(&[0x21, 0x10][..]));
    assert_eq!(packets[3].sha256_hex(), hash);
}

#[tokio::test]
async fn records_each_part_to_its_own_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        record_to: Some(directory.path().join("recordings")),
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut probe = Publisher::publish(ingest.address(), "first-secret")
        .await
        .unwrap();
    probe.metadata().await.unwrap();
    drop(probe);
    for key in ["first-secret", "first-secret", "second-secret"] {
        let mut publisher = Publisher::publish(ingest.address(), key).await.unwrap();
        publisher.video(0, VIDEO_HEADER).await.unwrap();
        publisher.video(0, KEY_FRAME).await.unwrap();
        publisher.video(2_000, PICTURE).await.unwrap();
        publisher.unpublish().await.unwrap();
    }
    ingest.until(all_ended(4)).await;

    let recordings = ingest.recordings();
    let names: Vec<_> = recordings
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    let expected = [
        "stream-1-part-1.flv",
        "stream-1-part-2.flv",
        "stream-2-part-1.flv",
    ];
    assert_eq!(names, expected);
    let bytes = fs::read(&recordings[0]).unwrap();
    assert_eq!(bytes[..13], *b"FLV\x01\x05\0\0\0\x09\0\0\0\0");
    assert!(bytes.windows(PICTURE.len()).any(|window| window == PICTURE));
    assert!(!format!("{ingest:?} {:?}", ingest.publishes()).contains("secret"));
}

#[tokio::test]
async fn a_probe_leaves_no_unpublish() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    drop(publisher);

    let now = ingest.until(all_ended(1)).await;
    assert_eq!(endings(&now), [Ending::Dropped]);
    assert_eq!(now.publishes[0].packets(), 0);
}

#[tokio::test]
async fn keeps_nothing_when_told() {
    let options = Options {
        keep: Keep::Nothing,
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    publisher.video(0, KEY_FRAME).await.unwrap();
    publisher.unpublish().await.unwrap();

    let now = ingest.until(all_ended(1)).await;
    assert_eq!(now.publishes[0].video_packets, 1);
    assert!(ingest.packets(1).is_empty());
}

#[tokio::test]
async fn wrong_keys_are_turned_away_by_status() {
    let event = rejection(Rejection::OnStatus).await.unwrap();
    let code = "NetStream.Publish.BadName".to_owned();
    assert_eq!(event, ClientSessionEvent::UnhandleableOnStatusCode { code });
}

#[tokio::test]
async fn wrong_keys_are_turned_away_by_error() {
    let event = rejection(Rejection::Error).await.unwrap();
    let is_error = matches!(
        event,
        ClientSessionEvent::UnhandleableAmf0Command { ref command_name, .. } if command_name == "_error"
    );
    // `_error` without a transaction: the foreign client cannot place it.
    let is_unknown = matches!(
        event,
        ClientSessionEvent::UnknownTransactionResultReceived { .. }
    );
    assert!(is_error || is_unknown, "{event:?}");
}

#[tokio::test]
async fn wrong_keys_are_turned_away_silently() {
    let error = rejection(Rejection::Close).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

async fn rejection(rejection: Rejection) -> std::io::Result<ClientSessionEvent> {
    let options = Options {
        keys: Keys::only(["right"]),
        rejection,
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::connect(ingest.address()).await.unwrap();
    publisher.request("wrong").await.unwrap();
    let answer = publisher.event().await;
    assert_eq!(ingest.stats().publishes_rejected, 1);
    assert!(ingest.publishes().is_empty());

    ingest.accept_keys(Keys::only(["wrong"]));
    Publisher::publish(ingest.address(), "wrong").await.unwrap();
    answer
}

#[tokio::test]
async fn a_key_is_published_once_at_a_time() {
    let options = Options {
        duplicates: Duplicates::Reject,
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let first = Publisher::publish(ingest.address(), "key").await.unwrap();
    let mut second = Publisher::connect(ingest.address()).await.unwrap();
    second.request("key").await.unwrap();
    let code = "NetStream.Publish.BadName".to_owned();
    let expected = ClientSessionEvent::UnhandleableOnStatusCode { code };
    assert_eq!(second.event().await.unwrap(), expected);

    drop(first);
    ingest.until(all_ended(1)).await;
    Publisher::publish(ingest.address(), "key").await.unwrap();
}

#[tokio::test]
async fn acknowledges_when_the_publisher_asks() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let event = first_event_after_media(&ingest).await;
    let acknowledged = matches!(event, ClientSessionEvent::AcknowledgementReceived { .. });
    assert!(acknowledged, "{event:?}");
}

#[tokio::test]
async fn acknowledges_nothing_when_told() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    ingest.acknowledge(false);
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    send_much(&mut publisher).await;
    publisher.unpublish().await.unwrap();
    ingest.until(all_ended(1)).await;
    ingest.cut_all();
    publisher.event().await.unwrap_err();
}

async fn first_event_after_media(ingest: &ingest::RunningIngest) -> ClientSessionEvent {
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    send_much(&mut publisher).await;
    publisher.event().await.unwrap()
}

/// More than the window that the publisher announces.
async fn send_much(publisher: &mut Publisher<TcpStream>) {
    const LARGE: &[u8] = &[0xaf; 4_000];
    for timestamp in 0..10 {
        publisher.audio(timestamp, LARGE).await.unwrap();
    }
}

#[tokio::test]
async fn speaks_tls() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();

    let options = Options {
        tls: Some(Arc::new(server)),
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    assert!(ingest.url("live").starts_with("rtmps://127.0.0.1:"));
    let tcp = TcpStream::connect(ingest.address()).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let tls = connector.connect(name, tcp).await.unwrap();
    let mut publisher = Publisher::over(tls, "rtmps").await.unwrap();
    publisher.request("key").await.unwrap();
    let accepted = publisher.event().await.unwrap();
    assert_eq!(accepted, ClientSessionEvent::PublishRequestAccepted);
    publisher.video(0, KEY_FRAME).await.unwrap();
    publisher.unpublish().await.unwrap();
    let now = ingest.until(all_ended(1)).await;
    assert_eq!(now.publishes[0].video_packets, 1);
}
