//! The built binary, as one meets it in a terminal: exit codes and words.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod matinee;

mod at_a_region;
mod aws;
mod check;
mod on_air;
mod usage;
