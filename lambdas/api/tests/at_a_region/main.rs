//! The API at a real region on loopback: what is written, what is taken back, what is refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod afterwards;
mod bench;
mod preflight;
mod scheduling;
