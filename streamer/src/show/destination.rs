//! One destination of a show, from before the air time to its end.

use std::{sync::Arc, time::Duration};

use broadcast::{Backup, Failure, FailureKind, MediaTime, OnDrop};
use chrono::{DateTime, Utc};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    gate,
    halt::{Halt, Played},
    opening::Standing,
    pace::Pace,
    reporter::Reporter,
    route::Route,
    session::Session,
    spec::{Show, ShowDestination},
};
use crate::ingest::{Connection, DialPolicy, Farewell, LinkError};

/// How long the end of the show may take to arrive.
const LAST_FRAMES: Duration = Duration::from_secs(5);
/// The same when we are told to stop, which must be over within five seconds.
const LAST_FRAMES_ON_STOP: Duration = Duration::from_secs(3);
/// The same when the show goes on over another connection, and waits for that.
const LAST_FRAMES_ON_GO_AWAY: Duration = Duration::from_secs(1);

/// What one destination knows across its connections.
pub(super) struct Destination {
    pub(super) show: Arc<Show>,
    pub(super) target: ShowDestination,
    pub(super) dial: DialPolicy,
    pub(super) reporter: Reporter,
    /// Since when the show only goes on because of this destination.
    pub(super) alone: watch::Receiver<Option<Instant>>,
    pub(super) stop: CancellationToken,
    /// When this attempt at the show began.
    pub(super) began: DateTime<Utc>,
    /// From where a new connection goes on: a key frame that the ingest is known to have.
    pub(super) resume: MediaTime,
    /// Whether it goes on from there whatever the clock says, for that is past the end.
    pub(super) from_checkpoint: bool,
    /// The last packet that was handed to the kernel.
    pub(super) last_sent: Option<MediaTime>,
    /// The last packet of the last connection, whether it got that far or not.
    pub(super) last_queued: MediaTime,
    /// Its clock, once it has been on air.
    pub(super) pace: Option<Pace>,
    pub(super) backoff: Backoff,
    /// Since when no connection has brought the show further.
    pub(super) failing_since: Option<Instant>,
    /// Which of its ingests is used.
    pub(super) route: Route,
    pub(super) first: Standing,
    pub(super) backup: Standing,
}

impl Destination {
    pub(super) fn new(
        show: Arc<Show>,
        target: ShowDestination,
        reporter: Reporter,
        alone: watch::Receiver<Option<Instant>>,
        stop: CancellationToken,
        began: DateTime<Utc>,
    ) -> Self {
        Self {
            dial: show.dial.clone().for_bit_rate(show.bit_rate()),
            resume: target.start_at.unwrap_or(show.start_at),
            route: Route::new(target.backup.as_ref().map(Backup::after)),
            first: Standing::default(),
            backup: Standing::default(),
            show,
            target,
            reporter,
            alone,
            stop,
            began,
            from_checkpoint: false,
            last_sent: None,
            last_queued: MediaTime::ZERO,
            pace: None,
            backoff: Backoff::default(),
            failing_since: None,
        }
    }

