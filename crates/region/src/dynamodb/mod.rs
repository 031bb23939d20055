//! DynamoDB, by an embedded implementation in a file of its own.

mod crc32;
mod dispatch;

use std::{path::Path, time::Duration};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::{error::AwsError, front::Answer};

const X_AMZ_CRC32: HeaderName = HeaderName::from_static("x-amz-crc32");

/// How often expired items are removed. AWS promises days, this is kinder to `matinee list`.
const SWEEP: Duration = Duration::from_secs(60);

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DynamoDb {
    database: Database,
}

impl DynamoDb {
    pub(crate) fn open(path: &Path) -> Result<Self, DynoxideError> {
        let database = Database::new(&path.to_string_lossy())?;
        Ok(Self { database })
    }

    /// Answers `DynamoDB_20120810.<operation>`. Its errors are answers too: their bodies have
    /// members of their own.
    pub(crate) async fn handle(&self, operation: &str, body: &Bytes) -> Result<Answer, AwsError> {
        let database = self.database.clone();
        let (name, body) = (operation.to_owned(), body.clone());
        // SQLite blocks.
        let work = tokio::task::spawn_blocking(move || {
            std::str::from_utf8(&body)
                .map_err(|_| DynoxideError::SerializationException(String::new()))
                .and_then(|body| dispatch::dispatch(&database, &name, body))
        });
        let answered = work.await.map_err(|error| AwsError::internal(&error))?;
        let mut answer = match answered {
            Ok(Some(body)) => Answer::new(StatusCode::OK, body),
            Ok(None) => return Err(AwsError::unknown_operation("dynamodb", operation)),
            Err(error) => {
                let status =
                    StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
                if status.is_server_error() {
                    tracing::error!(operation, %error, "the table database failed");
                }
                Answer::new(status, error.to_json())
            }
        };
        let checksum = crc32::crc32(&answer.body);
        answer
            .headers
            .insert(X_AMZ_CRC32, HeaderValue::from(checksum));
        Ok(answer)
    }

    /// Removes items whose time to live is over, until `stop`.
    pub(crate) async fn sweep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let database = self.database.clone();
            match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(items)) => tracing::debug!(items, "expired items removed"),
                Ok(Err(error)) => tracing::error!(%error, "expired items could not be removed"),
                Err(error) => tracing::error!(%error, "the removal of expired items failed"),
            }
        }
    }
}
