//! The streamer as ECS runs it: a process that finds everything by its environment, with a table,
//! a key store and a foreign ingest on loopback.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attempts;
mod refusals;
mod world;
