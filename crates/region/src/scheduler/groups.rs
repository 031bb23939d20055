//! Schedule groups.

use chrono::DateTime;
use http::StatusCode;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{
    requests::{DEFAULT_GROUP, check_name},
    tokens::is_repeated,
};
use crate::{arn, clock::Clock, ecs::epoch_seconds, error::AwsError, store::Store};

pub(super) async fn create(
    store: &Store,
    clock: Clock,
    name: &str,
    mut body: Value,
) -> Result<Value, AwsError> {
    check_name("Name", name)?;
    body["GroupName"] = json!(name);
    let (group, now) = (name.to_owned(), clock.now());
    store
        .transaction(move |transaction| {
            if let Some(token) = body["ClientToken"].as_str()
                && is_repeated(transaction, token, &body, now)?
            {
                return Ok(());
            }
            let inserted = transaction.execute(
                "INSERT OR IGNORE INTO schedule_group (name, created_at) VALUES (?1, ?2)",
                params![group, now.timestamp_millis()],
            )?;
            if inserted == 0 {
                return Err(conflict(format!("Schedule group {group} already exists.")));
            }
            Ok(())
        })
        .await?;
    Ok(json!({ "ScheduleGroupArn": arn::schedule_group(name) }))
}

pub(super) async fn get(store: &Store, name: &str) -> Result<Value, AwsError> {
    let group = name.to_owned();
    let created_at = store
        .transaction(move |transaction| Ok::<_, AwsError>(created_at(transaction, &group)?))
        .await?
        .ok_or_else(|| not_found(name))?;
    Ok(description(name, created_at))
}

/// With everything in it, as AWS does.
pub(super) async fn delete(store: &Store, name: &str) -> Result<Value, AwsError> {
    if name == DEFAULT_GROUP {
        return Err(AwsError::validation(
            "The default schedule group cannot be deleted.",
        ));
    }
    let group = name.to_owned();
    store
        .transaction(move |transaction| {
            transaction.execute("DELETE FROM schedule WHERE group_name = ?1", [&group])?;
            let deleted =
                transaction.execute("DELETE FROM schedule_group WHERE name = ?1", [&group])?;
            if deleted == 0 {
                Err(not_found(&group))
            } else {
                Ok(())
            }
        })
        .await?;
    Ok(json!({}))
}

pub(super) fn check_exists(transaction: &Transaction<'_>, name: &str) -> Result<(), AwsError> {
    match created_at(transaction, name)? {
        Some(_) => Ok(()),
        None => Err(not_found(name)),
    }
}

/// A group in `GetScheduleGroup` and `ListScheduleGroups`; `created_at` in epoch milliseconds.
pub(super) fn description(name: &str, created_at: i64) -> Value {
    let created = DateTime::from_timestamp_millis(created_at).unwrap_or_default();
    json!({
        "Arn": arn::schedule_group(name),
        "CreationDate": epoch_seconds(created),
        "LastModificationDate": epoch_seconds(created),
        "Name": name,
        "State": "ACTIVE",
    })
}

fn created_at(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<i64>> {
    transaction
        .query_row(
            "SELECT created_at FROM schedule_group WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .optional()
}

fn not_found(name: &str) -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        format!("Schedule group {name} does not exist."),
    )
    .status(StatusCode::NOT_FOUND)
}

fn conflict(message: String) -> AwsError {
    AwsError::new("ConflictException", message).status(StatusCode::CONFLICT)
}
