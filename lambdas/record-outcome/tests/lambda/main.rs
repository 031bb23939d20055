//! The handler, with everything it talks to on loopback.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod aired;
mod dead_letters;
mod failures;
mod status_changes;
mod told;
mod world;
