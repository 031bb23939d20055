//! `POST /broadcasts/{id}/retry`

use axum::{
    Json,
    extract::{Path, State},
};
use broadcast::Status;

use super::{found, id};
use crate::{Api, Problem, view::BroadcastView};

/// Tries a broadcast again that failed, from where it was, or that was missed, from the start.
pub(crate) async fn retry(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<BroadcastView>, Problem> {
    let id = id(&text)?;
    let status = found(&api, &id).await?.status;
    match status {
        Status::Failed => api.redrive_execution(&id).await?,
        Status::Missed => api.start_execution(&id).await?,
        Status::Aired | Status::Cancelled => {
            return Err(Problem::conflict(format!(
                "broadcast {id} is {status}; schedule it anew to show it again"
            )));
        }
        Status::Scheduled
        | Status::Starting
        | Status::Standby
        | Status::OnAir
        | Status::Interrupted => {
            return Err(Problem::conflict(format!(
                "broadcast {id} is {status}; only one that failed or was missed is tried again"
            )));
        }
    }
    let broadcast = found(&api, &id).await?;
    Ok(Json(BroadcastView::of(broadcast, &api.config)))
}
