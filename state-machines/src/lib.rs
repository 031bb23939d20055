//! The workflow of a broadcast.
//!
//! `broadcast.asl.json` is the one definition there is: Terraform's `templatefile` fills its
//! `${placeholders}` for AWS, [`render`] fills them on one machine.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod placeholders;

pub use placeholders::{BROADCAST, Placeholders, RenderError, render};
