//! Reading and writing executions and their histories.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use super::{machine_rows::instant, record::ExecutionRecord};

/// How long a closed execution, its history and its name are kept.
const KEPT: TimeDelta = TimeDelta::days(90);

const COLUMNS: &str = "arn, name, state_machine, status, started_at, stopped_at, input, output,
    error, cause, events, redrive_count, redriven_at, redrive_token";

pub(super) fn get(
    transaction: &Transaction<'_>,
    arn: &str,
) -> rusqlite::Result<Option<ExecutionRecord>> {
    transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM execution WHERE arn = ?1"))?
        .query_row([arn], read)
        .optional()
}

/// The stored [`asl::Execution`] and the definition it runs.
pub(super) fn state(
    transaction: &Transaction<'_>,
    arn: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    transaction
        .prepare_cached(
            "SELECT e.state, r.definition FROM execution e
             JOIN state_machine_revision r ON r.id = e.revision WHERE e.arn = ?1",
        )?
        .query_row([arn], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Which executions [`list`] answers with.
pub(super) struct Filter {
    pub(super) state_machine: String,
    pub(super) status: Option<String>,
    pub(super) redriven: Option<bool>,
    /// The start, in milliseconds, and the ARN of the execution before the first.
    pub(super) after: Option<(i64, String)>,
    pub(super) limit: i64,
}

/// Executions of a state machine, newest first.
pub(super) fn list(
    transaction: &Transaction<'_>,
    filter: &Filter,
) -> rusqlite::Result<Vec<ExecutionRecord>> {
    let (started_at, arn) = filter.after.clone().unwrap_or((i64::MAX, String::new()));
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM execution
             WHERE state_machine = :state_machine
               AND (:status IS NULL OR status = :status)
               AND (:redriven IS NULL OR (redrive_count > 0) = :redriven)
               AND (started_at < :started_at OR (started_at = :started_at AND arn > :arn))
             ORDER BY started_at DESC, arn LIMIT :limit"
        ))?
        .query_map(
            named_params! {
                ":state_machine": filter.state_machine,
                ":status": filter.status,
                ":redriven": filter.redriven,
                ":started_at": started_at,
                ":arn": arn,
                ":limit": filter.limit,
            },
            read,
        )?
        .collect()
}

pub(super) fn running(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    transaction
        .prepare_cached("SELECT arn FROM execution WHERE status = 'RUNNING' ORDER BY started_at")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    record: &ExecutionRecord,
    revision: &str,
    state: &str,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO execution (arn, name, state_machine, revision, status, started_at, input,
            events, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            record.arn,
            record.name,
            record.state_machine,
            revision,
            record.status,
            record.started_at.timestamp_millis(),
            record.input,
            record.events,
            state,
        ],
    )?;
    Ok(())
}

pub(super) fn update(
    transaction: &Transaction<'_>,
    record: &ExecutionRecord,
    state: &str,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE execution SET status = :status, stopped_at = :stopped_at, output = :output,
            error = :error, cause = :cause, events = :events, redrive_count = :redrive_count,
            redriven_at = :redriven_at, redrive_token = :redrive_token, state = :state
         WHERE arn = :arn",
        named_params! {
            ":arn": record.arn,
            ":status": record.status,
            ":stopped_at": record.stopped_at.map(|at| at.timestamp_millis()),
            ":output": record.output,
            ":error": record.error,
            ":cause": record.cause,
            ":events": record.events,
            ":redrive_count": record.redrive_count,
            ":redriven_at": record.redriven_at.map(|at| at.timestamp_millis()),
            ":redrive_token": record.redrive_token,
            ":state": state,
        },
    )?;
    Ok(())
}

/// Appends to the history; each event is its id and its JSON.
pub(super) fn append_history(
    transaction: &Transaction<'_>,
    execution: &str,
    events: &[(u64, String)],
) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO history_event (execution, id, event) VALUES (?1, ?2, ?3)")?;
    for (id, event) in events {
        insert.execute(params![execution, id, event])?;
    }
    Ok(())
}

/// The history in order, or in reverse order, after the event `after`.
pub(super) fn history(
    transaction: &Transaction<'_>,
    execution: &str,
    reverse: bool,
    after: Option<i64>,
    limit: i64,
) -> rusqlite::Result<Vec<(i64, String)>> {
    let sql = if reverse {
        "SELECT id, event FROM history_event WHERE execution = ?1 AND id < ?2
         ORDER BY id DESC LIMIT ?3"
    } else {
        "SELECT id, event FROM history_event WHERE execution = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    };
    let after = after.unwrap_or(if reverse { i64::MAX } else { 0 });
    transaction
        .prepare_cached(sql)?
        .query_map(params![execution, after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

/// Forgets the executions that were closed long ago; their names are free again.
pub(super) fn prune(transaction: &Transaction<'_>, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let before = (now - KEPT).timestamp_millis();
    transaction.execute(
        "DELETE FROM history_event WHERE execution IN
            (SELECT arn FROM execution WHERE stopped_at < ?1)",
        [before],
    )?;
    transaction.execute("DELETE FROM execution WHERE stopped_at < ?1", [before])?;
    transaction.execute(
        "DELETE FROM state_machine_revision WHERE id NOT IN (SELECT revision FROM state_machine)
            AND id NOT IN (SELECT revision FROM execution)",
        [],
    )?;
    Ok(())
}

/// Notes that a task is to be stopped.
pub(super) fn stop_task(
    transaction: &Transaction<'_>,
    task: &str,
    reason: &str,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR IGNORE INTO task_to_stop (task, reason) VALUES (?1, ?2)",
        [task, reason],
    )?;
    Ok(())
}

pub(super) fn tasks_to_stop(
    transaction: &Transaction<'_>,
) -> rusqlite::Result<Vec<(String, String)>> {
    transaction
        .prepare_cached("SELECT task, reason FROM task_to_stop")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn task_was_stopped(transaction: &Transaction<'_>, task: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM task_to_stop WHERE task = ?1", [task])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<ExecutionRecord> {
    Ok(ExecutionRecord {
        arn: row.get("arn")?,
        name: row.get("name")?,
        state_machine: row.get("state_machine")?,
        status: row.get("status")?,
        started_at: instant(row.get("started_at")?),
        stopped_at: row.get::<_, Option<i64>>("stopped_at")?.map(instant),
        input: row.get("input")?,
        output: row.get("output")?,
        error: row.get("error")?,
        cause: row.get("cause")?,
        events: row.get("events")?,
        redrive_count: row.get("redrive_count")?,
        redriven_at: row.get::<_, Option<i64>>("redriven_at")?.map(instant),
        redrive_token: row.get("redrive_token")?,
    })
}
