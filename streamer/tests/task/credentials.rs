//! What a task on Fargate has to reach out with: a role's credentials, and the system's CAs.

use std::time::Duration;

use broadcast::FailureKind;
use ingest::Options;

use crate::{certificate::certificate, host::FAR_APART, world::World};

const SOON: Duration = Duration::from_secs(2);

/// The show goes on to its end with several sessions, each of them in its time.
async fn check_renewed(world: World, environment: &[(&str, &str)]) -> World {
    let id = world.broadcast(FAR_APART, SOON, &["a"]).await;
    let mut all = vec![("BROADCAST_ID", id.as_str()), ("ATTEMPT", "1")];
    all.extend(environment);

    let (code, log) = world.streamer_with(&all).ends().await;

    assert_eq!(code, 0, "{log}");
    let (given, mut used) = world.host.sessions();
    used.dedup();
    assert!(given > 2 && used.len() > 2, "given {given}, used {used:?}");
    assert!(world.progress(&id).await.destinations[0].finished);
    assert_eq!(world.ingest.publishes()[0].video_packets, 60);
    world
}

#[tokio::test]
async fn a_containers_credentials_are_renewed_while_the_show_goes_on() {
    let world = World::new().await;
    world.host.valid_for(Duration::from_millis(2500));
    check_renewed(world, &[]).await;
}

#[tokio::test]
async fn an_instances_credentials_are_renewed_while_the_show_goes_on() {
    let world = World::new().await;
    world.host.valid_for(Duration::from_millis(2500));
    let endpoint = format!("http://{}", world.host.address);
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint),
    ];
    check_renewed(world, &environment).await;
}

#[tokio::test]
async fn credentials_that_are_not_taken_any_more_make_way_for_others() {
    let world = World::new().await;
    world.host.taken_for(Duration::from_secs(1));
    let world = check_renewed(world, &[]).await;
    assert!(world.host.refused() > 0);
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
