//! The HTTP front door of Matinee.
//!
//! One [`router`], hosted by `lambda_http` on AWS and by `matinee up` on one machine. It is behind
//! AWS signatures in both places (a function URL with IAM, the region's own front), so there is no
//! authentication of its own here.
//! The routes and their bodies are described by `openapi.json`, which is served too.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod router;
mod routes;

mod request;
mod view;

mod execution;
mod schedule;

mod config;
mod problem;

pub use config::{Api, Config, DefaultProbes, InvalidConfig};
pub use problem::Problem;
pub use request::{
    BackupRequest, CreateRequest, DestinationRequest, KeyRequest, echo, key_in_address,
    legal_backup, legal_backup_after, legal_key, legal_name, looks_like_key, unique_name,
};
pub use router::router;
pub use view::{BackupView, BroadcastList, BroadcastView, DestinationView};
