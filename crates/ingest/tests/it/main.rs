//! The ingest against a publisher made of `rml_rtmp`'s client.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod faults;
mod publishing;
mod support;
