//! Shows at a foreign ingest.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod backup;
#[path = "../support/certificate.rs"]
mod certificate;
mod codecs;
mod cuts;
mod faults;
mod faults_of_protocol;
#[path = "../support/fixture.rs"]
mod fixture;
mod giving_up;
mod go_away;
#[path = "../support/movies.rs"]
mod movies;
mod recording;
mod resets;
mod side_by_side;
mod skip;
mod support;
#[path = "../support/synthetic.rs"]
mod synthetic;
