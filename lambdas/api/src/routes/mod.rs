//! One module for each thing that can be asked for.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod show;

pub(crate) mod cancel;
mod end;
pub(crate) mod key;
pub(crate) mod retry;
pub(crate) mod stop;

pub(crate) mod openapi;

use broadcast::{
    Broadcast, BroadcastId, Destination, Failure, FailureKind, StreamKey, aws, table::TableError,
};

use crate::{Api, Problem};

/// The id in an address.
fn id(text: &str) -> Result<BroadcastId, Problem> {
    text.parse::<BroadcastId>().map_err(Problem::not_found)
}

/// A broadcast that must be there.
async fn found(api: &Api, id: &BroadcastId) -> Result<Broadcast, Problem> {
    api.table.get(id).await.map_err(table_problem)
}

/// What the table says, as an answer.
fn table_problem(error: TableError) -> Problem {
    match error {
        TableError::NotFound(_) => Problem::not_found(aws::words(&error)),
        TableError::Exists(_)
        | TableError::Refused { .. }
        | TableError::Superseded { .. }
        | TableError::Displaced { .. }
        | TableError::Contended(_) => Problem::conflict(aws::words(&error)),
        TableError::Malformed { .. } | TableError::Unavailable { .. } => {
            Problem::internal("use the table", aws::words(&error))
        }
    }
}

/// What the key store says, as an answer.
fn key_problem(error: broadcast::keys::KeyError) -> Problem {
    let failure = Failure::from(error);
    match failure.kind {
        FailureKind::Internal => Problem::internal("use the key store", failure.message),
        _ => failure.into(),
    }
}

/// Stores the key of a destination, and before it the note by which others find it.
async fn put_key(
    api: &Api,
    broadcast: &Broadcast,
    destination: &Destination,
    key: &StreamKey,
) -> Result<(), Problem> {
    api.table
        .note_key(broadcast, destination, key)
        .await
        .map_err(table_problem)?;
    api.keys
        .put(&destination.key_parameter, key)
        .await
        .map_err(key_problem)
}

/// Deletes the keys of a broadcast that needs them no more. A key that stays behind is no reason
/// to fail what was asked, but one to be told.
async fn forget_keys(api: &Api, broadcast: &Broadcast) {
    for destination in &broadcast.destinations {
        if let Err(error) = api.keys.delete(&destination.key_parameter).await {
            tracing::warn!(
                id = %broadcast.id,
                destination = %destination.name,
                error = aws::words(&error),
                "failed to delete a stream key"
            );
        }
    }
}
