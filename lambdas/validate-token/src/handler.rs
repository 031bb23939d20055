//! Trying the keys of a broadcast.

use std::{collections::BTreeMap, time::Duration};

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, BroadcastId, Destination, Failure, FailureKind, MAX_LEAD, MediaTime, Probe,
    Progress, Status, StreamKey, aws,
    keys::{KeyError, Keys},
    table::{KeyUse, Table},
};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use streamer::ingest::{self, DialPolicy};

use crate::verdict::{self, Verdict};

/// How long the destinations have, all at once, to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What an invocation finds ready.
#[derive(Clone, Debug)]
pub struct State {
    /// The broadcasts.
    pub table: Table,
    /// The stream keys.
    pub keys: Keys,
    /// How ingests are connected to.
    pub dial: DialPolicy,
    /// How long the destinations have to answer.
    pub patience: Duration,
}

impl State {
    /// What is in an account and region, with the name of the table.
    pub fn new(config: &SdkConfig, table: impl Into<String>, dial: DialPolicy) -> Self {
        Self {
            table: Table::new(config, table),
            keys: Keys::new(config),
            dial,
            patience: PATIENCE,
        }
    }
}

/// What the state machine sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
}

/// What the state machine gets when the broadcast can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
    /// One for each destination; none when the show is on air already and nothing was tried.
    pub destinations: Vec<Verdict>,
}

/// Tries all destinations at once. One that can be published to is enough to go on.
///
/// A key that is on air, in this broadcast or another, is never tried: the probe might end the
/// post.
///
/// # Errors
/// `Superseded` for a broadcast that is aired or cancelled. When no destination can be published
/// to, the kind that has the best hope to pass, with the reason of each destination.
pub async fn handler(state: &State, request: Request) -> Result<Response, Failure> {
    let broadcast = state.table.get(&request.broadcast_id).await?;
    let id = broadcast.id.clone();
    if let Err(settled) = broadcast.status.to(Status::Starting) {
        return Err(Failure::new(
            FailureKind::Superseded,
            format!("broadcast {id}: {settled}"),
        ));
    }
    if has_been_on_air(&broadcast) {
        tracing::info!(broadcast = %id, "has been on air; its keys are not tried");
        return Ok(Response {
            broadcast_id: id,
            destinations: Vec::new(),
        });
    }
    let now = Utc::now();
    let destinations = join_all(
        broadcast
            .destinations
            .iter()
            .map(|destination| probe(state, &id, destination, now)),
    )
    .await;
    for verdict in &destinations {
        tracing::info!(
            broadcast = %id, destination = verdict.name, kind = verdict.kind.map(FailureKind::name),
            reason = verdict.reason, "tried"
        );
    }
    note(state, &broadcast, &destinations).await;
    verdict::weigh(&destinations)?;
    Ok(Response {
        broadcast_id: id,
        destinations,
    })
}

/// Notes for the owner which keys were refused. What cannot be noted is in the log.
async fn note(state: &State, broadcast: &Broadcast, verdicts: &[Verdict]) {
    let refused = |verdict: &Verdict| {
        let failure = Failure::new(verdict.kind?, verdict.reason.clone().unwrap_or_default());
        Some((verdict.name.clone(), failure))
    };
    let failures: BTreeMap<String, Failure> = verdicts.iter().filter_map(refused).collect();
    if failures == broadcast.key_failures {
        return;
    }
    if let Err(error) = state
        .table
        .note_key_failures(&broadcast.id, &failures)
        .await
    {
        let error = aws::words(&error);
        tracing::warn!(broadcast = %broadcast.id, error, "what was found out cannot be noted");
    }
}

/// Whether a key is on air, or about to be, in another broadcast.
async fn is_in_use(
    state: &State,
    id: &BroadcastId,
    destination: &Destination,
    key: &StreamKey,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let soon = now + MAX_LEAD;
    let uses = state
        .table
        .may_have_key(&destination.ingest, key, now, soon)
        .await?;
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
        let Some(theirs) = theirs
            .filter(|theirs| is_streaming(other.status) && theirs.ingest == destination.ingest)
        else {
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

async fn probe(
    state: &State,
    id: &BroadcastId,
    destination: &Destination,
    now: DateTime<Utc>,
) -> Verdict {
    let Destination { name, probe, .. } = destination;
    if *probe == Probe::None {
        return Verdict::accepted(name);
    }
    let attempt = async {
        let key = state.keys.get(&destination.key_parameter).await?;
        if is_in_use(state, id, destination, &key, now).await? {
            tracing::warn!(
                destination = name,
                "its key is in use by another broadcast; not tried"
            );
            return Ok(());
        }
        ingest::probe(
            &destination.ingest,
            &key,
            *probe,
            state.patience,
            &state.dial,
        )
        .await
    };
    // The key store has to answer within the same time.
    let answer = tokio::time::timeout(state.patience, attempt).await;
    match answer {
        Ok(Ok(())) => Verdict::accepted(name),
        Ok(Err(failure)) => Verdict::refused(name, &failure),
        Err(_) => {
            let seconds = state.patience.as_secs_f64();
            let failure = Failure::new(
                FailureKind::IngestUnreachable,
                format!("no answer within {seconds} s"),
            );
            Verdict::refused(name, &failure)
        }
    }
}

fn has_been_on_air(broadcast: &Broadcast) -> bool {
    let position = broadcast.progress.as_ref().map(Progress::position);
    position > Some(MediaTime::ZERO)
        || matches!(broadcast.status, Status::OnAir | Status::Interrupted)
}

fn is_streaming(status: Status) -> bool {
    matches!(
        status,
        Status::Starting | Status::Standby | Status::OnAir | Status::Interrupted
    )
}
