//! Amazon States Language, interpreted.
//!
//! [`Definition::parse`] checks and compiles a state machine, [`Execution::start`] begins an
//! execution and [`Execution::advance`] answers an [`Event`] with what to do next and with the
//! history events that Step Functions would have recorded. An [`Execution`] is plain data: stored
//! after each step, it goes on from there after a crash.
//!
//! The crate reads no clock, draws no random numbers and does no I/O: time and seeds are
//! arguments, tasks and timers are the caller's. It speaks JSONata only.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod definition;
mod event;
mod execution;
mod failure;
mod functions;
mod history;
mod interpreter;
mod jsonata;
pub mod limits;
mod random;

pub use definition::{Definition, DefinitionError, Problem, ProblemCode, Resource};
pub use event::{Event, Next, Outcome, Status, Step, StopTask, TaskId, TaskRequest};
pub use execution::{Execution, StartInput};
pub use history::{HistoryEvent, HistoryEventKind, TaskResource};
