//! Head, tail and silence around a movie.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod drops;
#[path = "../support/fixture.rs"]
mod fixture;
#[path = "../support/movies.rs"]
mod movies;
mod passing;
mod refusals;
mod seeking;
mod support;
mod whole;
