//! How the ingest misbehaves.

use std::{io, time::Duration};

use crate::support::{ANY_PORT, KEY_FRAME, PICTURE, Publisher};
use ingest::{After, Ending, Event, Fault, Ingest, Options, RunningIngest, Stage, Words};
use rml_rtmp::sessions::ClientSessionEvent;
use tokio::{net::TcpStream, time};

/// Long enough that what is to happen has happened, short enough to wait for what must not.
const A_WHILE: Duration = Duration::from_millis(200);

async fn ending(ingest: &RunningIngest, publish: usize) -> Ending {
    let now = ingest
        .until(|now| {
            let publish = now.publishes.get(publish - 1);
            publish.is_some_and(|publish| publish.ended.is_some())
        })
        .await;
    now.publishes[publish - 1].ended.clone().unwrap().how
}

#[tokio::test]
async fn cuts_after_packets_and_stays_away() {
    let fault = Fault::Cut {
        after: After::Packets(2),
        away: Duration::from_millis(300),
    };
    let options = Options {
        faults: vec![fault],
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    publisher.video(0, KEY_FRAME).await.unwrap();
    publisher.video(40, PICTURE).await.unwrap();
    let error = publisher.event().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(ingest.address()).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(ending(&ingest, 1).await, Ending::Cut);

    let mut again = loop {
        match Publisher::publish(ingest.address(), "key").await {
            Ok(publisher) => break publisher,
            Err(_) => time::sleep(Duration::from_millis(20)).await,
        }
    };
    for timestamp in 0..5 {
        again.video(timestamp, KEY_FRAME).await.unwrap();
    }
    again.unpublish().await.unwrap();
    assert_eq!(ending(&ingest, 2).await, Ending::Unpublished);
    let publishes = ingest.publishes();
    assert_eq!((publishes[1].stream, publishes[1].part), (1, 2));
    assert_eq!((publishes[0].packets(), publishes[1].packets()), (2, 5));
}

#[tokio::test]
async fn cuts_after_media_time() {
    let fault = Fault::Cut {
        after: After::MediaTime(Duration::from_secs(3)),
        away: Duration::ZERO,
    };
    let options = Options {
        faults: vec![fault],
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    for timestamp in [10_000, 12_999, 13_000] {
        publisher.video(timestamp, KEY_FRAME).await.unwrap();
    }
    publisher.event().await.unwrap_err();
    assert_eq!(ending(&ingest, 1).await, Ending::Cut);
    assert_eq!(ingest.publishes()[0].packets(), 3);
    assert_eq!(ingest.stats().cuts, 1);
}

#[tokio::test]
async fn cuts_when_told() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let mut events = ingest.events();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    ingest.cut_all();
    publisher.event().await.unwrap_err();
    let mut seen = Vec::new();
    while seen.last() != Some(&Event::Disconnected) {
        seen.push(events.recv().await.unwrap());
    }
    let expected = [
        Event::Connected,
        Event::PublishStarted { publish: 1 },
        Event::PublishEnded {
            publish: 1,
            how: Ending::Cut,
        },
        Event::Disconnected,
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn refuses_and_accepts_again_on_the_same_port() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let mut open = Publisher::publish(ingest.address(), "one").await.unwrap();
    for _ in 0..3 {
        ingest.refuse(true).await;
        let refused = TcpStream::connect(ingest.address()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        ingest.refuse(false).await;
        Publisher::publish(ingest.address(), "two").await.unwrap();
    }
    open.video(0, KEY_FRAME).await.unwrap();
    ingest.until(|now| now.publishes[0].packets() == 1).await;
}

#[tokio::test]
async fn a_stalled_ingest_reads_nothing() {
    let options = Options {
        receive_buffer: Some(4096),
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    ingest.stall_reading(true);
    let before = ingest.stats().bytes;
    const LARGE: &[u8] = &[0x27; 1 << 20];
    let flood = async {
        loop {
            publisher.video(0, LARGE).await.unwrap();
        }
    };
    time::timeout(A_WHILE, flood).await.unwrap_err();
    assert_eq!(ingest.stats().bytes, before);
    ingest.stall_reading(false);
    ingest.until(|now| now.stats.bytes > before).await;
}

#[tokio::test]
async fn one_publish_stalls_and_the_next_does_not() {
    let fault = Fault::Stall {
        after: After::Packets(1),
    };
    let options = Options {
        faults: vec![fault],
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut stalled = Publisher::publish(ingest.address(), "key").await.unwrap();
    stalled.video(0, KEY_FRAME).await.unwrap();
    ingest.until(|now| now.publishes[0].packets() == 1).await;
    stalled.video(40, PICTURE).await.unwrap();
    let mut next = Publisher::publish(ingest.address(), "key").await.unwrap();
    next.video(0, KEY_FRAME).await.unwrap();
    next.video(40, PICTURE).await.unwrap();
    ingest.until(|now| now.publishes[1].packets() == 2).await;
    assert_eq!(ingest.publishes()[0].packets(), 1);
    assert_eq!(ingest.publishes()[0].ended, None);
}

#[tokio::test]
async fn a_slow_reader_takes_its_time() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    ingest.read_at_most(Some(100_000));
    let started = time::Instant::now();
    const LARGE: &[u8] = &[0x27; 30_000];
    publisher.video(0, LARGE).await.unwrap();
    publisher.video(0, LARGE).await.unwrap();
    ingest.until(|now| now.publishes[0].packets() == 2).await;
    let taken = started.elapsed();
    assert!(taken >= Duration::from_millis(400), "{taken:?}");
}

#[tokio::test]
async fn rejects_at_connect() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    ingest.reject_connect(true);
    let mut publisher = Publisher::connect(ingest.address()).await.unwrap();
    let event = publisher.event().await.unwrap();
    let rejected = matches!(event, ClientSessionEvent::ConnectionRequestRejected { .. });
    assert!(rejected, "{event:?}");
    assert_eq!(ingest.stats().connects_rejected, 1);
}

#[tokio::test]
async fn falls_silent_at_the_handshake() {
    let ingest = silent_from(Stage::Handshake).await;
    let connecting = Publisher::connect(ingest.address());
    assert!(time::timeout(A_WHILE, connecting).await.is_err());
}

#[tokio::test]
async fn falls_silent_at_connect() {
    let ingest = silent_from(Stage::Connect).await;
    let mut publisher = Publisher::connect(ingest.address()).await.unwrap();
    time::timeout(A_WHILE, publisher.event()).await.unwrap_err();
}

#[tokio::test]
async fn falls_silent_at_publish() {
    let ingest = silent_from(Stage::Publish).await;
    let mut publisher = Publisher::connect(ingest.address()).await.unwrap();
    publisher.request("key").await.unwrap();
    time::timeout(A_WHILE, publisher.event()).await.unwrap_err();
    assert!(ingest.publishes().is_empty());
}

async fn silent_from(stage: Stage) -> RunningIngest {
    let mut options = Options::default();
    options.behaviour.silent_from = Some(stage);
    Ingest::bind(ANY_PORT, options).await.unwrap()
}

#[tokio::test]
async fn what_is_no_rtmp_ends_the_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let mut stream = TcpStream::connect(ingest.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset, as long as it is over.
    let _ = stream.read_to_end(&mut answer).await;
    ingest.until(|now| now.stats.open_connections == 0).await;
}

#[tokio::test]
async fn shutting_down_finishes_what_goes_on() {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    ingest.shutdown().await;
    assert_eq!(ending(&ingest, 1).await, Ending::Shutdown);
    publisher.event().await.unwrap_err();
    TcpStream::connect(ingest.address()).await.unwrap_err();
}

#[tokio::test]
async fn half_closes_and_goes_on_reading() {
    let options = Options {
        faults: vec![Fault::HalfClose {
            after: After::Packets(1),
        }],
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    publisher.video(0, KEY_FRAME).await.unwrap();
    let error = publisher.event().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    publisher.video(40, PICTURE).await.unwrap();
    ingest.until(|now| now.publishes[0].packets() == 2).await;
    drop(publisher);
    assert_eq!(ending(&ingest, 1).await, Ending::Dropped);
}

#[tokio::test]
async fn asks_once_to_be_left() {
    let options = Options {
        faults: vec![Fault::GoAway {
            after: After::Packets(1),
        }],
        ..Options::default()
    };
    let ingest = Ingest::bind(ANY_PORT, options).await.unwrap();
    let mut publisher = Publisher::publish(ingest.address(), "key").await.unwrap();
    for timestamp in 0..3 {
        publisher.video(timestamp, KEY_FRAME).await.unwrap();
    }
    ingest.until(|now| now.publishes[0].packets() == 3).await;
    publisher.unpublish().await.unwrap();
    assert_eq!(ending(&ingest, 1).await, Ending::Unpublished);
}

/// What a publisher is told that asks an ingest whose behaviour is changed so.
async fn answer(
    change: impl FnOnce(&mut ingest::Behaviour),
) -> (RunningIngest, io::Result<ClientSessionEvent>) {
    let ingest = Ingest::bind(ANY_PORT, Options::default()).await.unwrap();
    ingest.change(change);
    let mut publisher = Publisher::connect(ingest.address()).await.unwrap();
    publisher.request("key").await.unwrap();
    let answer = publisher.event().await;
    (ingest, answer)
}

#[tokio::test]
async fn refuses_publish_in_given_words() {
    let code = "NetStream.Publish.Denied".to_owned();
    let words = Words {
        code: code.clone(),
        description: "no live access".to_owned(),
    };
    let (ingest, answer) = answer(|now| now.reject_publish = Some(words)).await;
    let expected = ClientSessionEvent::UnhandleableOnStatusCode { code };
    assert_eq!(answer.unwrap(), expected);
    assert_eq!(ingest.stats().publishes_rejected, 1);
}

#[tokio::test]
async fn closes_in_place_of_an_answer() {
    let (ingest, answer) = answer(|now| now.close_before_publish_start = true).await;
    assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(ingest.stats().publishes_rejected, 1);
}

#[tokio::test]
async fn announces_codecs_and_goes_on_as_ever() {
    let (ingest, answer) = answer(|now| now.codecs = vec!["hvc1".to_owned()]).await;
    assert_eq!(answer.unwrap(), ClientSessionEvent::PublishRequestAccepted);
    assert_eq!(ingest.publishes().len(), 1);
}
