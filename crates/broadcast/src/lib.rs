//! The domain of Matinee.
//!
//! [`model`] holds the types and the rules: it does no I/O, reads no clock and draws no random
//! numbers; time and randomness come in as arguments.
//! Beside it stand the only I/O of the domain: the DynamoDB [`table`] and the key store [`keys`].

#![cfg_attr(test, allow(clippy::allow_attributes, clippy::unwrap_used))]

mod model;

pub use model::*;
