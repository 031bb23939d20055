//! The streamer as ECS runs it: a process that finds everything by its environment, with a table,
//! a key store and a foreign ingest on loopback.
//!
//! `ci/image.sh` runs these tests against the program of the container image, in its root.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attempts;
#[path = "../support/certificate.rs"]
mod certificate;
mod credentials;
#[path = "../support/emf.rs"]
mod emf;
#[path = "../support/far_apart.rs"]
mod far_apart;
mod host;
mod metrics;
mod overtaken;
mod refusals;
mod stopping;
#[path = "../support/synthetic.rs"]
mod synthetic;
mod world;
