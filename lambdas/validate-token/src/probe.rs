//! Trying one destination.

use std::time::{Duration, Instant};

use broadcast::{
    BroadcastId, Destination, Failure, FailureKind, Ingest, MAX_LEAD, Probe, Status, StreamKey,
    keys::KeyError, table::KeyUse,
};
use chrono::{DateTime, Utc};
use streamer::ingest;
use tokio::time::timeout;

use crate::{State, Verdict, verdict::BackupVerdict};

/// Tries the ingest of a destination and then its backup; neither if the key is on air at one of
/// them, for the platform that they belong to may end that show for a second publisher at either.
///
/// One after the other: ingests that know of each other refuse a key that is just being published
/// with.
pub(crate) async fn probe(
    state: &State,
    id: &BroadcastId,
    destination: &Destination,
    now: DateTime<Utc>,
) -> Verdict {
    let name = &destination.name;
    if destination.probe == Probe::None {
        return Verdict::new(name, Ok(()));
    }
    // The key store has to answer within the same time.
    let began = Instant::now();
    let key = async { Ok(state.keys.get(&destination.key_parameter).await?) };
    let key = match within(state.patience, key).await {
        Ok(key) => key,
        Err(failure) => return Verdict::new(name, Err(failure)),
    };
    let left = || state.patience.saturating_sub(began.elapsed());
    match within(left(), is_in_use(state, id, destination, &key, now)).await {
        Ok(false) => {}
        Ok(true) => {
            tracing::warn!(
                destination = name,
                "its key is in use by another broadcast; not tried"
            );
            return Verdict::new(name, Ok(()));
        }
        Err(failure) => return Verdict::new(name, Err(failure)),
    }
    let probe = destination.probe;
    let try_ingest = |ingest| ingest::probe(ingest, &key, probe, state.patience, &state.dial);
    let tried = within(left(), try_ingest(&destination.ingest)).await;
    let mut verdict = Verdict::new(name, tried);
    if let Some(backup) = &destination.backup {
        let tried = try_ingest(&backup.ingest);
        let failure = within(state.patience / 2, tried).await.err();
        verdict.backup = Some(BackupVerdict { failure });
    }
    verdict
}

async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(patience, work).await.unwrap_or_else(|_| {
        Err(Failure::new(
            FailureKind::IngestUnreachable,
            format!("no answer within {} s", patience.as_secs_f64()),
        ))
    })
}

/// The ingest of a destination, and its backup's.
fn ingests(destination: &Destination) -> impl Iterator<Item = &Ingest> {
    let backup = destination.backup.as_ref();
    [&destination.ingest]
        .into_iter()
        .chain(backup.map(|backup| &backup.ingest))
}

/// Whether a key is on air, or about to be, in another broadcast at an ingest of this destination.
async fn is_in_use(
    state: &State,
    id: &BroadcastId,
    destination: &Destination,
    key: &StreamKey,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    for ingest in ingests(destination) {
        if is_in_use_at(state, id, ingest, key, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_in_use_at(
    state: &State,
    id: &BroadcastId,
    ingest: &Ingest,
    key: &StreamKey,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let soon = now + MAX_LEAD;
    let uses = state.table.may_have_key(ingest, key, now, soon).await?;
    for KeyUse {
        broadcast,
        destination: name,
    } in uses
    {
        if broadcast == *id {
            continue;
        }
        let Some(other) = state.table.find(&broadcast).await? else {
            continue;
        };
        let theirs = other.destinations.iter().find(|other| other.name == name);
        let Some(theirs) = theirs.filter(|theirs| {
            is_streaming(other.status) && ingests(theirs).any(|theirs| theirs == ingest)
        }) else {
            continue;
        };
        match state.keys.get(&theirs.key_parameter).await {
            Ok(theirs) if theirs.expose() == key.expose() => return Ok(true),
            // Another key after all, or that show is over by now.
            Ok(_) | Err(KeyError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

fn is_streaming(status: Status) -> bool {
    matches!(
        status,
        Status::Starting | Status::Standby | Status::OnAir | Status::Interrupted
    )
}
