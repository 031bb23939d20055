//! Getting a connection, at one of the ingests.

use broadcast::{Failure, FailureKind, Ingest};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::{codec::Refused, destination::Destination, gate, route::Side, setback::until};
use crate::ingest::{Connection, OpenError};

/// How often an ingest may reject a key, or show a certificate that is not trusted, before we
/// believe it, where there is reason for doubt.
const DOUBTFUL_REJECTIONS: u32 = 3;

/// What is known of one ingest of a destination in this attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Whether it has accepted the key.
    accepted: bool,
    /// Rejections of the key, or by us of the certificate, in a row.
    rejections: u32,
    /// Whether it has said that it takes the codec.
    pub(super) takes_codec: bool,
    /// What went wrong there last, since a connection was last of use.
    pub(super) failure: Option<Failure>,
}

impl Destination {
    /// Connects and publishes, again and again until it works, it is pointless, or patience ends.
    pub(super) async fn open(&mut self) -> Result<Connection, Failure> {
        loop {
            self.route.tries(Instant::now());
            if self.makes_way_at().is_some_and(|at| at <= Instant::now()) {
                self.make_way();
            }
            let side = self.route.side();
            let refused = match self.try_at(side).await? {
                Some(Ok(connection)) => return Ok(connection),
                Some(Err(refused)) => refused,
                // The time of the first ingest is over.
                None => continue,
            };
            let is_pointless = self.is_pointless(side, &refused);
            let failure = self.note(side, refused.into());
            tracing::warn!(destination = self.target.name, %failure, "no ingest");
            let next = self.route.failed(is_pointless);
            self.go_on(failure, next).await?;
        }
    }

    /// One try. None when it takes longer than the first ingest has before it makes way.
    async fn try_at(&mut self, side: Side) -> Result<Option<Result<Connection, Refused>>, Failure> {
        // In a box, for it is large and short-lived, and the task lasts as long as the show.
        let attempt: BoxFuture<'_, Result<Connection, Refused>> = async {
            self.check_codec(side).await?;
            Ok(Connection::publish(self.ingest(side), &self.target.key, &self.dial).await?)
        }
        .boxed();
        let opened = tokio::select! {
            () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
            opened = attempt => opened,
            () = until(self.makes_way_at()) => return Ok(None),
        };
        if opened.is_ok() {
            let on_backup = side == Side::Backup;
            let ingest = self.ingest(side).host();
            tracing::info!(
                destination = self.target.name,
                ingest,
                on_backup,
                "the ingest took the key"
            );
            let standing = self.standing(side);
            standing.accepted = true;
            standing.takes_codec = true;
            standing.rejections = 0;
            self.reporter.connected(on_backup);
        }
        Ok(Some(opened))
    }

    /// When the first ingest makes way for its backup, if it is away until then.
    pub(super) fn makes_way_at(&self) -> Option<Instant> {
        self.route.makes_way_at(gate::instant(self.show.air_time))
    }

    /// The first ingest has not come back in time: it is the backup's turn.
    fn make_way(&mut self) {
        if !self.route.make_way() {
            return;
        }
        let late = || {
            Failure::new(
                FailureKind::IngestUnreachable,
                "the ingest did not take the stream in time",
            )
        };
        self.standing(Side::First).failure.get_or_insert_with(late);
        tracing::warn!(
            destination = self.target.name,
            backup = self.ingest(Side::Backup).host(),
            "the first ingest does not come back; going to its backup"
        );
    }

    pub(super) fn takes_codec(&self, side: Side) -> bool {
        match side {
            Side::First => self.first.takes_codec,
            Side::Backup => self.backup.takes_codec,
        }
    }

    pub(super) fn ingest(&self, side: Side) -> &Ingest {
        match (side, &self.target.backup) {
            (Side::Backup, Some(backup)) => &backup.ingest,
            _ => &self.target.ingest,
        }
    }

    pub(super) fn standing(&mut self, side: Side) -> &mut Standing {
        match side {
            Side::First => &mut self.first,
            Side::Backup => &mut self.backup,
        }
    }

    /// Remembers what went wrong at an ingest, and says which one it was where there are two.
    pub(super) fn note(&mut self, side: Side, mut failure: Failure) -> Failure {
        if side == Side::Backup {
            let host = self.ingest(side).host();
            failure.message = format!("on the backup ingest {host}: {}", failure.message);
        }
        self.standing(side).failure = Some(failure.clone());
        failure
    }

    /// Whether another try at this ingest cannot help.
    fn is_pointless(&mut self, side: Side, refused: &Refused) -> bool {
        let error = match refused {
            Refused::Open(error) => error,
            Refused::Codec(_) => return true,
        };
        let is_ahead = gate::left(self.show.air_time).is_some();
        let standing = self.standing(side);
        if matches!(error, OpenError::Certificate { .. }) {
            // One of several servers behind a name may have been set up wrong.
            standing.rejections += 1;
            return !standing.accepted || standing.rejections >= DOUBTFUL_REJECTIONS;
        }
        match error.kind() {
            FailureKind::BadRequest | FailureKind::Internal => true,
            FailureKind::TokenRejected => {
                // Until the air time someone may still set the key right, or start the event that
                // it belongs to.
                if is_ahead {
                    return false;
                }
                standing.rejections += 1;
                match (error, standing.accepted) {
                    // It was good a moment ago; an ingest that restarts closes without a word.
                    (OpenError::ClosedOnKey, true) => false,
                    (OpenError::ClosedOnKey, false) | (_, true) => {
                        standing.rejections >= DOUBTFUL_REJECTIONS
                    }
                    (_, false) => true,
                }
            }
            _ => false,
        }
    }
}
