//! Sources that behave, and those that do not: files, web servers, S3.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod credentials;
#[path = "../support/far_apart.rs"]
mod far_apart;
mod files;
#[path = "../support/fixture.rs"]
mod fixture;
mod midway;
mod on_air;
mod replaced;
mod server;
mod video;
mod web;
