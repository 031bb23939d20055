//! Asynchronous invocations: written down first, delivered at least once.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Transaction, params};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{FunctionError, Functions, InvokeError};
use crate::{
    clock::Clock,
    due::{self, DueWork},
    store::{Migration, Store, StoreError},
};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "lambda/0001 invocations",
    sql: "CREATE TABLE invocation (
            id TEXT PRIMARY KEY,
            function TEXT NOT NULL,
            payload TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            attempts_allowed INTEGER NOT NULL,
            expires_at INTEGER NOT NULL, -- ms
            due_at INTEGER NOT NULL      -- ms
          ) STRICT;
          CREATE INDEX invocation_due ON invocation (due_at);",
}];

/// At most this many are started at once; the rest follows as they end.
const BATCH: i64 = 64;

/// How long a failing invocation is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RetryFor {
    /// `InvocationType: Event`: twice more.
    AsyncInvoke,
    /// An event from another service: for a day, as EventBridge and an SQS trigger would.
    ServiceEvent,
}

impl RetryFor {
    fn attempts(self) -> i64 {
        match self {
            Self::AsyncInvoke => 3,
            Self::ServiceEvent => 185,
        }
    }

    fn age(self) -> TimeDelta {
        match self {
            Self::AsyncInvoke => TimeDelta::hours(6),
            Self::ServiceEvent => TimeDelta::hours(24),
        }
    }
}

/// The queue. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Invocations {
    store: Store,
    functions: Functions,
    clock: Clock,
    changed: Arc<Notify>,
}

impl Invocations {
    pub(crate) fn new(store: Store, functions: Functions, clock: Clock) -> Self {
        Self {
            store,
            functions,
            clock,
            changed: Arc::new(Notify::new()),
        }
    }

    /// Adds an invocation within the caller's transaction: it happens if and only if what
    /// caused it is recorded.
    pub(crate) fn enqueue(
        &self,
        transaction: &Transaction<'_>,
        function: &str,
        payload: &Value,
        retry: RetryFor,
    ) -> rusqlite::Result<()> {
        let now = self.clock.now();
        transaction.execute(
            "INSERT INTO invocation (id, function, payload, attempts_allowed, expires_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                Uuid::new_v4().to_string(),
                function,
                payload.to_string(),
                retry.attempts(),
                (now + retry.age()).timestamp_millis(),
                now.timestamp_millis(),
            ],
        )?;
        // The worker reads over the same connection, so it waits for the commit.
        self.changed.notify_one();
        Ok(())
    }

    /// Delivers until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (clock, changed) = (self.clock, Arc::clone(&self.changed));
        due::run(Arc::new(self), clock, changed, stop).await;
    }
}

/// A row of the queue.
pub(crate) struct Invocation {
    id: String,
    function: String,
    payload: String,
    attempts: i64,
    attempts_allowed: i64,
    expires_at: i64,
}

impl DueWork for Invocations {
    type Item = Invocation;

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<(String, Invocation)>, StoreError> {
        let now = now.timestamp_millis();
        self.store
            .transaction(move |transaction| {
                let rows = transaction
                    .prepare_cached(
                        "SELECT id, function, payload, attempts, attempts_allowed, expires_at
                         FROM invocation WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
                    )?
                    .query_map([now, BATCH], |row| {
                        let id: String = row.get(0)?;
                        Ok((
                            id.clone(),
                            Invocation {
                                id,
                                function: row.get(1)?,
                                payload: row.get(2)?,
                                attempts: row.get(3)?,
                                attempts_allowed: row.get(4)?,
                                expires_at: row.get(5)?,
                            },
                        ))
                    })?
                    .collect::<Result<_, _>>()?;
                Ok(rows)
            })
            .await
    }

    async fn next_after(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let now = now.timestamp_millis();
        self.store
            .transaction(move |transaction| {
                let next: Option<i64> = transaction.query_row(
                    "SELECT min(due_at) FROM invocation WHERE due_at > ?1",
                    [now],
                    |row| row.get(0),
                )?;
                Ok(next.and_then(DateTime::from_timestamp_millis))
            })
            .await
    }

    async fn perform(&self, item: Invocation) -> Result<(), StoreError> {
        // The queue holds only what this module serialised.
        let payload = serde_json::from_str(&item.payload).unwrap_or_default();
        let failure = match self.functions.invoke(&item.function, payload).await {
            Ok(result) => refused_records(&result),
            Err(InvokeError::NotFound(name)) => {
                tracing::error!(
                    function = name,
                    "asynchronous invocation of an unknown function"
                );
                None
            }
            Err(InvokeError::Function(error)) => Some(error),
        };
        let now = self.clock.now().timestamp_millis();
        let attempts = item.attempts + 1;
        let spent = attempts >= item.attempts_allowed || now >= item.expires_at;
        if let Some(error) = &failure {
            tracing::warn!(function = item.function, %error, attempts, spent, "asynchronous invocation failed");
        }
        self.store
            .transaction(move |transaction| {
                if failure.is_none() || spent {
                    transaction.execute("DELETE FROM invocation WHERE id = ?1", [&item.id])?;
                } else {
                    transaction.execute(
                        "UPDATE invocation SET attempts = ?2, due_at = ?3 WHERE id = ?1",
                        params![item.id, attempts, now + backoff(attempts)],
                    )?;
                }
                Ok(())
            })
            .await
    }
}

/// A function that is handed messages may answer which of them are to come again
/// (`ReportBatchItemFailures`); ours come one by one.
fn refused_records(result: &Value) -> Option<FunctionError> {
    let refused = result["batchItemFailures"].as_array()?;
    (!refused.is_empty()).then(|| FunctionError {
        error_type: "BatchItemFailures".to_owned(),
        error_message: "the function asks for the message again".to_owned(),
    })
}

/// Milliseconds before the next attempt: two seconds, doubling up to five minutes.
fn backoff(attempts: i64) -> i64 {
    let seconds = Duration::from_secs(1 << attempts.clamp(0, 9)).min(Duration::from_secs(300));
    i64::try_from(seconds.as_millis()).unwrap_or(i64::MAX)
}
