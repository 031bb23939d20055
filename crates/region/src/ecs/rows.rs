//! Tasks in the store.

use rusqlite::{OptionalExtension, Transaction, params};

use super::Task;
use crate::store::{Migration, StoreError};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "ecs/0001 tasks",
    sql: "CREATE TABLE task (
            id TEXT PRIMARY KEY,
            client_token TEXT,
            created_at INTEGER NOT NULL, -- ms
            stopped INTEGER NOT NULL,
            document TEXT NOT NULL
          ) STRICT;
          CREATE INDEX task_client_token ON task (client_token) WHERE client_token IS NOT NULL;
          CREATE INDEX task_age ON task (stopped, created_at);",
}];

pub(super) fn insert(
    transaction: &Transaction<'_>,
    task: &Task,
    client_token: Option<&str>,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO task (id, client_token, created_at, stopped, document)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            task.id,
            client_token,
            task.created_at.timestamp_millis(),
            task.is_stopped(),
            document(task)?,
        ],
    )?;
    Ok(())
}

pub(super) fn update(transaction: &Transaction<'_>, task: &Task) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE task SET stopped = ?2, document = ?3 WHERE id = ?1",
        params![task.id, task.is_stopped(), document(task)?],
    )?;
    Ok(())
}

pub(super) fn get(transaction: &Transaction<'_>, id: &str) -> Result<Option<Task>, StoreError> {
    let document: Option<String> = transaction
        .query_row("SELECT document FROM task WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .optional()?;
    document.as_deref().map(parse).transpose()
}

pub(super) fn with_client_token(
    transaction: &Transaction<'_>,
    token: &str,
) -> Result<Vec<Task>, StoreError> {
    let mut statement = transaction
        .prepare_cached("SELECT document FROM task WHERE client_token = ?1 ORDER BY id")?;
    collect(statement.query([token])?)
}

pub(super) fn stopped_is(
    transaction: &Transaction<'_>,
    stopped: bool,
) -> Result<Vec<Task>, StoreError> {
    let mut statement = transaction
        .prepare_cached("SELECT document FROM task WHERE stopped = ?1 ORDER BY created_at DESC")?;
    collect(statement.query([stopped])?)
}

/// Forgets what stopped and was created before `before` (epoch ms); answers with the ids.
pub(super) fn prune(transaction: &Transaction<'_>, before: i64) -> Result<Vec<String>, StoreError> {
    let ids = transaction
        .prepare_cached("DELETE FROM task WHERE stopped AND created_at < ?1 RETURNING id")?
        .query_map([before], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Task>, StoreError> {
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(parse(&row.get::<_, String>(0)?)?);
    }
    Ok(tasks)
}

fn document(task: &Task) -> Result<String, StoreError> {
    serde_json::to_string(task).map_err(StoreError::Document)
}

fn parse(document: &str) -> Result<Task, StoreError> {
    serde_json::from_str(document).map_err(StoreError::Document)
}
