//! Entering states, and the states that are no tasks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Flow, Run};
use crate::definition::{Choice, Exit, State, Template, Transition, Wait, WaitFor};
use crate::execution::Phase;
use crate::failure::{Failure, Trouble};
use crate::history::HistoryEventKind;
use crate::jsonata::Scope;
use crate::limits::LONGEST_SECONDS;

impl Run<'_> {
    /// Enters the current state.
    pub(super) fn enter(&mut self) -> Flow {
        let definition = self.definition;
        let Some(state) = definition.states.get(&self.execution.state) else {
            // Only with another definition than the one that the execution was started with.
            let cause = format!("there is no state '{}'", self.execution.state);
            self.fail(Some("States.Runtime".to_owned()), Some(cause));
            return Flow::Pause;
        };
        let previous = match self.execution.last_event {
            1 => 0,
            last => last,
        };
        self.push(HistoryEventKind::StateEntered {
            state_type: state.to_string(),
            name: self.execution.state.clone(),
            input: self.execution.state_input.to_string(),
        });
        if self.execution.outcome().is_some() {
            return Flow::Pause;
        }
        self.mark_entered(previous);
        match state {
            State::Task(_) => self.schedule_current(),
            State::Pass(exit) => self.pass_through(exit),
            State::Choice(choice) => self.choose(choice),
            State::Wait(wait) => self.wait(wait),
            State::Succeed { output } => self.succeed(output.as_ref()),
            State::Fail { error, cause } => self.fail_state(error.as_ref(), cause.as_ref()),
        }
    }

    /// Leaves the current state with its input as the default output.
    fn pass_through(&mut self, exit: &Exit) -> Flow {
        let scope = self.scope(None);
        let input = self.execution.state_input.clone();
        let leaving = self.work_out(exit, &scope, "", input);
        self.leave_or_fail(leaving, &exit.transition)
    }

    fn choose(&mut self, choice: &Choice) -> Flow {
        let scope = self.scope(None);
        let chosen = match self.matching(choice, &scope) {
            Ok(chosen) => chosen,
            Err(Trouble::Handled(failure) | Trouble::Final(failure)) => {
                self.fail_with(failure);
                return Flow::Pause;
            }
        };
        let (exit, prefix) = match chosen {
            Some(rule) => (&choice.rules[rule].1, format!("Choices[{rule}]/")),
            None => match &choice.default {
                Some(exit) => (exit, String::new()),
                None => {
                    // The name and the words of AWS, which does not say States.NoChoiceMatched.
                    let cause = format!(
                        "{} Failed to transition out of the state. The state does not point to a next state.",
                        self.while_executing()
                    );
                    self.fail_with(Failure::new("States.Runtime", Some(cause)));
                    return Flow::Pause;
                }
            },
        };
        let input = self.execution.state_input.clone();
        let leaving = self.work_out(exit, &scope, &prefix, input);
        self.leave_or_fail(leaving, &exit.transition)
    }

    /// The first rule whose condition is true.
    fn matching(&mut self, choice: &Choice, scope: &Scope) -> Result<Option<usize>, Trouble> {
        for (i, (condition, _)) in choice.rules.iter().enumerate() {
            let location = format!("Choices[{i}]/Condition");
            let holds = condition
                .evaluate_as(scope, &location, "boolean", Value::as_bool)
                .map_err(|error| self.evaluation_failed(error))?;
            if holds {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn wait(&mut self, wait: &Wait) -> Flow {
        let scope = self.scope(None);
        match self.wait_ends(&wait.wait_for, &scope) {
            Ok(until) if until <= self.now => self.pass_through(&wait.exit),
            Ok(until) => {
                self.execution.phase = Phase::Waiting { until };
                Flow::Pause
            }
            Err(Trouble::Handled(failure) | Trouble::Final(failure)) => {
                self.fail_with(failure);
                Flow::Pause
            }
        }
    }

    fn wait_ends(&mut self, wait_for: &WaitFor, scope: &Scope) -> Result<DateTime<Utc>, Trouble> {
        let now = self.now;
        let end = match wait_for {
            WaitFor::Seconds(template) => seconds(template, scope, "Seconds", 0)
                .map(|seconds| now.checked_add_signed(time_delta(seconds)).unwrap_or(now)),
            WaitFor::Timestamp(template) => template
                .evaluate_as(scope, "Timestamp", "string", |value| {
                    value.as_str().map(str::to_owned)
                })
                .and_then(|text| {
                    WaitFor::timestamp(&text).ok_or_else(|| {
                        let rule = "It must be an RFC 3339 time such as 2026-12-01T19:30:00Z.";
                        template.out_of_range("Timestamp", rule, &Value::String(text))
                    })
                }),
        };
        end.map_err(|error| self.evaluation_failed(error))
    }

    /// Leaves the current Wait state.
    pub(super) fn wait_is_over(&mut self) -> Flow {
        let definition = self.definition;
        match definition.states.get(&self.execution.state) {
            Some(State::Wait(wait)) => self.pass_through(&wait.exit),
            _ => self.enter(),
        }
    }

    fn succeed(&mut self, output: Option<&Template>) -> Flow {
        let exit = Exit {
            assign: Vec::new(),
            output: output.cloned(),
            transition: Transition::End,
        };
        self.pass_through(&exit)
    }

    fn fail_state(&mut self, error: Option<&Template>, cause: Option<&Template>) -> Flow {
        let scope = self.scope(None);
        let mut text = |template: Option<&Template>, location: &str| {
            template
                .map(|template| {
                    template.evaluate_as(&scope, location, "string", |value| {
                        value.as_str().map(str::to_owned)
                    })
                })
                .transpose()
                .map_err(|error| self.evaluation_failed(error))
        };
        let texts = text(error, "Error").and_then(|error| Ok((error, text(cause, "Cause")?)));
        match texts {
            Ok((error, cause)) => self.fail(error, cause),
            Err(Trouble::Handled(failure) | Trouble::Final(failure)) => self.fail_with(failure),
        }
        Flow::Pause
    }
}

/// A number of seconds of at least `least`; a fraction is cut off.
pub(super) fn seconds(
    template: &Template,
    scope: &Scope,
    location: &str,
    least: u64,
) -> Result<u64, crate::definition::TemplateError> {
    let number = template.evaluate_as(scope, location, "number", Value::as_f64)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the range was checked, and its end is far below 2^53"
    )]
    if number.trunc() >= least as f64 && number <= LONGEST_SECONDS as f64 {
        Ok(number as u64)
    } else {
        let rule = format!("It must be from {least} to {LONGEST_SECONDS}.");
        Err(template.out_of_range(location, &rule, &Value::from(number)))
    }
}

/// At most [`LONGEST_SECONDS`], which every time type holds.
pub(super) fn time_delta(seconds: u64) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(seconds.min(LONGEST_SECONDS)).unwrap_or(0))
}
