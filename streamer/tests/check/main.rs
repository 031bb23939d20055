//! Preflight: what is found in facts and in files, and the command that mends it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod commands;
mod docs;
mod files;
#[path = "../support/fixture.rs"]
mod fixture;
mod judging;
mod support;
