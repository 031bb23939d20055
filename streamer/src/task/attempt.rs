//! One attempt at a broadcast, from its record in the table to its end.

use std::time::Duration;

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, DestinationProgress, Failure, FailureKind, Phase, Progress, aws,
    keys::Keys,
    table::{Claim, Table},
};
use chrono::Utc;
use futures_util::future::join_all;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Settings, checkpoint,
    metrics::{self, Metrics},
    report::{LAST_PATIENCE, LAST_PATIENCE_ON_STOP, Reporter},
};
use crate::{
    media::{Arrangement, Movie, MovieOptions, Programme},
    show::{self, Codecs, Show, ShowDestination, Update},
    source::{Source, SourceOptions},
};

/// How long a show that was told to stop may take before it is dropped. An attempt that was
/// overtaken has learnt of it up to five seconds late already.
const LAST_SECONDS: Duration = Duration::from_secs(5);
/// How long the last line of metrics may take.
const LAST_LINE: Duration = Duration::from_secs(1);

/// Plays an attempt: reads the broadcast and its keys, opens the video, shows it, writes progress
/// and metrics meanwhile and the end at the end. It is over within 30 s after `stop` was cancelled,
/// whoever does not answer: 5 s for the show, 14 s for its last progress, 5 s for the end.
///
/// # Errors
/// `Superseded` when the attempt is not, or no longer, the broadcast's latest one, or the
/// broadcast is settled. `Interrupted` when `stop` is cancelled. Else what the video or the
/// destinations fail with.
pub(super) async fn play(settings: &Settings, stop: CancellationToken) -> Result<(), Failure> {
    let begin = async {
        let aws = aws::config().await;
        let table = Table::new(&aws, settings.table.clone());
        // In this order: what an older streamer writes until it is displaced is read here.
        let claim = table
            .claim(&settings.broadcast, settings.attempt, Uuid::new_v4())
            .await?;
        let broadcast = table.get(&settings.broadcast).await?;
        Ok((aws, table, claim, broadcast))
    };
    let begun = unless_stopped(&stop, "while the broadcast was being read", begin).await;
    let (aws, table, claim, broadcast) = begun?;
    let attempt = Attempt {
        settings,
        aws: &aws,
        table: &table,
        broadcast: &broadcast,
        claim,
    };
    let played = attempt.play(stop).await;
    match &played {
        // The attempt that overtook this one, or who settled the broadcast, has the last word.
        Err(failure) if failure.kind == FailureKind::Superseded => {}
        _ => attempt.end(played.as_ref().err()).await,
    }
    played
}

/// Does some of what comes before the show, of which nothing is lost by leaving at once.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    when: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => Err(Failure::new(
            FailureKind::Interrupted,
            format!("told to stop {when}"),
        )),
    }
}

struct Attempt<'a> {
    settings: &'a Settings,
    aws: &'a SdkConfig,
    table: &'a Table,
    broadcast: &'a Broadcast,
    claim: Claim,
}

/// The destinations of a broadcast, as this attempt finds them.
#[derive(Default)]
struct Cast {
    /// To be played to.
    playing: Vec<ShowDestination>,
    /// Finished by an earlier attempt, or without a key.
    others: Vec<DestinationProgress>,
}

impl Cast {
    /// Whether an earlier attempt sent all of the show to some destination.
    fn has_aired(&self) -> bool {
        self.others.iter().any(|other| other.finished)
    }
}

