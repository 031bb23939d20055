//! One destination of a show, from before the air time to its end.

use std::{sync::Arc, time::Duration};

use broadcast::{Failure, FailureKind, MediaTime, OnDrop};
use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    gate,
    opening::random,
    pace::Pace,
    reporter::Reporter,
    session::{Halt, Played, Session},
    spec::{Show, ShowDestination},
};
use crate::ingest::{Connection, DialPolicy, LinkError};

/// How long the end of the show may take to arrive.
const LAST_FRAMES: Duration = Duration::from_secs(5);
/// The same when we are told to stop, which must be over within five seconds.
const LAST_FRAMES_ON_STOP: Duration = Duration::from_secs(3);

/// What one destination knows across its connections.
pub(super) struct Destination {
    pub(super) show: Arc<Show>,
    pub(super) target: ShowDestination,
    pub(super) dial: DialPolicy,
    pub(super) reporter: Reporter,
    pub(super) stop: CancellationToken,
    /// When this attempt at the show began.
    pub(super) began: DateTime<Utc>,
    /// From where a new connection goes on: a key frame that the ingest is known to have.
    pub(super) resume: MediaTime,
    /// The last packet that was handed to the kernel.
    pub(super) last_sent: Option<MediaTime>,
    /// Its clock, once it has been on air.
    pub(super) pace: Option<Pace>,
    pub(super) backoff: Backoff,
    /// Since when no connection has worked.
    pub(super) failing_since: Option<Instant>,
    /// Whether the ingest has accepted the key in this attempt.
    pub(super) accepted: bool,
    /// Rejections of the key in a row.
    pub(super) rejections: u32,
}

impl Destination {
    pub(super) fn new(
        show: Arc<Show>,
        target: ShowDestination,
        reporter: Reporter,
        stop: CancellationToken,
        began: DateTime<Utc>,
    ) -> Self {
        Self {
            dial: show.dial.clone().for_bit_rate(show.bit_rate()),
            resume: target.start_at.unwrap_or(show.start_at),
            show,
            target,
            reporter,
            stop,
            began,
            last_sent: None,
            pace: None,
            backoff: Backoff::new(),
            failing_since: None,
            accepted: false,
            rejections: 0,
        }
    }

    /// Sends the show to its end, or says why that could not be done.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let connect_at = self.show.air_time - self.show.connect_ahead;
        tokio::select! {
            () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
            () = gate::wait(connect_at) => {}
        }
        loop {
            let connection = self.open().await?;
            if self.play(connection).await? {
                self.reporter.finished(self.show.movie.duration);
                return Ok(());
            }
        }
    }

    /// Sends over one connection; whether that reached the end of the show.
    async fn play(&mut self, mut connection: Connection) -> Result<bool, Failure> {
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
            Ok(Played::GoAway) => {
                tracing::info!(
                    destination = self.target.name,
                    "the ingest asks to be left; publishing anew"
                );
                // What was sent arrives; the stream is not ended, for we are back in a moment.
                let _ = connection.leave(LAST_FRAMES_ON_STOP).await;
                self.reporter.disconnected(None);
                Ok(false)
            }
            Err(Halt::Stopped) => {
                // Another attempt may go on, so the stream is left and not ended: a platform may
                // end a post for good when it is.
                let left = connection.leave(LAST_FRAMES_ON_STOP).await;
                if let (Ok(_), Some(position)) = (left, self.last_sent) {
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
                drop(connection);
                self.lost(&session, error).await.map(|()| false)
            }
        }
    }

    /// Takes stock after a connection was lost, and waits before the next.
    async fn lost(&mut self, session: &Session, error: LinkError) -> Result<(), Failure> {
        if session.has_worked(&error) {
            self.failing_since = None;
            self.backoff = Backoff::new();
        }
        let failure = Failure::from(error);
        tracing::warn!(
            destination = self.target.name,
            position = %self.reporter.progress().position,
            %failure,
            "lost the ingest"
        );
        if failure.kind == FailureKind::UnsupportedMedia {
            self.reporter.disconnected(Some(failure.clone()));
            return Err(failure);
        }
        if let (OnDrop::Resume, Some(key_frame)) = (self.show.on_drop, session.resume()) {
            self.resume = self.resume.max(key_frame);
        }
        self.reporter.disconnected(Some(failure));
        self.failing_since.get_or_insert_with(Instant::now);
        let wait = self.backoff.next(random());
        tokio::select! {
            () = self.stop.clone().cancelled_owned() => Err(self.interrupted()),
            () = sleep(wait) => Ok(()),
        }
    }

    pub(super) fn interrupted(&mut self) -> Failure {
        self.reporter.disconnected(None);
        Failure::new(FailureKind::Interrupted, "the show was told to stop")
            .at(self.reporter.progress().position)
    }
}
