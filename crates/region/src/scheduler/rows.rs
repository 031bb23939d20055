//! Schedules in the store.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::model::{Definition, Event};
use crate::{
    arn,
    store::{Migration, StoreError},
};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "scheduler/0001 schedules",
    sql: "CREATE TABLE schedule_group (
            name TEXT PRIMARY KEY,
            created_at INTEGER NOT NULL -- ms, as all times here
          ) STRICT;
          INSERT INTO schedule_group (name, created_at)
            VALUES ('default', CAST(strftime('%s') AS INTEGER) * 1000);
          CREATE TABLE schedule (
            group_name TEXT NOT NULL REFERENCES schedule_group (name),
            name TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            scheduled_at INTEGER NOT NULL,
            due_at INTEGER,              -- of the next attempt; NULL: disabled or completed
            attempts INTEGER NOT NULL DEFAULT 0,
            event_id TEXT NOT NULL,
            PRIMARY KEY (group_name, name)
          ) STRICT;
          CREATE INDEX schedule_due ON schedule (due_at) WHERE due_at IS NOT NULL;
          CREATE TABLE schedule_token (
            token TEXT PRIMARY KEY,
            request TEXT NOT NULL,
            created_at INTEGER NOT NULL
          ) STRICT;",
}];

/// A stored schedule.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) definition: Definition,
    pub(super) created_at: DateTime<Utc>,
    pub(super) modified_at: DateTime<Utc>,
    pub(super) scheduled_at: DateTime<Utc>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) attempts: i64,
    pub(super) event_id: String,
}

impl Schedule {
    pub(super) fn arn(&self) -> String {
        arn::schedule(&self.group, &self.name)
    }

    pub(super) fn event(&self) -> Event {
        Event {
            id: self.event_id.clone(),
            schedule_arn: self.arn(),
            scheduled_at: self.scheduled_at,
            attempts: self.attempts,
        }
    }
}

const COLUMNS: &str = "group_name, name, definition, created_at, modified_at, scheduled_at, due_at, attempts, event_id";

pub(super) fn put(transaction: &Transaction<'_>, schedule: &Schedule) -> Result<(), StoreError> {
    let definition = serde_json::to_string(&schedule.definition).map_err(StoreError::Document)?;
    transaction.execute(
        &format!("INSERT OR REPLACE INTO schedule ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
        params![
            schedule.group,
            schedule.name,
            definition,
            schedule.created_at.timestamp_millis(),
            schedule.modified_at.timestamp_millis(),
            schedule.scheduled_at.timestamp_millis(),
            schedule.due_at.map(|due| due.timestamp_millis()),
            schedule.attempts,
            schedule.event_id,
        ],
    )?;
    Ok(())
}

pub(super) fn get(
    transaction: &Transaction<'_>,
    group: &str,
    name: &str,
) -> Result<Option<Schedule>, StoreError> {
    transaction
        .query_row(
            &format!("SELECT {COLUMNS} FROM schedule WHERE group_name = ?1 AND name = ?2"),
            [group, name],
            |row| Ok(read(row)),
        )
        .optional()?
        .transpose()
}

pub(super) fn delete(
    transaction: &Transaction<'_>,
    group: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let deleted = transaction.execute(
        "DELETE FROM schedule WHERE group_name = ?1 AND name = ?2",
        [group, name],
    )?;
    Ok(deleted > 0)
}

/// All, ordered by group and name.
pub(super) fn all(transaction: &Transaction<'_>) -> Result<Vec<Schedule>, StoreError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM schedule ORDER BY group_name, name"
    ))?;
    collect(statement.query([])?)
}

/// The next ones that are due at `now`.
pub(super) fn due(
    transaction: &Transaction<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Schedule>, StoreError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM schedule WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2"
    ))?;
    collect(statement.query([now.timestamp_millis(), limit])?)
}

/// The first due time after `now`.
pub(super) fn next_due(
    transaction: &Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let next: Option<i64> = transaction.query_row(
        "SELECT min(due_at) FROM schedule WHERE due_at > ?1",
        [now.timestamp_millis()],
        |row| row.get(0),
    )?;
    Ok(next.and_then(DateTime::from_timestamp_millis))
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Schedule>, StoreError> {
    let mut schedules = Vec::new();
    while let Some(row) = rows.next()? {
        schedules.push(read(row)?);
    }
    Ok(schedules)
}

fn read(row: &Row<'_>) -> Result<Schedule, StoreError> {
    let definition: String = row.get(2)?;
    let time = |column: usize| -> rusqlite::Result<DateTime<Utc>> {
        Ok(DateTime::from_timestamp_millis(row.get(column)?).unwrap_or_default())
    };
    let due_at: Option<i64> = row.get(6)?;
    Ok(Schedule {
        group: row.get(0)?,
        name: row.get(1)?,
        definition: serde_json::from_str(&definition).map_err(StoreError::Document)?,
        created_at: time(3)?,
        modified_at: time(4)?,
        scheduled_at: time(5)?,
        due_at: due_at.and_then(DateTime::from_timestamp_millis),
        attempts: row.get(7)?,
        event_id: row.get(8)?,
    })
}
