//! What expressions see: `$states` with the context object.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::Run;
use crate::definition::State;
use crate::execution::Execution;
use crate::jsonata::Scope;
use crate::random::Random;

impl Run<'_> {
    /// The scope of the current state's expressions, with `$states.result` or
    /// `$states.errorOutput` as `name` and `value`.
    pub(super) fn scope(&mut self, extra: Option<(&str, &Value)>) -> Scope {
        let seed = self.random.next_u64();
        let is_task = matches!(
            self.definition.states.get(&self.execution.state),
            Some(State::Task(_))
        );
        let mut states = json!({
            "input": self.execution.state_input,
            "context": context(self.execution, is_task),
        });
        if let (Value::Object(states), Some((name, value))) = (&mut states, extra) {
            states.insert(name.to_owned(), value.clone());
        }
        Scope::new(
            states,
            &self.execution.variables,
            self.now.timestamp_millis(),
            Random::new(seed),
        )
    }
}

/// The context object. `RedriveCount` is 0 until the execution is redriven, `RedriveTime` is not
/// there until then (recorded on AWS), and `RetryCount` belongs to Task states.
fn context(execution: &Execution, is_task: bool) -> Value {
    let mut state = Map::from_iter([("Name".to_owned(), json!(execution.state))]);
    if let Some(entered) = &execution.entered {
        state.insert("EnteredTime".to_owned(), time(entered.time));
    }
    if is_task {
        state.insert("RetryCount".to_owned(), json!(execution.retry_count));
    }
    let mut context = json!({
        "Execution": {
            "Id": execution.arn,
            "Input": execution.input,
            "StartTime": time(execution.start_time),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "RedriveCount": execution.redrive_count,
        },
        "StateMachine": {
            "Id": execution.state_machine_arn,
            "Name": execution.state_machine_name,
        },
        "State": state,
    });
    if let Some(redrive_time) = execution.redrive_time {
        context["Execution"]["RedriveTime"] = time(redrive_time);
    }
    context
}

fn time(time: DateTime<Utc>) -> Value {
    json!(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
