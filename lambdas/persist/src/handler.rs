//! Opening an attempt.

use broadcast::{Broadcast, BroadcastId, Failure, table::Table};
use chrono::Utc;
use serde::{Deserialize, Serialize};

/// What an invocation finds ready.
#[derive(Clone, Debug)]
pub struct State {
    /// The broadcasts.
    pub table: Table,
}

/// What the state machine sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
    /// The execution that the attempt belongs to.
    pub execution_arn: String,
}

/// What the state machine gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
    /// The number of the attempt; the first is 1.
    pub attempt: u32,
    /// What the attempt's task runs on.
    pub capacity_provider: CapacityProvider,
}

/// What a task runs on, by the names that ECS has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityProvider {
    /// Always there.
    #[serde(rename = "FARGATE")]
    OnDemand,
    /// Costs less, and can be taken away two minutes after it was said.
    #[serde(rename = "FARGATE_SPOT")]
    Spot,
}

impl CapacityProvider {
    /// Spare capacity is for a first attempt: whoever was interrupted once wants to be on air.
    fn of(opened: &Broadcast) -> Self {
        if opened.spot && opened.attempts == 1 {
            Self::Spot
        } else {
            Self::OnDemand
        }
    }
}

/// Opens the next attempt. A broadcast that is aired or cancelled gets none: `Superseded`.
pub async fn handler(state: &State, request: Request) -> Result<Response, Failure> {
    let opened = state
        .table
        .open_attempt(&request.broadcast_id, &request.execution_arn, Utc::now())
        .await?;
    let capacity_provider = CapacityProvider::of(&opened);
    tracing::info!(
        broadcast = %opened.id, attempt = opened.attempts, ?capacity_provider, "attempt opened"
    );
    Ok(Response {
        broadcast_id: opened.id,
        attempt: opened.attempts,
        capacity_provider,
    })
}
