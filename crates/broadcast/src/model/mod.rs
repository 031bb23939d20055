//! Types and rules, pure.

mod backup;
mod broadcast;
mod destination;
mod failure;
mod id;
mod ingest;
mod key;
mod media_time;
mod outcome;
mod progress;
mod retry;
mod source;
mod status;
mod timestamps;
pub mod when;

pub use backup::{Backup, DEFAULT_BACKUP_AFTER, MAX_BACKUP_AFTER};
pub use broadcast::{Broadcast, DEFAULT_LEAD, MAX_HEAD_OR_TAIL, MAX_LEAD, OnDrop};
pub use destination::{Destination, Platform, Probe};
pub use failure::{Failure, FailureKind, UnknownKind};
pub use id::{BroadcastId, InvalidId};
pub use ingest::{Ingest, InvalidIngest};
pub use key::StreamKey;
pub use media_time::MediaTime;
pub use outcome::Outcome;
pub use progress::{DestinationProgress, Phase, Progress};
pub use retry::{Decision, Occasion, RetryBudget};
pub use source::{InvalidSource, SourceUrl};
pub use status::{CANCELLED_BY_OWNER, IllegalTransition, Status};
pub use timestamps::Timestamps;

/// For what an item leaves out when it is as it is by default: items are paid for by their size.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
