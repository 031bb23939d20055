//! `GetExecutionHistory`

use serde_json::{Map, Value, json};

use super::{
    arguments::{Arguments, no_execution},
    engine::Shared,
    execution_rows, paging,
};
use crate::{error::AwsError, store::StoreError};

/// The members of an event's details that are left out without `includeExecutionData`.
const DATA: [&str; 7] = [
    "input",
    "inputDetails",
    "output",
    "outputDetails",
    "parameters",
    "assignedVariables",
    "assignedVariablesDetails",
];

pub(super) async fn get(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let arn = arguments.execution()?.to_owned();
    let page = arguments.max_results()?;
    let reverse = arguments.flag("reverseOrder")?.unwrap_or(false);
    let include_data = arguments.flag("includeExecutionData")?.unwrap_or(true);
    let after: Option<i64> = paging::position(arguments)?;
    let key = arn.clone();
    let rows = shared.seams.store.transaction(move |transaction| {
        if execution_rows::get(transaction, &key)?.is_none() {
            return Ok::<_, StoreError>(None);
        }
        execution_rows::history(transaction, &key, reverse, after, paging::rows(page))
            .map(Some)
            .map_err(StoreError::from)
    });
    let rows = rows.await?.ok_or_else(|| no_execution(&arn))?;
    let (rows, token) = paging::cut(rows, page, |(id, _)| *id)?;
    let events = rows.iter().map(|(_, text)| {
        let mut event: Value = serde_json::from_str(text)?;
        if !include_data {
            remove_data(&mut event);
        }
        Ok(event)
    });
    let events: serde_json::Result<Vec<Value>> = events.collect();
    let events = events.map_err(|error| AwsError::internal(&error))?;
    let mut answer = json!({"events": events});
    if let Some(token) = token {
        answer["nextToken"] = json!(token);
    }
    Ok(answer)
}

fn remove_data(event: &mut Value) {
    let members = event.as_object_mut().into_iter().flat_map(Map::values_mut);
    for details in members.filter_map(Value::as_object_mut) {
        details.retain(|name, _| !DATA.contains(&name.as_str()));
    }
}
