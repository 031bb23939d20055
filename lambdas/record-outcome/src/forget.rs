//! Keys that nobody needs any more.

use broadcast::{Broadcast, keys::parameter_name};

use crate::State;

/// Removes the keys of a broadcast that can never be on air again. One that cannot be removed is
/// no reason to fail what is settled; it is told in the log.
pub(crate) async fn keys(state: &State, broadcast: &Broadcast) {
    for destination in &broadcast.destinations {
        let parameter = &destination.key_parameter;
        // Only what is its own.
        if *parameter != parameter_name(&broadcast.id, &destination.name) {
            continue;
        }
        if let Err(error) = state.keys.delete(parameter).await {
            tracing::warn!(broadcast = %broadcast.id, %error, "a stream key stays behind");
        }
    }
}
