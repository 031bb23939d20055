//! Publishing over RTMP, without I/O: bytes in, events out; commands in, bytes out.
//!
//! Sockets, TLS and clocks belong to the caller ([`crate::ingest`]).
//! After Adobe's "RTMP Specification 1.0" (2012) and, where servers differ from it, after what
//! they do; each such place says so.

pub mod amf0;

mod acknowledgement;
mod announced;
mod chunk_reader;
#[cfg(test)]
mod chunk_tests;
mod chunk_writer;
mod command;
mod error;
mod event;
mod handshake;
mod message;
mod publisher;
mod redact;
mod reply;
mod target;

pub use announced::AnnouncedCodecs;
pub use error::{MessageTooLarge, ProtocolError};
pub use event::{Event, Refusal, RefusalKind};
pub use publisher::Publisher;
pub use target::{Goal, PublishTarget};

pub(crate) use target::ACKNOWLEDGEMENT_WINDOW;
