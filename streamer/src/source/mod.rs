//! Ranged reads of a video, wherever it lies: bounded memory, shared between cursors, patient with
//! faults and strict about addresses.

mod answer;
mod blocks;
mod client;
mod dns;
mod error;
mod file;
mod handle;
mod lock;
mod object;
mod options;
mod origin;
mod signed_address;
mod version;
mod web;

pub use error::SourceError;
pub use handle::Source;
pub use options::{Retry, SourceOptions};

pub(crate) use handle::Reader;

use lock::lock;
