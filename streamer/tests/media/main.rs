//! From a source to packets: files, web servers, and what is neither.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod hostile;
mod packets;
mod refusals;
mod seeking;
mod support;
mod web_source;
