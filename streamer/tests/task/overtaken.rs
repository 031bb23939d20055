//! Two tasks of one broadcast: the older one leaves the air within five seconds, and the ingest has
//! all of the show from the two together.

use std::time::{Duration, Instant};

use broadcast::FailureKind;
use ingest::{Duplicates, Ending, Keep, Kind, Options};

use crate::{host::HALF_A_MINUTE, world::World};

const SOON: Duration = Duration::from_secs(2);
/// How often a task asks whether it is still the one.
const ASKS_EVERY: Duration = Duration::from_secs(5);
/// What the question and the last packets may take on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(2);

async fn check(duplicates: Duplicates) {
    let world = World::with(Options {
        duplicates,
        keep: Keep::Data,
        ..Options::default()
    })
    .await;
    let id = world.broadcast(HALF_A_MINUTE, SOON, &["a"]).await;
    let older = world.streamer(&id, 1);
    let is_on_air = |now: &ingest::Snapshot| now.publishes.iter().any(|it| it.video_packets > 30);
    world.ingest.until(is_on_air).await;

    let told = Instant::now();
    assert_eq!(world.open_attempt(&id).await, 2);
    let newer = world.streamer(&id, 2);
    let (code, _) = older.ends().await;
    let gone = told.elapsed();

    assert_eq!(code, i32::from(FailureKind::Superseded.exit_code()));
    let has_taken_over = |now: &ingest::Snapshot| {
        let newer = now.publishes.get(1);
        newer.is_some_and(|newer| newer.video_packets > 180)
    };
    let now = world.ingest.until(has_taken_over).await;
    newer.terminate();
    let (code, _) = newer.ends().await;
    assert_eq!(code, i32::from(FailureKind::Interrupted.exit_code()));

    let (first, second) = (&now.publishes[0], &now.publishes[1]);
    let silent = first.last_media.unwrap().instant - told;
    println!("{duplicates:?}: the older one was off the air after {silent:?}, gone after {gone:?}");
    assert!(silent < ASKS_EVERY + SLACK, "{silent:?}");
    // It waits until the ingest has closed, too.
    assert!(gone < ASKS_EVERY + 2 * SLACK, "{gone:?}");
    // The stream is left and not ended: it goes on.
    let ended = first.ended.as_ref().unwrap();
    assert_eq!(ended.how, Ending::Dropped);
    assert!(!first.fc_unpublish);
    if duplicates == Duplicates::Reject {
        assert!(second.started.instant >= ended.at.instant);
        assert!(now.stats.publishes_rejected > 0);
    }
    let last = *numbers(&world, 1).last().unwrap();
    let after = numbers(&world, 2);
    assert!(after[0] <= last + 1, "from {} after {last}", after[0]);
    assert_eq!(after[0] % 30, 0, "it begins with a key frame");
    assert!(after.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert!(second.first_timestamp_ms >= first.first_timestamp_ms);
}

/// The numbers of the pictures of a publish, which their samples begin with.
fn numbers(world: &World, publish: u32) -> Vec<u32> {
    let packets = world.ingest.packets(publish).into_iter();
    packets
        .filter(|packet| packet.kind == Kind::Video && !packet.sequence_header)
        .map(|packet| {
            let data = packet.data.unwrap();
            u32::from_be_bytes(data[..4].try_into().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_older_of_two_tasks_leaves_within_five_seconds() {
    check(Duplicates::Accept).await;
}

#[tokio::test]
async fn the_newer_one_gets_in_where_only_one_may_publish() {
    check(Duplicates::Reject).await;
}
