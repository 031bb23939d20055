//! From a file to packets.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod boxes;
#[path = "../support/fixture.rs"]
mod fixture;
mod hostile;
#[path = "../support/movies.rs"]
mod movies;
mod packets;
mod refusals;
mod seeking;
mod support;
mod variants;
