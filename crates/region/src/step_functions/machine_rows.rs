//! Reading and writing state machines.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use super::record::MachineRecord;

const COLUMNS: &str = "m.name, r.id AS revision, m.updated, m.deleting, m.created_at,
    r.created_at AS updated_at, r.definition, r.role_arn";

/// The state machine with its current revision.
pub(super) fn get(
    transaction: &Transaction<'_>,
    name: &str,
) -> rusqlite::Result<Option<MachineRecord>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM state_machine m
             JOIN state_machine_revision r ON r.id = m.revision WHERE m.name = ?1"
        ))?
        .query_row([name], read)
        .optional()
}

/// The state machine with the revision that an execution was started with.
pub(super) fn of_execution(
    transaction: &Transaction<'_>,
    execution: &str,
) -> rusqlite::Result<Option<MachineRecord>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM execution e
             JOIN state_machine m ON m.name = e.state_machine
             JOIN state_machine_revision r ON r.id = e.revision WHERE e.arn = ?1"
        ))?
        .query_row([execution], read)
        .optional()
}

/// State machines by name, after `after`.
pub(super) fn list(
    transaction: &Transaction<'_>,
    after: &str,
    limit: i64,
) -> rusqlite::Result<Vec<MachineRecord>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM state_machine m
             JOIN state_machine_revision r ON r.id = m.revision
             WHERE m.name > ?1 ORDER BY m.name LIMIT ?2"
        ))?
        .query_map(params![after, limit], read)?
        .collect()
}

/// Writes a new state machine, or a new revision of one.
pub(super) fn put(transaction: &Transaction<'_>, machine: &MachineRecord) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO state_machine_revision (id, state_machine, definition, role_arn, created_at)
         VALUES (:id, :state_machine, :definition, :role_arn, :created_at)",
        named_params! {
            ":id": machine.revision,
            ":state_machine": machine.name,
            ":definition": machine.definition,
            ":role_arn": machine.role_arn,
            ":created_at": machine.updated_at.timestamp_millis(),
        },
    )?;
    transaction.execute(
        "INSERT INTO state_machine (name, revision, updated, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET revision = ?2, updated = ?3",
        params![
            machine.name,
            machine.revision,
            machine.updated,
            machine.created_at.timestamp_millis()
        ],
    )?;
    Ok(())
}

/// Marks a state machine for deletion: it goes with its last running execution.
pub(super) fn mark_deleting(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE state_machine SET deleting = 1 WHERE name = ?1",
        [name],
    )?;
    Ok(())
}

/// Removes a marked state machine, and all that belongs to it, once none of its executions runs.
pub(super) fn remove_if_idle(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    let removable: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM state_machine WHERE name = ?1 AND deleting = 1)
            AND NOT EXISTS (SELECT 1 FROM execution WHERE state_machine = ?1 AND status = 'RUNNING')",
        [name],
        |row| row.get(0),
    )?;
    if removable {
        for sql in [
            "DELETE FROM history_event WHERE execution IN
                (SELECT arn FROM execution WHERE state_machine = ?1)",
            "DELETE FROM execution WHERE state_machine = ?1",
            "DELETE FROM state_machine_revision WHERE state_machine = ?1",
            "DELETE FROM state_machine WHERE name = ?1",
        ] {
            transaction.execute(sql, [name])?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<MachineRecord> {
    Ok(MachineRecord {
        name: row.get("name")?,
        revision: row.get("revision")?,
        updated: row.get("updated")?,
        deleting: row.get("deleting")?,
        created_at: instant(row.get("created_at")?),
        updated_at: instant(row.get("updated_at")?),
        definition: row.get("definition")?,
        role_arn: row.get("role_arn")?,
    })
}

/// An instant from what [`DateTime::timestamp_millis`] wrote.
pub(super) fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}
