//! The region as its clients see it: over the wire, by the AWS SDK and by hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod executions;
mod functions;
mod parameters;
mod restart;
mod schedules;
mod signed;
mod support;
mod tables;
mod tasks;
mod topics;
