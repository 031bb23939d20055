//! `POST /broadcasts/{id}/stop`

use axum::{
    Json,
    extract::{Path, State},
};
use broadcast::Status;

use super::{found, id};
use crate::{Api, Problem, execution::Stopped, view::BroadcastView};

/// Ends a broadcast that runs. The rule on the execution's change of status settles it.
pub(crate) async fn stop(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<BroadcastView>, Problem> {
    let id = id(&text)?;
    let status = found(&api, &id).await?.status;
    if status.is_settled() {
        return Err(Problem::conflict(format!(
            "broadcast {id} is {status}; there is nothing to stop"
        )));
    }
    // One that is shown as scheduled may be having its keys tried.
    let stopped = api.stop_execution(&id, "stopped by its owner").await?;
    if stopped == Stopped::NotRunning && status == Status::Scheduled {
        return Err(Problem::conflict(format!(
            "broadcast {id} has not begun; cancel it instead"
        )));
    }
    let broadcast = found(&api, &id).await?;
    Ok(Json(BroadcastView::of(broadcast, &api.config)))
}
