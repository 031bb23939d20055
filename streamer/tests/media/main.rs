//! From a file to packets.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod boxes;
mod hostile;
mod packets;
mod refusals;
mod seeking;
mod support;
mod variants;
