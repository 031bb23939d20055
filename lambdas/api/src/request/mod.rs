//! What can be asked for: bodies as they come, and the rules that make broadcasts of them.

mod backup;
mod body;
mod create;
mod destinations;
mod echo;
mod in_the_clear;
mod preflight;
mod source;

pub use backup::{legal_backup, legal_backup_after};
pub use body::{BackupRequest, CreateRequest, DestinationRequest, KeyRequest};
pub use destinations::{key_in_address, legal_key, legal_name, unique_name};
pub use echo::{echo, looks_like_key};

pub(crate) use body::{read_create, read_key};
pub(crate) use create::{NewBroadcast, validate};
pub(crate) use in_the_clear::key_in_the_clear;
pub(crate) use preflight::preflight;
