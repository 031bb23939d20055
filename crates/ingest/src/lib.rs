//! A rehearsal ingest: an RTMP and RTMPS server on loopback that takes what a publisher sends,
//! writes it to FLV files that any player opens, and misbehaves on request.
//!
//! Its protocol is the foreign crate `rml_rtmp`, so that what our own publisher sends is judged by
//! code that shares nothing with it.
//! It stands in for a platform in `matinee demo` and in tests; it is no server for the public.
//!
//! ```no_run
//! # async fn rehearse() -> Result<(), ingest::IngestError> {
//! use ingest::{Ingest, Keys, Options};
//!
//! let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
//! let options = Options { keys: Keys::only(["a-key"]), ..Options::default() };
//! let ingest = Ingest::bind(address, options).await?;
//! println!("publish to {}", ingest.url("live"));
//! ingest.until(|now| now.publishes.iter().any(|publish| publish.ended.is_some())).await;
//! ingest.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! # What `rml_rtmp` 0.8 does not do
//!
//! - It answers `releaseStream`, `FCPublish` and `FCUnpublish` with nothing (as nginx-rtmp does).
//! - `closeStream` is understood only with the stream id as its first argument; the usual form,
//!   where the id is that of the message, is ignored.
//! - An extended timestamp below 2²⁴ − 1 panics in a debug build; the connection then counts as
//!   dropped.
//! - It assembles one message at a time: a publisher that interleaves the chunks of two messages
//!   is refused as a protocol error, or misread.
//! - Its acknowledgements count the bytes since the one before, where the specification wants the
//!   total, and are sent only once the publisher has announced a window itself.
//! - Of `onMetaData` it keeps eleven well-known values; only these reach a recording.
//! - Its own refusal of a publish is an `_error` without a transaction; see [`Rejection`].
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod acknowledgements;
mod answer;
mod behaviour;
mod connection;
mod error;
mod event;
mod flv;
mod keys;
mod ledger;
mod options;
mod packet;
mod publish;
mod recorder;
mod running;
mod server;
mod session;
mod tag;

pub use behaviour::{After, Behaviour, Fault, Stage, Words};
pub use error::IngestError;
pub use event::Event;
pub use keys::{Keys, Rejection};
pub use options::{Duplicates, Keep, Options};
pub use packet::{Moment, Packet};
pub use publish::{Ended, Ending, Metadata, Publish, Snapshot, Stats};
pub use running::RunningIngest;
pub use server::Ingest;
pub use tag::Kind;
