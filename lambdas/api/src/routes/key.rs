//! `PUT /broadcasts/{id}/keys/{destination}`

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use broadcast::{Status, aws};

use super::{found, id, put_key};
use crate::{Api, Problem, request};

/// Replaces the key of a destination. Takes effect the next time something connects.
pub(crate) async fn set_key(
    State(api): State<Api>,
    Path((text, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let id = id(&text)?;
    let key = request::read_key(&body)?;
    request::legal_key(&key).map_err(|fault| Problem::bad_request(format!("the key {fault}")))?;
    let broadcast = found(&api, &id).await?;
    if matches!(broadcast.status, Status::Aired | Status::Cancelled) {
        return Err(Problem::conflict(format!(
            "broadcast {id} is {}; it needs no key any more",
            broadcast.status
        )));
    }
    let destination = broadcast
        .destinations
        .iter()
        .find(|destination| destination.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = broadcast
                .destinations
                .iter()
                .map(|destination| &*destination.name)
                .collect();
            Problem::not_found(format!(
                "broadcast {id} has no destination {}; it has {}",
                request::echo(&name),
                names.join(", ")
            ))
        })?;
    if let Some(fault) = request::key_in_the_clear(&broadcast, &key) {
        return Err(Problem::bad_request(fault));
    }
    put_key(&api, &broadcast, destination, &key).await?;
    // The key is replaced; that the old one was refused is only a note.
    if let Err(error) = api.table.forget_key_failure(&id, &destination.name).await {
        tracing::warn!(%id, error = aws::words(&error), "an old note stays");
    }
    tracing::info!(%id, destination = %destination.name, "stream key replaced");
    Ok(StatusCode::NO_CONTENT)
}
