//! Head, tail and silence around a movie.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod drops;
mod passing;
mod refusals;
mod seeking;
mod support;
mod whole;
