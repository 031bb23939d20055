//! `POST /broadcasts`

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use broadcast::{Broadcast, BroadcastId, StreamKey, keys};
use chrono::Utc;
use uuid::Uuid;

use super::{forget_keys, key_problem, table_problem};
use crate::{
    Api, Problem,
    request::{self, NewBroadcast},
    view::BroadcastView,
};

/// Ids that are tried: two broadcasts of one minute get the same one in a million times.
const ID_TRIES: u32 = 4;

/// Schedules a broadcast. All of it is written or nothing.
pub(crate) async fn create(State(api): State<Api>, body: Bytes) -> Result<Response, Problem> {
    let now = Utc::now();
    let new = request::validate(request::read_create(&body)?, &api.config, now)?;
    let id = free_id(&api, &new).await?;
    let (broadcast, keys) = new.named(id, now, keys::parameter_name);
    if let Err(problem) = write(&api, &broadcast, keys).await {
        undo(&api, &broadcast).await;
        return Err(problem);
    }
    tracing::info!(
        id = %broadcast.id,
        air_time = %broadcast.air_time,
        destinations = broadcast.destinations.len(),
        "scheduled"
    );
    let location = format!("/broadcasts/{}", broadcast.id);
    let view = BroadcastView::of(broadcast, &api.config);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(view),
    )
        .into_response())
}

/// An id that nobody has: keys are stored before the broadcast is, and must not replace others.
async fn free_id(api: &Api, new: &NewBroadcast) -> Result<BroadcastId, Problem> {
    for _ in 0..ID_TRIES {
        let (random, ..) = Uuid::new_v4().as_fields();
        let id = BroadcastId::new(new.air_time, random);
        if api.table.find(&id).await.map_err(table_problem)?.is_none() {
            return Ok(id);
        }
    }
    Err(Problem::internal("find a free id", "all were taken"))
}

/// Keys first, then the broadcast that needs them, and what starts it last: whatever of it is
/// there, everything it needs is there too.
async fn write(
    api: &Api,
    broadcast: &Broadcast,
    keys: Vec<(String, StreamKey)>,
) -> Result<(), Problem> {
    for (parameter, key) in keys {
        api.keys.put(&parameter, &key).await.map_err(key_problem)?;
    }
    api.table.put_new(broadcast).await.map_err(table_problem)?;
    api.schedule(broadcast, Utc::now()).await
}

/// Takes back what was written. The entry goes first: it is what would start a show.
async fn undo(api: &Api, broadcast: &Broadcast) {
    if let Err(problem) = api.unschedule(&broadcast.id).await {
        tracing::warn!(id = %broadcast.id, problem = problem.detail, "failed to undo");
    }
    if let Err(error) = api.table.remove_new(&broadcast.id).await {
        tracing::warn!(id = %broadcast.id, error = broadcast::aws::words(&error), "failed to undo");
    }
    forget_keys(api, broadcast).await;
}
