//! Firing what is due.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    DeadLetterQueues,
    dead_letter::GivenUp,
    model::{ActionAfterCompletion, Event},
    rows::{self, Schedule},
};
use crate::{
    clock::Clock,
    due::{self, DueWork},
    error::AwsError,
    store::{Store, StoreError},
};

/// How Step Functions is asked: `StartExecution` with this request.
pub(crate) type StartExecution =
    Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, AwsError>> + Send + Sync>;

/// At most this many are fired at once; the rest follows as they end.
const BATCH: i64 = 64;

/// Fires due schedules.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) start_execution: StartExecution,
    pub(crate) queues: DeadLetterQueues,
    pub(crate) changed: Arc<Notify>,
}

/// What becomes of an event after an attempt.
enum Next {
    Delivered,
    Retry(DateTime<Utc>),
    GiveUp(GivenUp),
}

impl Dispatcher {
    /// Fires until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (clock, changed) = (self.clock, Arc::clone(&self.changed));
        due::run(Arc::new(self), clock, changed, stop).await;
    }

    async fn attempt(&self, schedule: &Schedule, event: &Event) -> Next {
        let target = &schedule.definition.target;
        let now = self.clock.now();
        if now - schedule.scheduled_at > target.maximum_age() {
            return Next::GiveUp(GivenUp {
                code: "EventAgeExceeded".to_owned(),
                message: format!(
                    "not delivered within {} s of {}",
                    target.maximum_age().num_seconds(),
                    event.scheduled_time(),
                ),
                exhausted: Some("MaximumEventAgeInSeconds"),
            });
        }
        let started = match target.start_execution(event) {
            Ok(request) => (self.start_execution)(request).await,
            Err(error) => Err(error),
        };
        let Err(error) = started else {
            tracing::info!(
                schedule = event.schedule_arn,
                late_ms = (now - schedule.scheduled_at).num_milliseconds(),
                "fired"
            );
            return Next::Delivered;
        };
        if error.code == "ExecutionAlreadyExists" {
            // An earlier attempt got through before it could be recorded: the name says so.
            return Next::Delivered;
        }
        let given_up = |exhausted| {
            Next::GiveUp(GivenUp {
                code: error.code.to_string(),
                message: error.message.clone(),
                exhausted,
            })
        };
        if !is_temporary(&error) {
            given_up(None)
        } else if schedule.attempts >= target.maximum_retries() {
            given_up(Some("MaximumRetryAttempts"))
        } else {
            tracing::warn!(schedule = event.schedule_arn, %error, "firing failed, to be tried again");
            Next::Retry(now + backoff(schedule.attempts))
        }
    }
}

/// Whether trying again can help; a missing resource or a bad request stays so.
fn is_temporary(error: &AwsError) -> bool {
    error.status.is_server_error()
        || error.code.contains("Throttling")
        || error.code.contains("LimitExceeded")
}

/// A second, doubling up to five minutes.
fn backoff(attempts: i64) -> TimeDelta {
    TimeDelta::seconds((1 << attempts.clamp(0, 9)).min(300))
}

impl DueWork for Dispatcher {
    type Item = Schedule;

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<(String, Schedule)>, StoreError> {
        let due = self
            .store
            .transaction(move |transaction| rows::due(transaction, now, BATCH))
            .await?;
        // An updated schedule is another event, though the earlier one may still be under way.
        Ok(due
            .into_iter()
            .map(|schedule| (schedule.event_id.clone(), schedule))
            .collect())
    }

    async fn next_after(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.store
            .transaction(move |transaction| rows::next_due(transaction, now))
            .await
    }

