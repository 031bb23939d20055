//! Step Functions: state machines and their executions.
//!
//! [`asl`] decides what happens; this module stores each of its steps before anything comes of
//! it, runs the tasks and keeps the time. Operations, errors and shapes are those of the API
//! reference for `states-2016-11-23`, JSON 1.0.

mod actor;
mod arguments;
mod engine;
mod execution_rows;
mod executions;
mod history;
mod integrations;
mod machine_rows;
mod machines;
mod paging;
mod record;
mod redrive;
mod rows;
mod status_event;
mod validation;

#[cfg(test)]
mod tests;

pub(crate) use engine::{Seams, StepFunctions};
pub(crate) use rows::MIGRATIONS;