impl Attempt<'_> {
    async fn play(&self, stop: CancellationToken) -> Result<(), Failure> {
        let cast = async { Ok(self.cast().await) };
        let cast = unless_stopped(&stop, "while the keys were being read", cast).await?;
        if cast.playing.is_empty() {
            return self.nothing_to_play(&cast.others).await;
        }
        let opening = Update {
            phase: Phase::Opening,
            destinations: cast.playing.iter().map(|one| self.start(one)).collect(),
            ..Update::default()
        };
        let (updates, followed) = watch::channel(opening);
        let metrics = Metrics::new(self.settings, self.before())
            .map(|metrics| tokio::spawn(metrics::follow(metrics, followed.clone())));
        let played = self.play_to(cast, updates, followed, stop).await;
        if let Some(metrics) = metrics {
            // No more updates follow, so this only has its last line to write.
            let _ = timeout(LAST_LINE, metrics).await;
        }
        played
    }

    async fn play_to(
        &self,
        cast: Cast,
        updates: watch::Sender<Update>,
        followed: watch::Receiver<Update>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let mut reporter = self.reporter();
        let whole = |update| self.whole(update, &cast.others);
        let show = self.show(&cast, updates, stop.clone());
        let follow = reporter.follow(followed, whole);
        tokio::pin!(show);
        let (mut shown, mut last) = tokio::select! {
            shown = &mut show => shown,
            refused = follow => {
                // No more updates only follow from the end of the show.
                if let Err(refused) = refused {
                    tracing::warn!(reason = broadcast::aws::words(&refused), "overtaken; stopping");
                    stop.cancel();
                    let _ = timeout(LAST_SECONDS, show).await;
                    return Err(refused.into());
                }
                show.await
            }
        };
        // The broadcast has aired at one destination, whatever becomes of the rest now.
        if let Some(failure) = shown.as_ref().err().filter(|_| cast.has_aired())
            && failure.kind != FailureKind::Interrupted
        {
            tracing::error!(%failure, "only an earlier attempt aired the show to its end");
            for destination in &mut last.destinations {
                destination.failure.get_or_insert_with(|| failure.clone());
            }
            shown = Ok(());
        }
        let mut progress = self.whole(last, &cast.others);
        // What was told to stop, or found the video unreadable, goes on with the next attempt; for
        // this one it is over.
        progress.phase = Phase::Finished;
        let patience = match stop.is_cancelled() {
            true => LAST_PATIENCE_ON_STOP,
            false => LAST_PATIENCE,
        };
        let written = reporter.last(&progress, patience).await;
        match (shown, written) {
            (_, Err(failure)) if failure.kind == FailureKind::Superseded => Err(failure),
            (shown, Err(failure)) => {
                tracing::error!(reason = failure.message, "the last progress is not written");
                shown
            }
            (shown, Ok(())) => shown,
        }
    }

    /// Opens the video and shows it. Returns how it went and the last update.
    async fn show(
        &self,
        cast: &Cast,
        updates: watch::Sender<Update>,
        stop: CancellationToken,
    ) -> (Result<(), Failure>, Update) {
        let opened = unless_stopped(&stop, "while the video was being opened", self.open()).await;
        let programme = match opened {
            Ok(programme) => programme,
            Err(failure) => return (Err(failure), updates.borrow().clone()),
        };
        for warning in programme.warnings() {
            tracing::warn!(warning, "the video");
        }
        let show = Show {
            on_drop: self.broadcast.on_drop,
            // One that is to air as soon as possible has its air time from when it was asked for.
            is_announced: self.broadcast.air_time > self.broadcast.created_at,
            has_aired: cast.has_aired(),
            ..Show::new(
                programme,
                cast.playing.clone(),
                self.broadcast.air_time,
                self.settings.dial_policy(),
            )
        };
        let followed = updates.subscribe();
        let shown = show::run(show, updates, stop).await.map(|_| ());
        let last = followed.borrow().clone();
        (shown, last)
    }

    /// Opens the video and arranges it as the broadcast says, in each attempt alike: checkpoints
    /// are positions of the whole, head and tail included.
    async fn open(&self) -> Result<Programme, Failure> {
        let options = SourceOptions {
            addresses: self.settings.addresses,
            allow_plain_http: self.settings.addresses.allow_private,
            aws: Some(self.aws.clone()),
            was_read_before: self.before().is_some_and(Progress::has_been_on_air),
            ..SourceOptions::default()
        };
        let source = Source::open(&self.broadcast.source, options).await?;
        let movie = MovieOptions {
            audio_track: self.broadcast.audio_track,
        };
        let movie = Movie::open(source, &movie).await?;
        let arrangement = Arrangement {
            head: Duration::from_secs(self.broadcast.head_seconds),
            tail: Duration::from_secs(self.broadcast.tail_seconds),
            silence: self.broadcast.silence,
        };
        Programme::new(movie, arrangement).await
    }

    /// Gets the keys. A destination whose key is missing does not keep the others from playing.
    async fn cast(&self) -> Cast {
        let keys = Keys::new(self.aws);
        let destinations = self.broadcast.destinations.iter();
        let looked_up = join_all(destinations.map(async |destination| {
            let before = checkpoint::of(self.before(), &destination.name);
            if let Some(before) = before.filter(|before| before.finished) {
                return Err(before.clone());
            }
            match keys.get(&destination.key_parameter).await {
                Ok(key) => Ok(ShowDestination {
                    start_at: Some(checkpoint::position(self.before(), &destination.name)),
                    on_air_at: before.and_then(|before| before.on_air_at),
                    backup: destination.backup.clone(),
                    timestamps: destination.timestamps,
                    codecs: Codecs::of(destination.platform, destination.enhanced),
                    ..ShowDestination::new(&destination.name, destination.ingest.clone(), key)
                }),
                Err(error) => {
                    let failure = Failure::from(error);
                    tracing::error!(
                        destination = destination.name,
                        reason = failure.message,
                        "not played to"
                    );
                    Err(DestinationProgress {
                        name: destination.name.clone(),
                        failure: Some(failure),
                        ..before.cloned().unwrap_or_default()
                    })
                }
            }
        }))
        .await;
        let mut cast = Cast::default();
        for destination in looked_up {
            match destination {
                Ok(playing) => cast.playing.push(playing),
                Err(other) => cast.others.push(other),
            }
        }
        cast
    }

    /// All destinations have finished already, or none has a key.
    async fn nothing_to_play(&self, others: &[DestinationProgress]) -> Result<(), Failure> {
        let over = Update {
            phase: Phase::Finished,
            duration: self
                .before()
                .map(|before| before.duration)
                .unwrap_or_default(),
            ..Update::default()
        };
        let over = self.whole(over, others);
        self.reporter().last(&over, LAST_PATIENCE).await?;
        if others.iter().any(|other| other.finished) {
            return Ok(());
        }
        let failure = others.iter().find_map(|other| other.failure.clone());
        Err(failure.unwrap_or_else(|| {
            Failure::new(FailureKind::BadRequest, "the broadcast has no destination")
        }))
    }

    fn start(&self, destination: &ShowDestination) -> DestinationProgress {
        DestinationProgress {
            name: destination.name.clone(),
            position: destination.start_at.unwrap_or_default(),
            ..DestinationProgress::default()
        }
    }

    fn whole(&self, update: Update, others: &[DestinationProgress]) -> Progress {
        let progress = Progress {
            attempt: self.settings.attempt,
            phase: update.phase,
            duration: update.duration,
            heartbeat: Utc::now(),
            destinations: update.destinations,
        };
        checkpoint::merged(progress, self.before(), others)
    }

    /// What the attempt before wrote last.
    fn before(&self) -> Option<&Progress> {
        self.broadcast.progress.as_ref()
    }

    fn reporter(&self) -> Reporter {
        Reporter::new(
            self.table.clone(),
            self.broadcast.id.clone(),
            self.claim.clone(),
        )
    }

    /// Records the end in the words of the one who was there.
    async fn end(&self, failure: Option<&Failure>) {
        let (id, attempt) = (&self.broadcast.id, self.settings.attempt);
        let recorded = self.table.end_attempt(id, attempt, Utc::now(), failure);
        match timeout(LAST_SECONDS, recorded).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    reason = broadcast::aws::words(&error),
                    "the end is not recorded"
                );
            }
            Err(_) => tracing::warn!("the end is not recorded: the table does not answer"),
        }
    }
}
