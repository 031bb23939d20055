//! Records how a broadcast went.
//!
//! Whatever it settles, it tells the owner over SNS, once.
//!
//! One function, four occasions: the states RecordOutcome and RecordFailure of the workflow, the
//! EventBridge rule on the change of an execution's status (what was aborted or timed out never
//! reaches a state of its own), and the dead-letter queue of the schedules (what could not be
//! started in time was missed).

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod aired;
mod classify;
mod config;
mod dead_letter;
mod error;
mod event;
mod failure;
mod forget;
mod leftover;
mod message;
mod outcome;
mod state;
mod status_change;
mod stopped_task;
mod tag;
mod tell;

pub use config::{Config, MissingVariable};
pub use error::RecordError;
pub use state::{State, handler};
