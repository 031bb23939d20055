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
use tracing::Instrument;
use uuid::Uuid;

use super::{forget_keys, put_key, table_problem};
use crate::{
    Api, Problem,
    request::{self, NewBroadcast},
    schedule,
    view::BroadcastView,
};

/// Ids that are tried: two broadcasts of one minute get the same one in a million times.
const ID_TRIES: u32 = 4;
const CAUSE: &str = "it could not be scheduled";

/// Schedules a broadcast. All of it is written or nothing.
pub(crate) async fn create(State(api): State<Api>, body: Bytes) -> Result<Response, Problem> {
    let new = request::validate(request::read_create(&body)?, &api.config, Utc::now())?;
    let findings = request::preflight(&api, &new).await?;
    let id = free_id(&api, &new).await?;
    let (broadcast, keys) = new.named(id, Utc::now(), keys::parameter_name);
    let view = BroadcastView {
        findings,
        ..BroadcastView::of(broadcast.clone(), &api.config)
    };
    let written = async move {
        let written = write(&api, &broadcast, keys).await;
        if written.is_err() {
            undo(&api, &broadcast).await;
        }
        written
    };
    // A task of its own: one who asked and hung up leaves nothing half written.
    tokio::spawn(written.in_current_span())
        .await
        .map_err(|error| Problem::internal("schedule the broadcast", error))??;
    tracing::info!(
        id = %view.id,
        air_time = %view.air_time,
        destinations = view.destinations.len(),
        "scheduled"
    );
    let location = format!("/broadcasts/{}", view.id);
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

/// Keys first, the scheduler's entry next and the broadcast last: whatever is cut short here, no
/// broadcast is shown as scheduled that nothing will start. (An entry without its broadcast
/// starts an execution that finds nothing to do.)
/// One that starts at once must be there before its execution looks for it; should this process
/// end in between, the entry starts it a minute later.
async fn write(api: &Api, broadcast: &Broadcast, keys: Vec<StreamKey>) -> Result<(), Problem> {
    for (destination, key) in broadcast.destinations.iter().zip(keys) {
        put_key(api, broadcast, destination, &key).await?;
    }
    let now = Utc::now();
    api.schedule(broadcast, schedule::entry_time(broadcast, now))
        .await?;
    api.table.put_new(broadcast).await.map_err(table_problem)?;
    if schedule::starts_at_once(broadcast, now) {
        api.start_execution(&broadcast.id).await?;
        // One that stays does no harm: an execution has its name only once.
        if let Err(problem) = api.unschedule(&broadcast.id).await {
            tracing::warn!(id = %broadcast.id, problem = problem.detail, "an entry stays");
        }
    }
    Ok(())
}

/// Takes back what was written. What would start a show goes first, and so does an execution that
/// was started although the answer to it was lost.
async fn undo(api: &Api, broadcast: &Broadcast) {
    if let Err(problem) = api.unschedule(&broadcast.id).await {
        tracing::warn!(id = %broadcast.id, problem = problem.detail, "failed to undo");
    }
    let stopped = api.stop_execution(&broadcast.id, CAUSE).await;
    if let Err(error) = api.table.remove_new(&broadcast.id).await {
        tracing::warn!(id = %broadcast.id, error = broadcast::aws::words(&error), "failed to undo");
    }
    if let Err(problem) = stopped {
        tracing::warn!(id = %broadcast.id, problem = problem.detail, "failed to undo");
        // What is still there may be under way, and then it needs its keys.
        if !matches!(api.table.find(&broadcast.id).await, Ok(None)) {
            return;
        }
    }
    forget_keys(api, broadcast).await;
}
