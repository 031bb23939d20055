//! Connections to a foreign ingest, and to things that are none.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/certificate.rs"]
mod certificate;
mod probe;
mod tls;
