//! Types and rules, pure.

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
pub mod when;

pub use broadcast::{Broadcast, DEFAULT_LEAD, MAX_LEAD, OnDrop};
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
