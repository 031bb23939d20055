//! The few operations of Amazon S3 that Matinee uses, as signed HTTP requests.
//!
//! `aws-sdk-s3` would bring minutes of build for them; signing is in the tree already.
//! [`Bucket`] makes signed requests for whoever has an HTTP client of their own, as the streamer's
//! ranged reads do, and reads the refusals; [`Client`] sends them and is patient with faults.
//!
//! Neither the texts of errors nor `Debug` hold a secret.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod bucket;
mod call;
mod client;
mod multipart;
mod object;
mod tags;

mod upload;

mod address;
mod body;
mod clock;
mod credentials;
mod meter;
mod refusal;
mod retry;
mod xml;

mod error;

pub use bucket::Bucket;
pub use call::Call;
pub use client::{Client, Settings};
pub use credentials::Keeper;
pub use error::Error;
pub use meter::Meter;
pub use multipart::Part;
pub use object::ObjectHead;
pub use refusal::Refusal;
pub use retry::Retry;
pub use upload::{LocalFile, Plan, Progress, Step, UploadError, Uploaded, upload};
