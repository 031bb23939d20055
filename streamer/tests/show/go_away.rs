//! "RTMP Go Away": the show goes on over a new connection from a key frame, and the stream is not
//! ended in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use broadcast::{FailureKind, StreamKey};
use ingest::{After, Behaviour, Fault, Options, Packet};
use streamer::show::ShowDestination;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    movies::open,
    support::{
        KEY, Wanted, check_parts, check_run, destination, ingest, media, run, show, soon, wanted,
    },
};

/// Message type 32 on chunk stream 2, empty.
const GO_AWAY: [u8; 12] = [2, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0];

/// What nginx-rtmp said from `connect` to `NetStream.Publish.Start`, recorded.
const ACCEPTED: &[u8] = include_bytes!("../fixtures/rtmp/nginx-rtmp-published.bin");

/// Takes a publish; after some bytes of it asks to go away. Returns all bytes.
async fn serve(mut stream: TcpStream, go_away_after: Option<usize>) -> Vec<u8> {
    let mut handshake = vec![0; 1 + 2 * 1536];
    handshake[0] = 3;
    stream.write_all(&handshake).await.unwrap();
    stream.read_exact(&mut handshake).await.unwrap();
    stream.write_all(ACCEPTED).await.unwrap();
    let mut received = Vec::new();
    let mut asked = false;
    while stream.read_buf(&mut received).await.unwrap() > 0 {
        if !asked && go_away_after.is_some_and(|after| received.len() > after) {
            stream.write_all(&GO_AWAY).await.unwrap();
            asked = true;
        }
    }
    received
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn an_ingest_that_sends_everybody_away_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtmp://{}/live", listener.local_addr().unwrap());
    let publishes = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&publishes);
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Relaxed);
            tokio::spawn(serve(stream, Some(1000)));
        }
    });
    let movie = open("b-frames.mp4").await;
    let destination = ShowDestination::new("it", url.parse().unwrap(), StreamKey::new(KEY));
    let mut show = show(&movie, vec![destination], soon());
    show.patience = Duration::from_secs(2);
    let failure = run(show).await.0.unwrap_err();
    assert_eq!(failure.kind, FailureKind::IngestProtocol);
    assert!(failure.message.contains("asked to be left"), "{failure}");
    // There are pauses, and it is not given up after the first.
    let publishes = publishes.load(Relaxed);
    assert!((2..=4).contains(&publishes), "{publishes}");
    server.abort();
}

#[tokio::test]
async fn the_show_moves_at_a_key_frame() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtmp://{}/live", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (first, _) = listener.accept().await.unwrap();
        let first = serve(first, Some(10_000)).await;
        let (second, _) = listener.accept().await.unwrap();
        (first, serve(second, None).await)
    });
    let movie = open("b-frames.mp4").await;
    let destination = ShowDestination::new("it", url.parse().unwrap(), StreamKey::new(KEY));
    let (result, _) = run(show(&movie, vec![destination], soon())).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!(it.reconnects, 1);
    assert_eq!(it.video_frames, movie.video.frames, "nothing is repeated");
    let (first, second) = server.await.unwrap();
    assert!(!has(&first, "deleteStream") && !has(&first, "FCUnpublish"));
    assert!(has(&second, "deleteStream") && has(&second, "FCUnpublish"));
    for connection in [first, second] {
        assert!(has(&connection, "onMetaData"), "headers come first");
    }
}

/// One that is seconds behind asks to be left: what it has not read by then comes again.
#[tokio::test]
async fn what_had_not_arrived_comes_again() {
    let check = async |acknowledge| {
        let movie = open("b-frames.mp4").await;
        let mut behaviour = Behaviour::default();
        behaviour.read_rate = Some(7_000);
        behaviour.acknowledge = acknowledge;
        let ingest = ingest(Options {
            receive_buffer: Some(2048),
            behaviour,
            faults: vec![Fault::GoAway {
                after: After::Packets(60),
            }],
            ..Options::default()
        })
        .await;
        let mut show = show(&movie, vec![destination("it", &ingest)], soon());
        show.patience = Duration::from_secs(60);
        let (shown, ()) = tokio::join!(run(show), async {
            let has_ended = |now: &ingest::Snapshot| now.publishes[0].ended.is_some();
            ingest
                .until(|now| !now.publishes.is_empty() && has_ended(now))
                .await;
            ingest.read_at_most(None);
        });
        let it = shown.0.unwrap().destinations.remove(0);
        assert_eq!(it.reconnects, 1, "{it:?}");
        let parts = [media(&ingest, 1), media(&ingest, 2)];
        let wanted = wanted(&movie).await;
        match acknowledge {
            true => check_parts(&parts, &wanted),
            // All of the little that was sent fits the kernel's buffer, so all of it is repeated.
            false => check_whole_again(&parts[1], &wanted),
        }
    };
    tokio::join!(check(true), check(false));
}

#[track_caller]
fn check_whole_again(received: &[Packet], wanted: &[Wanted]) {
    let (start, _) = check_run(received, wanted);
    assert_eq!((start, received.len()), (0, wanted.len()));
}
