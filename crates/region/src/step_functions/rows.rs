//! The tables.

use crate::store::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "step_functions/0001 state machines and executions",
    sql: "CREATE TABLE state_machine (
            name TEXT PRIMARY KEY,
            revision TEXT NOT NULL,       -- the current one
            updated INTEGER NOT NULL,     -- 1 once UpdateStateMachine has changed it
            deleting INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL   -- ms
          ) STRICT;
          CREATE TABLE state_machine_revision (
            id TEXT PRIMARY KEY,
            state_machine TEXT NOT NULL,
            definition TEXT NOT NULL,
            role_arn TEXT NOT NULL,
            created_at INTEGER NOT NULL   -- ms
          ) STRICT;
          CREATE TABLE execution (
            arn TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            state_machine TEXT NOT NULL,
            revision TEXT NOT NULL,
            status TEXT NOT NULL,
            started_at INTEGER NOT NULL,  -- ms
            stopped_at INTEGER,           -- ms
            input TEXT NOT NULL,
            output TEXT,
            error TEXT,
            cause TEXT,
            events INTEGER NOT NULL,
            redrive_count INTEGER NOT NULL DEFAULT 0,
            redriven_at INTEGER,          -- ms
            redrive_token TEXT,
            state TEXT NOT NULL           -- asl::Execution
          ) STRICT;
          CREATE INDEX execution_of_machine ON execution (state_machine, started_at DESC, arn);
          CREATE INDEX execution_by_status ON execution (status);
          CREATE TABLE history_event (
            execution TEXT NOT NULL,
            id INTEGER NOT NULL,
            event TEXT NOT NULL,          -- as GetExecutionHistory answers it
            PRIMARY KEY (execution, id)
          ) STRICT, WITHOUT ROWID;
          -- ECS tasks that nobody waits for any more and that are still to be stopped.
          CREATE TABLE task_to_stop (
            task TEXT PRIMARY KEY,
            reason TEXT NOT NULL
          ) STRICT;",
}];
