//! The interpreter through its public face.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod definition;
mod driver;
mod errors;
mod properties;
mod redrive;
mod states;
