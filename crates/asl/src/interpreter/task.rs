//! Task states: scheduling, what becomes of them, Retry and Catch.

use serde_json::Value;

use super::exit::size;
use super::states::{seconds, time_delta};
use super::{Flow, Run};
use crate::definition::{Resource, State, Task};
use crate::event::{Event, TaskId};
use crate::execution::{Phase, RunningTask};
use crate::failure::{Failure, Trouble};
use crate::history::{HistoryEventKind, TaskResource};
use crate::jsonata::Scope;
use crate::limits::PAYLOAD_BYTES;

/// What the fields of a Task state come to.
struct Evaluated {
    arguments: Value,
    role_arn: Option<String>,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
}

impl Run<'_> {
    /// Schedules the current Task state: for the first time, for a retry or after a redrive.
    pub(super) fn schedule_current(&mut self) -> Flow {
        let definition = self.definition;
        let Some(State::Task(task)) = definition.states.get(&self.execution.state) else {
            return self.enter();
        };
        match self.evaluate_fields(task) {
            Ok(evaluated) => {
                self.schedule(task, evaluated);
                Flow::Pause
            }
            Err(trouble) => self.task_failed(task, trouble),
        }
    }

    fn evaluate_fields(&mut self, task: &Task) -> Result<Evaluated, Trouble> {
        let scope = self.scope(None);
        let arguments = match &task.arguments {
            Some(template) => self.evaluate(template, &scope, "Arguments")?,
            None => self.execution.state_input.clone(),
        };
        if size(&arguments) > PAYLOAD_BYTES {
            return Err(self.too_large("has arguments"));
        }
        let role_arn = match &task.credentials {
            None => None,
            Some(template) => Some(
                template
                    .evaluate_as(&scope, "Credentials/RoleArn", "string", |value| {
                        value.as_str().map(str::to_owned)
                    })
                    .map_err(|error| self.evaluation_failed(error))?,
            ),
        };
        Ok(Evaluated {
            arguments,
            role_arn,
            timeout: self.evaluate_seconds(task.timeout.as_ref(), &scope, "TimeoutSeconds")?,
            heartbeat: self.evaluate_seconds(
                task.heartbeat.as_ref(),
                &scope,
                "HeartbeatSeconds",
            )?,
        })
    }

    fn evaluate_seconds(
        &mut self,
        template: Option<&crate::definition::Template>,
        scope: &Scope,
        location: &str,
    ) -> Result<Option<u64>, Trouble> {
        template
            .map(|template| seconds(template, scope, location, 1))
            .transpose()
            .map_err(|error| self.evaluation_failed(error))
    }

    fn schedule(&mut self, task: &Task, evaluated: Evaluated) {
        let Evaluated {
            arguments,
            role_arn,
            timeout,
            heartbeat,
        } = evaluated;
        let text = arguments.to_string();
        let started = match names(&task.resource) {
            Some(resource) => {
                self.push(HistoryEventKind::TaskScheduled {
                    resource: resource.clone(),
                    region: region(&self.execution.arn).to_owned(),
                    parameters: text,
                    timeout,
                    heartbeat,
                    role_arn: role_arn.clone(),
                });
                HistoryEventKind::TaskStarted { resource }
            }
            None => {
                self.push(HistoryEventKind::LambdaFunctionScheduled {
                    resource: task.resource.arn().to_owned(),
                    input: text,
                    timeout,
                    role_arn: role_arn.clone(),
                });
                HistoryEventKind::LambdaFunctionStarted
            }
        };
        let id = TaskId(self.execution.last_event);
        self.push(started);
        if self.execution.outcome().is_some() {
            return;
        }
        let after = |seconds: u64| self.now.checked_add_signed(time_delta(seconds));
        self.execution.phase = Phase::Running(RunningTask {
            id,
            resource: task.resource.clone(),
            arguments,
            role_arn,
            reference: None,
            timeout_at: timeout.and_then(after),
            heartbeat,
            heartbeat_at: heartbeat.and_then(after),
        });
    }

    /// An event of a task. One of another try than the running one changes nothing.
    pub(super) fn task_event(&mut self, event: Event) -> Flow {
        let definition = self.definition;
        let (Event::TaskSubmitted { task: id, .. }
        | Event::TaskSubmitFailed { task: id, .. }
        | Event::TaskHeartbeat { task: id }
        | Event::TaskSucceeded { task: id, .. }
        | Event::TaskFailed { task: id, .. }) = &event
        else {
            return Flow::Pause;
        };
        let (Phase::Running(running), Some(State::Task(task))) = (
            &mut self.execution.phase,
            definition.states.get(&self.execution.state),
        ) else {
            return Flow::Pause;
        };
        if running.id != *id {
            return Flow::Pause;
        }
        match event {
            Event::TaskSubmitted {
                output, reference, ..
            } => {
                running.reference = Some(reference);
                if let Some(resource) = names(&task.resource) {
                    let output = output.to_string();
                    self.push(HistoryEventKind::TaskSubmitted { resource, output });
                }
                Flow::Pause
            }
            Event::TaskHeartbeat { .. } => {
                let next = running.heartbeat.map(time_delta);
                running.heartbeat_at = next.and_then(|next| self.now.checked_add_signed(next));
                Flow::Pause
            }
            Event::TaskSubmitFailed { error, cause, .. } => {
                if let Some(resource) = names(&task.resource) {
                    let (error, cause) = (error.clone(), cause.clone());
                    self.push(HistoryEventKind::TaskSubmitFailed {
                        resource,
                        error,
                        cause,
                    });
                }
                self.task_failed(task, Trouble::Handled(Failure::new(error, cause)))
            }
            Event::TaskSucceeded { output, .. } => self.task_succeeded(task, output),
            Event::TaskFailed { error, cause, .. } => {
                self.push_task_failed(task, error.clone(), cause.clone());
                self.task_failed(task, Trouble::Handled(Failure::new(error, cause)))
            }
            _ => Flow::Pause,
        }
    }

    fn push_task_failed(&mut self, task: &Task, error: String, cause: Option<String>) {
        self.push(match names(&task.resource) {
            Some(resource) => HistoryEventKind::TaskFailed {
                resource,
                error,
                cause,
            },
            None => HistoryEventKind::LambdaFunctionFailed { error, cause },
        });
    }

    fn task_succeeded(&mut self, task: &Task, result: Value) -> Flow {
        if size(&result) > PAYLOAD_BYTES {
            // Recorded on AWS: this one States.ALL does catch.
            let who = match &task.resource {
                Resource::Function { arn } => arn,
                Resource::Integration { service, .. } => service,
            };
            let error = "States.DataLimitExceeded";
            let cause = format!(
                "The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit."
            );
            self.push_task_failed(task, error.to_owned(), Some(cause.clone()));
            return self.task_failed(task, Trouble::Handled(Failure::new(error, Some(cause))));
        }
        let output = result.to_string();
        self.push(match names(&task.resource) {
            Some(resource) => HistoryEventKind::TaskSucceeded { resource, output },
            None => HistoryEventKind::LambdaFunctionSucceeded { output },
        });
        let scope = self.scope(Some(("result", &result)));
        match self.work_out(&task.exit, &scope, "", result) {
            Ok(leaving) => self.leave(leaving, &task.exit.transition),
            Err(trouble) => self.task_failed(task, trouble),
        }
    }

    /// Retries, catches or gives up.
    fn task_failed(&mut self, task: &Task, trouble: Trouble) -> Flow {
        if self.execution.outcome().is_some() {
            return Flow::Pause;
        }
        let failure = match trouble {
            // Whatever is named so ends the execution (Developer Guide, "Error names").
            Trouble::Handled(failure) if failure.error != "States.Runtime" => failure,
            Trouble::Handled(failure) | Trouble::Final(failure) => {
                self.fail_with(failure);
                return Flow::Pause;
            }
        };
        if self.retry(task, &failure) {
            return Flow::Pause;
        }
        let catcher = task
            .catchers
            .iter()
            .enumerate()
            .find(|(_, catcher)| catcher.errors.matches(&failure));
        let Some((i, catcher)) = catcher else {
            self.fail_with(failure);
            return Flow::Pause;
        };
        let error_output = failure.error_output();
        let scope = self.scope(Some(("errorOutput", &error_output)));
        let leaving = self.work_out(&catcher.exit, &scope, &format!("Catch[{i}]/"), error_output);
        self.leave_or_fail(leaving, &catcher.exit.transition)
    }

    /// Whether the failure is retried. Only the first retrier that names the error counts.
    fn retry(&mut self, task: &Task, failure: &Failure) -> bool {
        let retrier = task
            .retriers
            .iter()
            .enumerate()
            .find(|(_, retrier)| retrier.errors.matches(failure));
        let Some((i, retrier)) = retrier else {
            return false;
        };
        self.execution.retries.resize(task.retriers.len(), 0);
        let attempts = self.execution.retries[i];
        if attempts >= retrier.max_attempts {
            return false;
        }
        self.execution.retries[i] += 1;
        self.execution.retry_count += 1;
        let delay = retrier.delay(attempts, &mut self.random);
        self.execution.phase = Phase::BackingOff {
            until: self.now.checked_add_signed(delay).unwrap_or(self.now),
        };
        true
    }

    /// Times the running task out if one of its deadlines has passed.
    pub(super) fn check_task_deadlines(&mut self) -> Flow {
        let definition = self.definition;
        let (Phase::Running(running), Some(State::Task(task))) = (
            &self.execution.phase,
            definition.states.get(&self.execution.state),
        ) else {
            return Flow::Pause;
        };
        let now = self.now;
        let failure = if running.timeout_at.is_some_and(|at| at <= now) {
            Failure::timeout()
        } else if running.heartbeat_at.is_some_and(|at| at <= now) {
            Failure::missed_heartbeat()
        } else {
            return Flow::Pause;
        };
        self.stop_task("the task timed out");
        let error = failure.error.clone();
        self.push(match names(&task.resource) {
            Some(resource) => HistoryEventKind::TaskTimedOut { resource, error },
            None => HistoryEventKind::LambdaFunctionTimedOut { error },
        });
        self.task_failed(task, Trouble::Handled(failure))
    }
}

/// The names of a service integration in the history; `None` for a function that the state names
/// directly, whose events are others.
fn names(resource: &Resource) -> Option<TaskResource> {
    match resource {
        Resource::Function { .. } => None,
        Resource::Integration {
            service, action, ..
        } => Some(TaskResource {
            service: service.clone(),
            action: action.clone(),
        }),
    }
}

/// The region in an ARN.
fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
