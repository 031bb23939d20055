//! The domain of Matinee.
//!
//! The model holds the types and the rules: it does no I/O, reads no clock and draws no random
//! numbers; time and randomness come in as arguments.
//! Beside it stand the only I/O of the domain: the DynamoDB [`table`] and the key store [`keys`],
//! both reached through [`aws`].

#![cfg_attr(test, allow(clippy::allow_attributes, clippy::unwrap_used))]

pub mod aws;
pub mod keys;
mod model;
mod payload;
mod quiet;
pub mod table;

pub use model::*;
pub use payload::read_payload;
pub use quiet::is_quiet;
