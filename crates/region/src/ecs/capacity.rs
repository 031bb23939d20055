//! What a task runs on, and launches that find no room.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

use crate::{error::AwsError, task::LaunchFault};

/// The capacity providers of Fargate, which every account has.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// The provider that a checked `RunTask` request (keys in camelCase) asks for. There is no
/// difference between them on this machine, and of several the first stands for all.
pub(super) fn provider(request: &Value) -> Result<Option<String>, AwsError> {
    let strategy = match &request["capacityProviderStrategy"] {
        Value::Null => return Ok(None),
        Value::Array(items) if items.is_empty() => return Ok(None),
        Value::Array(items) => items,
        _ => return Err(invalid("capacityProviderStrategy must be a list")),
    };
    if request.get("launchType").is_some() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. \
             Remove one and try again.",
        ));
    }
    for item in strategy {
        let name = item["capacityProvider"].as_str().unwrap_or_default();
        if !PROVIDERS.contains(&name) {
            return Err(invalid(format!(
                "The specified capacity provider '{name}' was not found. \
                 Specify a valid capacity provider and try again."
            )));
        }
    }
    Ok(strategy[0]["capacityProvider"].as_str().map(str::to_owned))
}

/// The launches of each task definition that met a fault so far. Forgotten when the region ends.
#[derive(Debug, Default)]
pub(super) struct Faults {
    met: Mutex<HashMap<String, usize>>,
}

impl Faults {
    /// What befalls the next launch of a task definition that has `faults` ahead of it.
    pub(super) fn next(&self, family: &str, faults: &[LaunchFault]) -> Option<LaunchFault> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let met = met.entry(family.to_owned()).or_default();
        let fault = faults.get(*met)?;
        *met += 1;
        Some(fault.clone())
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(request: Value, expected: Result<Option<&str>, &str>) {
        let found = provider(&request).map_err(|error| error.message);
        let found = found.as_ref().map(Option::as_deref);
        match (found, expected) {
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, expected) => {
                assert_eq!(found, expected.map_err(str::to_owned).as_ref().copied())
            }
        }
    }

    #[test]
    fn a_provider_or_a_launch_type() {
        let strategy = |name: &str| json!([{ "capacityProvider": name, "weight": 1 }]);
        check(json!({}), Ok(None));
        check(json!({ "launchType": "FARGATE" }), Ok(None));
        let spot = strategy("FARGATE_SPOT");
        check(
            json!({ "capacityProviderStrategy": spot }),
            Ok(Some("FARGATE_SPOT")),
        );
        check(
            json!({ "capacityProviderStrategy": spot, "launchType": "FARGATE" }),
            Err("both a launch type and capacity provider strategy"),
        );
        check(
            json!({ "capacityProviderStrategy": strategy("mine") }),
            Err("'mine' was not found"),
        );
    }

    #[test]
    fn each_fault_befalls_one_launch() {
        let none = || LaunchFault::Refused {
            reason: "none".to_owned(),
        };
        let faults = Faults::default();
        assert_eq!(faults.next("a", &[none()]), Some(none()));
        assert_eq!(faults.next("a", &[none()]), None);
        assert_eq!(faults.next("b", &[none()]), Some(none()));
    }
}
