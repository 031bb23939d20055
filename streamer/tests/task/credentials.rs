//! What a task on Fargate has to reach out with: a role's credentials, and the system's CAs.

use std::time::Duration;

use broadcast::FailureKind;
use ingest::Options;

use crate::{certificate::certificate, host::FAR_INDEX, world::World};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn credentials_are_renewed_while_the_show_goes_on() {
    let world = World::new().await;
    world.host.valid_for(Duration::from_secs(12));
    let id = world.broadcast(FAR_INDEX, SOON, &["a"]).await;

    let (code, _) = world.streamer(&id, 1).ends().await;

    assert_eq!(code, 0);
    let (given, used) = world.host.sessions();
    assert!(given > 1, "given {given} times");
    // What expires within minutes is not kept for the next read of the video.
    assert!(used.iter().all(|session| session.starts_with("session-")));
    assert!(used.len() > 1 && used.first() != used.last(), "{used:?}");
    assert!(world.progress(&id).await.destinations[0].finished);
}

#[tokio::test]
async fn without_credentials_it_says_so() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let environment = [
        ("BROADCAST_ID", id.as_str()),
        ("ATTEMPT", "1"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-another-task"),
    ];

    let (code, log) = world.streamer_with(&environment).ends().await;

    assert_eq!(code, i32::from(FailureKind::Internal.exit_code()));
    assert!(log.contains("credentials"), "{log}");
}

#[tokio::test]
async fn an_ingest_whose_ca_the_system_trusts_is_published_to() {
    let certificate = certificate("127.0.0.1");
    let world = World::with(Options {
        tls: Some(certificate.server.clone()),
        ..Options::default()
    })
    .await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let environment = [
        ("BROADCAST_ID", id.as_str()),
        ("ATTEMPT", "1"),
        // In the place of the system's own.
        ("SSL_CERT_FILE", certificate.ca_file.to_str().unwrap()),
    ];

    let (code, log) = world.streamer_with(&environment).ends().await;

    assert_eq!(code, 0, "{log}");
    assert_eq!(world.ingest.publishes()[0].video_packets, 60);
}
