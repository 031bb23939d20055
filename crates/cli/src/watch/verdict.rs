//! How a broadcast that is over went, as an exit code.

use api::BroadcastView;
use broadcast::{FailureKind, Status};

/// 0 when it aired, else the code of what kept it from that.
pub(super) fn exit_code(broadcast: &BroadcastView) -> u8 {
    let failure = broadcast
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.failure.as_ref())
        .map(|failure| failure.kind);
    match broadcast.status {
        Status::Aired => 0,
        Status::Cancelled => FailureKind::Interrupted.exit_code(),
        Status::Scheduled
        | Status::Starting
        | Status::Standby
        | Status::OnAir
        | Status::Interrupted
        | Status::Failed
        | Status::Missed => failure.unwrap_or(FailureKind::Internal).exit_code(),
    }
}
