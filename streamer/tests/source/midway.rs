//! What happens to a web server while a show is on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use streamer::{
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::{
    far_apart::media_in_three_places,
    server::{Behaviour, Server, options, options_for, serve, soon_given_up},
    video::{Played, play, read},
};

/// A server that is as it should be until it is out of order.
struct Ailing {
    server: Server,
    is_out: Arc<AtomicBool>,
}

impl Ailing {
    async fn new(fault: Behaviour) -> Self {
        let is_out = Arc::new(AtomicBool::new(false));
        let out = Arc::clone(&is_out);
        let server = serve(media_in_three_places(), move |_, _| {
            match out.load(Ordering::SeqCst) {
                true => fault.clone(),
                false => Behaviour::Serve,
            }
        })
        .await;
        Self { server, is_out }
    }

    /// The video is opened, the server gets out of order, for some time or for good, and the video
    /// is read.
    async fn play(&self, path: &str, options: SourceOptions, away: Option<Duration>) -> Played {
        let source = Source::open(&self.server.url(path), options).await.unwrap();
        let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
        self.is_out_for(away);
        read(&movie).await
    }

    fn is_out_for(&self, away: Option<Duration>) {
        self.is_out.store(true, Ordering::SeqCst);
        if let Some(away) = away {
            let is_out = Arc::clone(&self.is_out);
            tokio::spawn(async move {
                tokio::time::sleep(away).await;
                is_out.store(false, Ordering::SeqCst);
            });
        }
    }
}

/// All packets of the video.
async fn whole() -> Played {
    let server = serve(media_in_three_places(), |_, _| Behaviour::Serve).await;
    let played = play(&server.url("/talk.mp4"), options()).await;
    played.whole();
    played
}

const FAULTS: [(Behaviour, &[&str]); 13] = [
    (Behaviour::Status(500), &["500"]),
    (Behaviour::StatusWith(503, "retry-after: 1"), &["503"]),
    (Behaviour::Status(403), &["could be read before", "403"]),
    (
        Behaviour::Status(404),
        &["could be read before", "nothing at this address"],
    ),
    (
        Behaviour::IgnoreRange,
        &["could be read before", "range requests"],
    ),
    // To the page of a maintenance, or what an address that answers strangely leads to.
    (
        Behaviour::RedirectTo("http://192.0.2.1/maintenance"),
        &["could be read before", "plain http"],
    ),
    (
        Behaviour::RedirectTo("http://169.254.169.254/latest"),
        &["could be read before", "169.254.169.254"],
    ),
    (
        Behaviour::RedirectTo("file:///etc/passwd"),
        &["could be read before", "redirects to"],
    ),
    (
        Behaviour::RedirectTo("/talk.mp4"),
        &["could be read before", "redirects more than"],
    ),
    (Behaviour::Reset, &["connection"]),
    (Behaviour::Short, &["ended after"]),
    (Behaviour::Silence, &["no answer"]),
    (Behaviour::Range("bytes 7-9/10"), &["another range"]),
];

#[tokio::test]
async fn what_passes_costs_nothing() {
    for (fault, _) in FAULTS {
        let options = options_for(&fault);
        let ailing = Ailing::new(fault).await;
        let away = Some(Duration::from_millis(300));
        let played = ailing.play("/talk.mp4", options, away);
        played.await.whole();
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_has_read_is_waited_for_while_it_is_opened() {
    for (fault, _) in FAULTS {
        let options = SourceOptions {
            was_read_before: true,
            ..options_for(&fault)
        };
        let ailing = Ailing::new(fault).await;
        ailing.is_out_for(Some(Duration::from_millis(300)));
        play(&ailing.server.url("/talk.mp4"), options).await.whole();
    }
}

#[tokio::test]
async fn what_stays_is_told_with_the_position() {
    let all = whole().await.packets;
    for (fault, words) in FAULTS {
        // Half a file each time is a whole one in the end.
        if matches!(fault, Behaviour::Reset | Behaviour::Short) {
            continue;
        }
        let options = soon_given_up(&fault);
        let ailing = Ailing::new(fault).await;
        let played = ailing.play("/talk.mp4", options, None);
        played.await.broke_off(&all, words);
    }
}

#[tokio::test]
async fn a_server_that_breaks_off_each_answer_is_read_nevertheless() {
    for fault in [Behaviour::Reset, Behaviour::Short] {
        let ailing = Ailing::new(fault).await;
        let played = ailing.play("/talk.mp4", options(), None);
        played.await.whole();
    }
}

#[tokio::test]
async fn another_file_is_not_waited_for() {
    let all = whole().await.packets;
    let other = Behaviour::As("etag: \"v2\"\r\n");
    let ailing = Ailing::new(other).await;
    let played = ailing.play("/talk.mp4", options(), None);
    played.await.broke_off(&all, &["changed or replaced"]);
}

#[tokio::test]
async fn a_signed_address_that_expires_is_told_as_such_at_once() {
    let all = whole().await.packets;
    let ailing = Ailing::new(Behaviour::Status(403)).await;
    let expired = Utc::now() - TimeDelta::minutes(1);
    let path = format!(
        "/talk.mp4?se={}&sig=secret",
        expired.format("%Y-%m-%dT%H:%M:%SZ")
    );
    let played = ailing.play(&path, options(), None).await;
    played.broke_off(&all, &["signed address expired at", "s3://"]);
}
