//! `POST /broadcasts/{id}/stop`

use axum::{
    Json,
    extract::{Path, State},
};
use broadcast::Status;

use super::{end::end, forget_keys, found, id};
use crate::{Api, Problem, execution::Stopped, view::BroadcastView};

const CAUSE: &str = "stopped by its owner";

/// Ends a broadcast that runs.
pub(crate) async fn stop(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<BroadcastView>, Problem> {
    let id = id(&text)?;
    let broadcast = found(&api, &id).await?;
    match broadcast.status {
        // It may be having its keys tried.
        Status::Scheduled => {
            if api.stop_execution(&id, CAUSE).await? == Stopped::NotRunning {
                return Err(Problem::conflict(format!(
                    "broadcast {id} has not begun; cancel it instead"
                )));
            }
            forget_keys(&api, &broadcast).await;
        }
        Status::Starting | Status::Standby | Status::OnAir | Status::Interrupted => {
            end(&api, &broadcast, CAUSE).await?;
        }
        Status::Aired | Status::Failed | Status::Cancelled | Status::Missed => {
            return Err(Problem::conflict(format!(
                "broadcast {id} is {}; there is nothing to stop",
                broadcast.status
            )));
        }
    }
    let broadcast = found(&api, &id).await?;
    Ok(Json(BroadcastView::of(broadcast, &api.config)))
}
