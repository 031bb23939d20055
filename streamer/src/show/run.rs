//! Runs a show.

use std::{sync::Arc, time::Duration};

use broadcast::{Failure, FailureKind};
use chrono::Utc;
use tokio::{
    sync::{Notify, watch},
    task::{self, JoinSet},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    destination::Destination,
    gate,
    outcome::{End, conclude},
    reporter::{Reporter, Told},
    spec::Show,
    update::{Summary, Update},
};

/// The longest time between two updates.
const UPDATE_EVERY: Duration = Duration::from_millis(500);

/// Waits for the air time, sends the programme to every destination, and returns when the last of them
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
    let first_due = gate::instant(show.air_time).max(Instant::now());
    let show = Arc::new(show);
    let news = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let mut parts = Vec::new();
    for target in &show.destinations {
        let position = target.start_at.unwrap_or(show.start_at);
        let (reporter, told) = Reporter::new(&target.name, position, first_due, Arc::clone(&news));
        let (alone, is_alone) = watch::channel(None);
        let destination = Destination::new(
            Arc::clone(&show),
            target.clone(),
            reporter,
            is_alone,
            stop.clone(),
            began,
        );
        parts.push(Part {
            task: tasks.spawn(destination.run()).id(),
            told,
            alone,
            end: None,
        });
    }
    follow(&show, tasks, parts, &news, &updates).await
}

/// Waits for the ends of all destinations and passes on how they are meanwhile.
///
/// One that panics ends like one that fails, if the program was built to unwind: the others know
/// nothing of it.
async fn follow(
    show: &Show,
    mut tasks: JoinSet<Result<(), Failure>>,
    mut parts: Vec<Part>,
    news: &Notify,
    updates: &watch::Sender<Update>,
) -> Result<Summary, Failure> {
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
                        "sending to it broke off by a fault of ours, which the log tells of",
                    ))),
                };
                if let Some(part) = parts.iter_mut().find(|part| part.task == id) {
                    part.end(result);
                }
            }
            () = news.notified() => {}
            _ = ticks.tick() => {}
        }
        tell_who_is_alone(show, &parts);
        updates.send_replace(update(show, &parts));
    }
    let summary = update(show, &parts);
    updates.send_replace(summary.clone());
    let ends: Vec<End> = parts.into_iter().map(Part::into_end).collect();
    conclude(&ends).map(|()| summary)
}

/// A destination as the show sees it.
struct Part {
    task: task::Id,
    told: watch::Receiver<Told>,
    alone: watch::Sender<Option<Instant>>,
    /// How it ended, and how long it had stalled.
    end: Option<(Result<(), Failure>, Duration)>,
}

impl Part {
    fn end(&mut self, result: Result<(), Failure>) {
        self.end = Some((result, self.stalled()));
    }

    fn stalled(&self) -> Duration {
        match &self.end {
            Some((_, stalled)) => *stalled,
            None => self.told.borrow().stall.total(Instant::now()),
        }
    }

    fn has_finished(&self) -> bool {
        matches!(self.end, Some((Ok(()), _)))
    }

    fn is_sending(&self) -> bool {
        self.end.is_none() && self.told.borrow().progress.connected
    }

    fn into_end(self) -> End {
        let unknown = || {
            Err(Failure::new(
                FailureKind::Internal,
                "a destination has no end",
            ))
        };
        let progress = &self.told.borrow().progress;
        End {
            name: progress.name.clone(),
            position: progress.position,
            result: self.end.map_or_else(unknown, |(result, _)| result),
        }
    }
}

/// Lets each destination know since when the show only goes on because of it: another one has had
/// all of it, and none but this one is being sent to.
fn tell_who_is_alone(show: &Show, parts: &[Part]) {
    let has_aired = show.has_aired || parts.iter().any(Part::has_finished);
    let sending = parts.iter().filter(|part| part.is_sending()).count();
    for part in parts.iter().filter(|part| part.end.is_none()) {
        let is_alone = has_aired && sending == usize::from(part.is_sending());
        part.alone.send_if_modified(|since| {
            let changes = since.is_some() != is_alone;
            if changes {
                *since = is_alone.then(Instant::now);
            }
            changes
        });
    }
}

fn update(show: &Show, parts: &[Part]) -> Update {
    let destinations = parts
        .iter()
        .map(|part| {
            let mut progress = part.told.borrow().progress.clone();
            if let Some((Err(failure), _)) = &part.end {
                progress.connected = false;
                progress.failure = Some(failure.clone());
            }
            progress
        })
        .collect();
    let stalled = parts.iter().map(Part::stalled).sum();
    let ended = parts.iter().filter(|part| part.end.is_some()).count();
    Update::new(show.programme.duration(), destinations, stalled, ended)
}

#[cfg(test)]
mod tests {
    use crate::{
        address::AddressPolicy,
        ingest::DialPolicy,
        media::{Movie, MovieOptions},
        show::synthetic::Synthetic,
        source::Source,
    };

    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_end_of_one_destination_alone() {
        let file = Synthetic::usual(1, 100_000).file();
        let source = Source::from_bytes("synthetic.mp4", file).unwrap();
        let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
        let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
        let show = Show::new(movie, Vec::new(), Utc::now(), dial);
        let news = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let mut part = |name: &str, panics: bool| {
            let now = Instant::now();
            let start = broadcast::MediaTime::ZERO;
            let (mut reporter, told) = Reporter::new(name, start, now, Arc::clone(&news));
            let work = async move {
                reporter.connected(false);
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert!(!panics, "what nobody thought of");
                reporter.finished(start);
                Ok(())
            };
            Part {
                task: tasks.spawn(work).id(),
                told,
                alone: watch::channel(None).0,
                end: None,
            }
        };
        let parts = vec![part("well", false), part("broken", true)];
        let (updates, _seen) = watch::channel(Update::default());
        let summary = follow(&show, tasks, parts, &news, &updates).await.unwrap();
        let [well, broken] = &summary.destinations[..] else {
            panic!("{summary:?}");
        };
        assert!(well.finished && well.failure.is_none());
        assert!(!broken.finished && !broken.connected);
        let failure = broken.failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Internal);
    }
}
