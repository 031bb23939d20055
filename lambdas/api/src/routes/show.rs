//! `GET /broadcasts/{id}`

use axum::{
    Json,
    extract::{Path, State},
};

use super::{found, id};
use crate::{Api, Problem, view::BroadcastView};

/// Shows a broadcast.
pub(crate) async fn show(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<BroadcastView>, Problem> {
    let broadcast = found(&api, &id(&text)?).await?;
    Ok(Json(BroadcastView::of(broadcast, &api.config)))
}
