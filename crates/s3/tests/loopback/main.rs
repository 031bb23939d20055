//! The client against an S3 of its own on loopback, which can fail as S3 does.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fake;

mod requests;
mod uploads;