    async fn perform(&self, schedule: Schedule) -> Result<(), StoreError> {
        let event = schedule.event();
        let next = self.attempt(&schedule, &event).await;
        let (queues, now) = (self.queues.clone(), self.clock.now());
        self.store
            .transaction(move |transaction| {
                let Some(mut stored) = rows::get(transaction, &schedule.group, &schedule.name)?
                else {
                    return Ok(()); // deleted meanwhile
                };
                if stored.event_id != schedule.event_id {
                    return Ok(()); // updated meanwhile: another event
                }
                stored.attempts += 1;
                match next {
                    Next::Retry(at) => stored.due_at = Some(at),
                    Next::Delivered => stored.due_at = None,
                    Next::GiveUp(why) => {
                        stored.due_at = None;
                        let target = &schedule.definition.target;
                        queues.send(transaction, target, &stored.event(), &why, now)?;
                    }
                }
                let completed = stored.due_at.is_none();
                let action = stored.definition.action_after_completion;
                if completed && action == ActionAfterCompletion::Delete {
                    rows::delete(transaction, &stored.group, &stored.name)?;
                } else {
                    rows::put(transaction, &stored)?;
                }
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use http::StatusCode;
    use serde_json::json;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{
        arn,
        lambda::{self, Functions, Handler, Invocations},
        scheduler::{model::Definition, rows::Schedule},
    };

    /// Fires a schedule at a service that answers with `error`; the dead letter, and how often
    /// the service was asked.
    async fn dead_letter(error: AwsError, retries: i64) -> (Value, usize) {
        let directory = tempfile::tempdir().unwrap();
        let migrations = [lambda::MIGRATIONS, rows::MIGRATIONS];
        let store = Store::open(&directory.path().join("db"), &migrations).unwrap();
        let (sender, letter) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let consumer: Handler = Arc::new(move |letter| {
            if let Some(sender) = sender.lock().unwrap().take() {
                sender.send(letter).unwrap();
            }
            Box::pin(async { Ok(Value::Null) })
        });
        let functions = Functions::new(BTreeMap::from([("consumer".to_owned(), consumer)]));
        let invocations = Invocations::new(store.clone(), functions, Clock);
        let consumers = BTreeMap::from([(arn::queue("missed"), "consumer".to_owned())]);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let dispatcher = Dispatcher {
            store: store.clone(),
            clock: Clock,
            start_execution: Arc::new(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                let error = error.clone();
                Box::pin(async { Err(error) })
            }),
            queues: DeadLetterQueues::new(invocations.clone(), consumers),
            changed: Arc::new(Notify::new()),
        };
        let schedule = schedule(retries);
        store
            .transaction(move |transaction| rows::put(transaction, &schedule))
            .await
            .unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(invocations.run(stop.clone()));
        tokio::spawn(dispatcher.run(stop.clone()));
        let letter = letter.await.unwrap();
        stop.cancel();
        (
            letter["Records"][0]["messageAttributes"].clone(),
            asked.load(Ordering::Relaxed),
        )
    }

    fn schedule(retries: i64) -> Schedule {
        let definition: Definition = serde_json::from_value(json!({
            "ScheduleExpression": "at(2026-12-01T00:00:00)",
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "Target": {
                "Arn": arn::state_machine("show"),
                "RoleArn": arn::role("scheduler"),
                "RetryPolicy": { "MaximumRetryAttempts": retries },
                "DeadLetterConfig": { "Arn": arn::queue("missed") },
            },
        }))
        .unwrap();
        let now = Clock.now();
        Schedule {
            group: "default".to_owned(),
            name: "show".to_owned(),
            definition,
            created_at: now,
            modified_at: now,
            scheduled_at: now,
            due_at: Some(now),
            attempts: 0,
            event_id: "e1".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_fault_is_tried_again_until_the_attempts_are_spent() {
        let fault = AwsError::new("InternalFailure", "a fault").status(StatusCode::BAD_GATEWAY);
        let (attributes, asked) = dead_letter(fault, 1).await;
        assert_eq!(asked, 2);
        assert_eq!(attributes["ERROR_CODE"]["stringValue"], "InternalFailure");
        assert_eq!(attributes["RETRY_ATTEMPTS"]["stringValue"], "1");
        assert_eq!(
            attributes["EXHAUSTED_RETRY_CONDITION"]["stringValue"],
            "MaximumRetryAttempts"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_not_tried_again() {
        let (attributes, asked) = dead_letter(AwsError::validation("no"), 185).await;
        assert_eq!(asked, 1);
        assert_eq!(
            attributes["ERROR_CODE"]["stringValue"],
            "ValidationException"
        );
        assert_eq!(attributes["EXHAUSTED_RETRY_CONDITION"], Value::Null);
    }
}
