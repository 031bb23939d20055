//! The handler, with a table on loopback.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use broadcast::{FailureKind, Outcome, Status, read_payload};
use chrono::Utc;
use fixtures::Account;
use persist::{CapacityProvider, Request, Response, State, handler};
use serde_json::json;

#[tokio::test]
async fn attempts_are_numbered_until_the_broadcast_is_over() {
    // GIVEN a scheduled broadcast that may run on spare capacity
    let account = Account::open().await;
    let table = account.table.clone();
    let mut broadcast = fixtures::broadcast("2026-12-01T19:30:00Z".parse().unwrap());
    broadcast.spot = true;
    table.put_new(&broadcast).await.unwrap();
    let state = State {
        table: table.clone(),
    };
    let request = || -> Request {
        let event = json!({ "broadcastId": broadcast.id, "executionArn": "arn:aws:states:…" });
        read_payload(event).unwrap()
    };

    // WHEN the state is reached twice, THEN each gets an attempt of its own, and only the first
    // runs on spare capacity
    for (attempt, capacity_provider) in
        [(1, CapacityProvider::Spot), (2, CapacityProvider::OnDemand)]
    {
        let expected = Response {
            broadcast_id: broadcast.id.clone(),
            attempt,
            capacity_provider,
        };
        assert_eq!(handler(&state, request()).await, Ok(expected));
    }
    let now = table.get(&broadcast.id).await.unwrap();
    assert_eq!((now.status, now.attempts), (Status::Starting, 2));
    let attempts = table.attempts(&broadcast.id).await.unwrap();
    assert_eq!(attempts[1].execution, "arn:aws:states:…");

    // WHEN it has been called off, THEN there are no more
    let outcome = Outcome {
        settled_at: Utc::now(),
        attempts: 2,
        on_air_error_ms: None,
        destinations: Vec::new(),
        failure: None,
    };
    table
        .settle(&broadcast.id, None, Status::Cancelled, &outcome)
        .await
        .unwrap();
    let refused = handler(&state, request()).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Superseded);
}

#[test]
fn what_is_not_understood_is_a_bad_request() {
    let talk = json!({ "broadcastId": "talk" });
    let refused = read_payload::<Request>(talk).unwrap_err();
    assert_eq!(refused.kind, FailureKind::BadRequest);
    assert!(
        refused.message.contains("is not the id of a broadcast"),
        "{refused}"
    );
}

#[test]
fn the_answer_is_what_the_state_machine_reads() {
    let response = Response {
        broadcast_id: "20261201-1930-baaa".parse().unwrap(),
        attempt: 3,
        capacity_provider: CapacityProvider::OnDemand,
    };
    assert_eq!(
        serde_json::to_value(response).unwrap(),
        json!({
            "broadcastId": "20261201-1930-baaa", "attempt": 3, "capacityProvider": "FARGATE",
        })
    );
    let spot = serde_json::to_value(CapacityProvider::Spot).unwrap();
    assert_eq!(spot, "FARGATE_SPOT");
}
