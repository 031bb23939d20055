//! A connection that is reset after all was sent: what the ingest has read is what it said, and a
//! reset is no word.

use std::time::Duration;

use ingest::{After, Behaviour, Fault, Options};
use streamer::show::{self as shows, Update};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    movies::open,
    support::{check_parts, destination, ingest, media, show, soon, wanted},
};

/// What our end takes to be written after the last packet, be it on a slow machine.
const WRITTEN: Duration = Duration::from_millis(700);

/// An ingest that is seconds behind resets the connection at the end of the show.
async fn check_end(acknowledge: bool, reconnects: u32) {
    let movie = open("b-frames.mp4").await;
    let mut behaviour = Behaviour::default();
    behaviour.read_rate = Some(8_000);
    behaviour.acknowledge = acknowledge;
    let ingest = ingest(Options {
        receive_buffer: Some(2048),
        behaviour,
        ..Options::default()
    })
    .await;
    let show = show(&movie, vec![destination("it", &ingest)], soon());
    let (updates, mut last) = watch::channel(Update::default());
    let all = movie.video.frames;
    let (result, ()) = tokio::join!(shows::run(show, updates, CancellationToken::new()), async {
        let sent = |now: &Update| now.destinations.iter().any(|it| it.video_frames == all);
        last.wait_for(sent).await.unwrap();
        sleep(WRITTEN).await;
        ingest.cut_all();
        ingest.read_at_most(None);
    });
    let it = result.unwrap().destinations.remove(0);
    assert!(it.finished, "{it:?}");
    assert_eq!(it.reconnects, reconnects, "{it:?}");
    if reconnects > 0 {
        let parts = [media(&ingest, 1), media(&ingest, 2)];
        check_parts(&parts, &wanted(&movie).await);
    }
}

#[tokio::test]
async fn the_last_frames_are_sent_again_when_they_are_not_known_to_have_arrived() {
    tokio::join!(
        check_end(true, 1),
        // One that never says what it has is believed.
        check_end(false, 0)
    );
}

#[tokio::test]
async fn what_went_with_a_reset_is_not_in_the_checkpoint() {
    let movie = open("b-frames.mp4").await;
    let wanted = wanted(&movie).await;
    let ingest = ingest(Options {
        faults: vec![Fault::Stall {
            after: After::Packets(20),
        }],
        ..Options::default()
    })
    .await;
    let show = show(&movie, vec![destination("it", &ingest)], soon());
    let stop = CancellationToken::new();
    let (updates, mut last) = watch::channel(Update::default());
    let (result, ()) = tokio::join!(shows::run(show, updates, stop.clone()), async {
        let sent = |now: &Update| now.destinations.iter().any(|it| it.video_frames > 40);
        last.wait_for(sent).await.unwrap();
        stop.cancel();
        sleep(WRITTEN).await;
        ingest.cut_all();
    });
    let checkpoint = result.unwrap_err().position.unwrap();
    let received = media(&ingest, 1).len();
    assert!(
        checkpoint.as_millis() <= wanted[received - 1].dts,
        "{checkpoint} with {received} packets read"
    );
}
