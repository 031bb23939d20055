//! Leaving a state: Output, Assign and the way on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Flow, Run};
use crate::definition::{Exit, Template, TemplateError, Transition};
use crate::event::Outcome;
use crate::failure::{Failure, Trouble};
use crate::history::HistoryEventKind;
use crate::jsonata::Scope;
use crate::limits::{NESTED_LEVELS, PAYLOAD_BYTES, VARIABLES_BYTES};

/// What a state has worked out before it is left.
pub(super) struct Leaving {
    pub(super) output: Value,
    pub(super) assigned: Map<String, Value>,
}

impl Run<'_> {
    /// Evaluates Output and Assign; `prefix` is where they stand, such as `Catch[0]/`.
    ///
    /// Both see the variables as they were when the state was entered.
    pub(super) fn work_out(
        &mut self,
        exit: &Exit,
        scope: &Scope,
        prefix: &str,
        default: Value,
    ) -> Result<Leaving, Trouble> {
        let output = match &exit.output {
            Some(template) => self.evaluate(template, scope, &format!("{prefix}Output"))?,
            None => default,
        };
        if size(&output) > PAYLOAD_BYTES {
            return Err(self.too_large("returned a result"));
        }
        let mut assigned = Map::new();
        for (name, template) in &exit.assign {
            let location = format!("{prefix}Assign/{name}");
            let value = self.evaluate(template, scope, &location)?;
            if size(&value) > PAYLOAD_BYTES {
                return Err(self.too_large(&format!("assigned the variable '{name}'")));
            }
            assigned.insert(name.clone(), value);
        }
        if !assigned.is_empty() {
            let kept = self.execution.variables.iter();
            let kept = kept.filter(|(name, _)| !assigned.contains_key(*name));
            let total: usize = kept.chain(&assigned).map(|(_, value)| size(value)).sum();
            if total > VARIABLES_BYTES {
                return Err(self.too_large("assigned variables"));
            }
        }
        Ok(Leaving { output, assigned })
    }

    /// Leaves the current state.
    pub(super) fn leave(&mut self, leaving: Leaving, transition: &Transition) -> Flow {
        let output = leaving.output.to_string();
        let assigned: BTreeMap<String, String> = leaving
            .assigned
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect();
        let state_type = self.state_type();
        self.push(HistoryEventKind::StateExited {
            state_type,
            name: self.execution.state.clone(),
            output: output.clone(),
            assigned,
        });
        if self.execution.outcome().is_some() {
            return Flow::Pause;
        }
        self.execution.variables.extend(leaving.assigned);
        match transition {
            Transition::Next(next) => {
                self.execution.state.clone_from(next);
                self.execution.state_input = leaving.output;
                self.execution.entered = None;
                self.execution.retry_count = 0;
                self.execution.retries.clear();
                self.execution.phase = crate::execution::Phase::Entering { since: self.now };
                Flow::Continue
            }
            Transition::End => {
                self.push(HistoryEventKind::ExecutionSucceeded {
                    output: output.clone(),
                });
                self.end(Outcome::Succeeded { output });
                Flow::Pause
            }
        }
    }

    /// Leaves a state that has no `Retry` and no `Catch`.
    pub(super) fn leave_or_fail(
        &mut self,
        leaving: Result<Leaving, Trouble>,
        transition: &Transition,
    ) -> Flow {
        match leaving {
            Ok(leaving) => self.leave(leaving, transition),
            Err(Trouble::Handled(failure) | Trouble::Final(failure)) => {
                self.fail_with(failure);
                Flow::Pause
            }
        }
    }

    /// The value of a template; an error is recorded in the history.
    pub(super) fn evaluate(
        &mut self,
        template: &Template,
        scope: &Scope,
        location: &str,
    ) -> Result<Value, Trouble> {
        template
            .evaluate(scope, location)
            .map_err(|error| self.evaluation_failed(error))
    }

    /// Records that an expression has no value that can be used.
    pub(super) fn evaluation_failed(&mut self, error: TemplateError) -> Trouble {
        let cause = format!("{} {}", self.while_executing(), error.message);
        // Recorded on AWS: what fails on the way into a state follows from the same event as the
        // entry itself.
        let previous = match &self.execution.entered {
            Some(entered) if entered.event == self.execution.last_event => entered.previous_event,
            _ => self.execution.last_event,
        };
        let name = "States.QueryEvaluationError";
        let state = self.execution.state.clone();
        self.push_after(
            previous,
            HistoryEventKind::EvaluationFailed {
                state,
                location: error.location,
                error: name.to_owned(),
                cause: cause.clone(),
            },
        );
        Trouble::Handled(Failure::new(name, Some(cause)))
    }

    /// The data limit of a state's own data, which `Retry` and `Catch` cannot handle.
    pub(super) fn too_large(&self, what: &str) -> Trouble {
        let cause = format!(
            "{} The state '{}' {what} with a size exceeding the maximum number of bytes service limit.",
            self.while_executing(),
            self.execution.state
        );
        Trouble::Final(Failure::new("States.DataLimitExceeded", Some(cause)))
    }

    pub(super) fn state_type(&self) -> String {
        self.definition
            .states
            .get(&self.execution.state)
            .map_or_else(String::new, ToString::to_string)
    }
}

/// The bytes of a value's JSON text; of one that lies deeper than [`NESTED_LEVELS`], more than any
/// limit.
pub(super) fn size(value: &Value) -> usize {
    if !is_within(value, NESTED_LEVELS) {
        return usize::MAX;
    }
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// Whether a value has so many levels at most; looks no deeper than that.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(values) => {
            levels > 0 && values.iter().all(|inner| is_within(inner, levels - 1))
        }
        Value::Object(fields) => {
            levels > 0 && fields.values().all(|inner| is_within(inner, levels - 1))
        }
        _ => true,
    }
}
