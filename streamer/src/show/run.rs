//! Runs a show.

use std::{sync::Arc, time::Duration};

use broadcast::{DestinationProgress, Failure, FailureKind};
use chrono::Utc;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    destination::Destination,
    outcome::{End, conclude},
    reporter::Reporter,
    spec::Show,
    update::{Summary, Update},
};

/// The longest time between two updates.
const UPDATE_EVERY: Duration = Duration::from_millis(500);

/// Waits for the air time, sends the movie to every destination, and returns when the last of them
/// has ended.
///
/// `updates` gets the whole progress at least every second. When `stop` is cancelled the show ends
/// cleanly within five seconds.
///
/// # Errors
/// When the show reached its end at no destination: the failure that tells most, with the position
/// from which another attempt goes on. `Interrupted` when it was stopped. The failures of single
/// destinations are in their progress, whatever becomes of the show.
pub async fn run(
    show: Show,
    updates: watch::Sender<Update>,
    stop: CancellationToken,
) -> Result<Summary, Failure> {
    if show.destinations.is_empty() {
        return Err(Failure::new(
            FailureKind::BadRequest,
            "the show has no destination",
        ));
    }
    let began = Utc::now();
    let show = Arc::new(show);
    let news = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let mut progress = Vec::new();
    let mut task_ids = Vec::new();
    for target in &show.destinations {
        let position = target.start_at.unwrap_or(show.start_at);
        let (reporter, receiver) = Reporter::new(&target.name, position, Arc::clone(&news));
        let destination = Destination::new(
            Arc::clone(&show),
            target.clone(),
            reporter,
            stop.clone(),
            began,
        );
        progress.push(receiver);
        task_ids.push(tasks.spawn(destination.run()).id());
    }

    let mut results: Vec<Option<Result<(), Failure>>> = vec![None; progress.len()];
    let mut ticks = interval(UPDATE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            joined = tasks.join_next_with_id() => {
                let (id, result) = match joined {
                    None => break,
                    Some(Ok(joined)) => joined,
                    Some(Err(error)) => (error.id(), Err(Failure::new(
                        FailureKind::Internal,
                        "a destination's task ended unexpectedly",
                    ))),
                };
                if let Some(index) = task_ids.iter().position(|task| *task == id) {
                    results[index] = Some(result);
                }
            }
            () = news.notified() => {}
            _ = ticks.tick() => {}
        }
        updates.send_replace(update(&show, &progress, &results));
    }
    let summary = update(&show, &progress, &results);
    updates.send_replace(summary.clone());
    let unknown = || {
        Err(Failure::new(
            FailureKind::Internal,
            "a destination has no end",
        ))
    };
    let ends: Vec<End> = summary
        .destinations
        .iter()
        .zip(results)
        .map(|(destination, result)| End {
            name: destination.name.clone(),
            position: destination.position,
            result: result.unwrap_or_else(unknown),
        })
        .collect();
    conclude(&ends).map(|()| summary)
}

fn update(
    show: &Show,
    progress: &[watch::Receiver<DestinationProgress>],
    results: &[Option<Result<(), Failure>>],
) -> Update {
    let destinations = progress
        .iter()
        .zip(results)
        .map(|(progress, result)| {
            let mut progress = progress.borrow().clone();
            if let Some(Err(failure)) = result {
                progress.connected = false;
                progress.failure = Some(failure.clone());
            }
            progress
        })
        .collect();
    let ended = results.iter().flatten().count();
    Update::new(show.movie.duration, destinations, ended)
}
