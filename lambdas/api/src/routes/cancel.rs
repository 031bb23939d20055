//! `POST /broadcasts/{id}/cancel`

use axum::{
    Json,
    extract::{Path, State},
};
use broadcast::Status;
use chrono::Utc;

use super::{
    end::{called_off, end},
    forget_keys, found, id, table_problem,
};
use crate::{Api, Problem, view::BroadcastView};

const CAUSE: &str = "called off by its owner";

/// Calls a broadcast off, before or on air. To call off one that is cancelled changes nothing.
pub(crate) async fn cancel(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<BroadcastView>, Problem> {
    let id = id(&text)?;
    let broadcast = found(&api, &id).await?;
    match broadcast.status {
        Status::Scheduled => {
            // Settled first: whatever starts from now on finds that there is nothing to do.
            let outcome = called_off(&broadcast, CAUSE, Utc::now());
            api.table
                .settle(&id, None, Status::Cancelled, &outcome)
                .await
                .map_err(table_problem)?;
            api.unschedule(&id).await?;
            // It may have begun in this moment.
            api.stop_execution(&id, CAUSE).await?;
            forget_keys(&api, &broadcast).await;
        }
        // Said twice, or the first time was cut short after the broadcast was settled.
        Status::Cancelled => {
            api.unschedule(&id).await?;
            forget_keys(&api, &broadcast).await;
        }
        Status::Starting | Status::Standby | Status::OnAir | Status::Interrupted => {
            end(&api, &broadcast, CAUSE).await?;
        }
        Status::Aired | Status::Failed | Status::Missed => {
            return Err(Problem::conflict(format!(
                "broadcast {id} is {}; there is nothing to call off",
                broadcast.status
            )));
        }
    }
    let broadcast = found(&api, &id).await?;
    Ok(Json(BroadcastView::of(broadcast, &api.config)))
}
