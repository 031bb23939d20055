//! Client tokens: a request that is repeated because its answer was lost is carried out once.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use crate::error::AwsError;

/// How long a client token is remembered.
const TOKEN_AGE: TimeDelta = TimeDelta::days(1);

/// Whether this very request was carried out before; the same token on another is refused.
pub(super) fn is_repeated(
    transaction: &Transaction<'_>,
    token: &str,
    request: &Value,
    now: DateTime<Utc>,
) -> Result<bool, AwsError> {
    transaction.execute(
        "DELETE FROM schedule_token WHERE created_at < ?1",
        [(now - TOKEN_AGE).timestamp_millis()],
    )?;
    let request = request.to_string();
    let before: Option<String> = transaction
        .query_row(
            "SELECT request FROM schedule_token WHERE token = ?1",
            [token],
            |row| row.get(0),
        )
        .optional()?;
    match before {
        Some(before) if before == request => Ok(true),
        Some(_) => Err(AwsError::new(
            "ConflictException",
            "The ClientToken was used for another request.",
        )
        .status(StatusCode::CONFLICT)),
        None => {
            transaction.execute(
                "INSERT INTO schedule_token (token, request, created_at) VALUES (?1, ?2, ?3)",
                params![token, request, now.timestamp_millis()],
            )?;
            Ok(false)
        }
    }
}
