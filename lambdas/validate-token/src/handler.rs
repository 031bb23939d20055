//! Trying the keys of a broadcast.

use std::{collections::BTreeMap, time::Duration};

use aws_config::SdkConfig;
use broadcast::{
    Broadcast, BroadcastId, Failure, FailureKind, MediaTime, Progress, Status, aws,
    keys::Keys,
    table::{Table, TableError},
};
use chrono::Utc;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use streamer::ingest::DialPolicy;

use crate::{
    probe,
    verdict::{self, Verdict},
};

/// How long the destinations have, all at once, to answer. Their backups have half of that after it.
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

/// Tries all destinations at once, and after each its backup. One that can be published to is
/// enough to go on; a backup that cannot be is noted for the owner and keeps nothing from going on.
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
            .map(|destination| probe::probe(state, &id, destination, now)),
    )
    .await;
    for verdict in &destinations {
        tracing::info!(
            broadcast = %id, destination = verdict.name, kind = verdict.kind.map(FailureKind::name),
            reason = verdict.reason, "tried"
        );
        let backup = verdict.backup.as_ref();
        if let Some(failure) = backup.and_then(|backup| backup.failure.as_ref()) {
            tracing::warn!(
                broadcast = %id, destination = verdict.name, kind = failure.kind.name(),
                reason = failure.message, "its backup cannot be used"
            );
        }
    }
    note(state, &broadcast, &destinations).await;
    verdict::weigh(&destinations)?;
    Ok(Response {
        broadcast_id: id,
        destinations,
    })
}

/// Notes for the owner which keys were refused and which backups are not there. What cannot be
/// noted is in the log.
async fn note(state: &State, broadcast: &Broadcast, verdicts: &[Verdict]) {
    let id = &broadcast.id;
    let refused = |verdict: &Verdict| {
        let failure = Failure::new(verdict.kind?, verdict.reason.clone().unwrap_or_default());
        Some((verdict.name.clone(), failure))
    };
    let keys: BTreeMap<String, Failure> = verdicts.iter().filter_map(refused).collect();
    let bad = |verdict: &Verdict| {
        let failure = verdict.backup.as_ref()?.failure.clone()?;
        Some((verdict.name.clone(), failure))
    };
    let backups: BTreeMap<String, Failure> = verdicts.iter().filter_map(bad).collect();
    let written = async {
        if keys != broadcast.key_failures {
            state.table.note_key_failures(id, &keys).await?;
        }
        if backups != broadcast.backup_failures {
            state.table.note_backup_failures(id, &backups).await?;
        }
        Ok::<(), TableError>(())
    };
    if let Err(error) = written.await {
        let error = aws::words(&error);
        tracing::warn!(broadcast = %id, error, "what was found out cannot be noted");
    }
}

fn has_been_on_air(broadcast: &Broadcast) -> bool {
    let position = broadcast.progress.as_ref().map(Progress::position);
    position > Some(MediaTime::ZERO)
        || matches!(broadcast.status, Status::OnAir | Status::Interrupted)
}
