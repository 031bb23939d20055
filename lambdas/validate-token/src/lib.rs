//! The state ValidateToken: can each destination of a broadcast be published to with its key?

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod handler;
mod probe;
mod verdict;

pub use handler::{PATIENCE, Request, Response, State, handler};
pub use verdict::{BackupVerdict, Verdict};
