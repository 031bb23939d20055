//! What is written down of how a broadcast went.

use broadcast::{Broadcast, Failure, Outcome};
use chrono::{DateTime, Utc};

/// How a broadcast went until now.
pub(crate) fn outcome(
    broadcast: &Broadcast,
    failure: Option<Failure>,
    now: DateTime<Utc>,
) -> Outcome {
    let destinations = broadcast
        .progress
        .as_ref()
        .map(|progress| progress.destinations.clone())
        .unwrap_or_default();
    // Of the destination that was on air first; one without an instant comes last.
    let on_air_error_ms = destinations
        .iter()
        .filter_map(|destination| {
            let error = destination.on_air_error_ms?;
            Some((
                destination.on_air_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
                error,
            ))
        })
        .min_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, error)| error);
    Outcome {
        settled_at: now,
        attempts: broadcast.attempts,
        on_air_error_ms,
        destinations,
        failure,
    }
}