    /// Sends the show to its end, or says why that could not be done.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        self.check_codec_early().await?;
        let connect_at = self.show.air_time - self.show.connect_ahead;
        tokio::select! {
            () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
            () = gate::wait(connect_at) => {}
        }
        loop {
            let connection = self.open().await?;
            if self.play(connection).await? {
                self.reporter.finished(self.show.programme.duration());
                return Ok(());
            }
        }
    }

    /// Sends over one connection; whether that reached the end of the show.
    pub(super) async fn play(&mut self, mut connection: Connection) -> Result<bool, Failure> {
        let mut session = Session::new(&self.dial, self.stop.clone());
        let played = match session.play(self, &mut connection).await {
            Ok(Played::End) => tokio::select! {
                () = self.stop.clone().cancelled_owned() => Err(Halt::Stopped),
                finished = session.finish(&mut connection, LAST_FRAMES) => finished,
            },
            other => other,
        };
        match played {
            Ok(Played::End) => Ok(true),
            Ok(Played::GoAway(key_frame)) => {
                tracing::info!(
                    destination = self.target.name,
                    "the ingest asks to be left; publishing anew"
                );
                let was_young = session.is_young();
                // The stream is not ended, for we are back in a moment.
                let left = connection.leave(LAST_FRAMES_ON_GO_AWAY).await;
                session.catch_up(&mut connection);
                let has_all = matches!(left, Ok(Farewell::Closed)) || session.has_all();
                let is_further = self.parts_at(key_frame, has_all, &session);
                if !has_all && self.show.on_drop == OnDrop::Resume {
                    // It comes again, and the ingest must not take us for a second publisher.
                    connection.abandon();
                }
                self.sent_away(was_young || !is_further)
                    .await
                    .map(|()| false)
            }
            Err(Halt::Stopped) => {
                // Another attempt may go on, so the stream is left and not ended: a platform may
                // end a post for good when it is.
                self.reporter.nothing_due();
                let left = connection.leave(LAST_FRAMES_ON_STOP).await;
                // Only an ingest that has closed in good order, too, has read all that was sent. Of
                // another it is known what it says it has.
                session.catch_up(&mut connection);
                let arrived = match left {
                    Ok(Farewell::Closed) => self.last_sent,
                    _ => session.arrived(),
                };
                if let Some(position) = arrived {
                    self.reporter.position(position);
                }
                Err(self.interrupted())
            }
            Err(Halt::Failed(failure)) => {
                let _ = connection.leave(LAST_FRAMES_ON_STOP).await;
                self.reporter.disconnected(Some(failure.clone()));
                Err(failure)
            }
            Err(Halt::Lost(error)) => {
                let error = session.last_words(&mut connection, error);
                connection.abandon();
                self.lost(&session, error).await.map(|()| false)
            }
        }
    }

    /// Where the show goes on after the ingest has asked to be left: with the key frame that is next
    /// if it `has_all` before that, else as after a lost connection. Whether that is further than
    /// this connection began. Under skip the clock decides.
    fn parts_at(&mut self, key_frame: MediaTime, has_all: bool, session: &Session) -> bool {
        let next = match (has_all, self.show.on_drop) {
            (true, _) | (_, OnDrop::Skip) => Some(key_frame),
            (false, OnDrop::Resume) => session.resume(),
        };
        let next = next.filter(|next| *next > self.resume);
        self.resume = next.unwrap_or(self.resume);
        next.is_some()
    }

    /// Goes on at once after the ingest has asked to be left. One that asks each time as soon as it
    /// is published to, or before it has taken anything, does not work, whatever it says: then there
    /// are pauses, and an end.
    async fn sent_away(&mut self, was_of_no_use: bool) -> Result<(), Failure> {
        if !was_of_no_use {
            self.recovered();
            self.route.left(Instant::now());
            self.reporter.disconnected(None);
            return Ok(());
        }
        let side = self.route.side();
        let failure = Failure::new(
            FailureKind::IngestProtocol,
            "the ingest asked to be left as soon as it was published to",
        );
        let failure = self.note(side, failure);
        let next = self.route.lost(false, Instant::now());
        self.go_on(failure, next).await
    }

    /// Takes stock after a connection was lost, and waits before the next.
    ///
    /// It may be made to the other ingest. What it begins with is the same: the last key frame that
    /// this ingest is known to have. A backup takes the same stream and stands in for the first, so
    /// to the platform it is a reconnect: nothing is missing from the two together, and at most a
    /// group of pictures and what was on its way are in both.
    async fn lost(&mut self, session: &Session, error: LinkError) -> Result<(), Failure> {
        let side = self.route.side();
        let resume = match self.show.on_drop {
            OnDrop::Resume => session
                .resume()
                .filter(|key_frame| *key_frame > self.resume),
            OnDrop::Skip => None,
        };
        // An ingest that takes the key and drops the connection again and again must not keep
        // the show on one spot for ever. Under skip the clock sees to that.
        let has_lasted = session.has_lasted(&error);
        let has_worked = match self.show.on_drop {
            OnDrop::Resume => resume.is_some(),
            OnDrop::Skip => has_lasted,
        };
        if has_worked {
            self.recovered();
        }
        if let Some(key_frame) = resume {
            self.resume = key_frame;
        }
        let took_nothing_for = match &error {
            LinkError::Stalled(time) => *time,
            _ => Duration::ZERO,
        };
        let since = Instant::now().checked_sub(took_nothing_for);
        let failure = self.note(side, error.into());
        tracing::warn!(
            destination = self.target.name,
            position = %self.reporter.progress().position,
            %failure,
            "lost the ingest"
        );
        if failure.kind == FailureKind::UnsupportedMedia {
            // A frame that is too large is so at each ingest.
            self.reporter.disconnected(Some(failure.clone()));
            return Err(failure);
        }
        let was_of_use = has_worked || has_lasted;
        let next = self
            .route
            .lost(was_of_use, since.unwrap_or_else(Instant::now));
        self.go_on(failure, next).await
    }

    pub(super) fn interrupted(&mut self) -> Failure {
        self.reporter.disconnected(None);
        Failure::new(FailureKind::Interrupted, "the show was told to stop")
            .at(self.reporter.progress().position)
    }
}
