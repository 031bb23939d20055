//! What a state of the workflow sends.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Failure, FailureKind};

/// Reads what a state of the workflow sends to a function.
///
/// # Errors
/// `BadRequest`, with what is wrong.
pub fn read_payload<T: DeserializeOwned>(payload: Value) -> Result<T, Failure> {
    serde_json::from_value(payload).map_err(|error| {
        let message = format!("the payload is not understood: {error}");
        Failure::new(FailureKind::BadRequest, message)
    })
}
