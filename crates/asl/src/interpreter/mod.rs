//! Running states: one [`Run`] is one step of an execution.

mod exit;
mod scope;
mod states;
mod task;

use chrono::{DateTime, TimeDelta, Utc};

use crate::definition::{Definition, State};
use crate::event::{Event, Next, Outcome, Step, StopTask};
use crate::execution::{Entered, Execution, Phase, RunningTask};
use crate::failure::Failure;
use crate::history::{HistoryEvent, HistoryEventKind};
use crate::limits::HISTORY_EVENTS;
use crate::random::Random;

/// After this many events in one step an execution pauses, so that the caller can store it.
const EVENTS_PER_STEP: usize = 200;

/// Whether to go on with the state that is current now, or to wait for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Pause,
}

/// One step under way.
pub(crate) struct Run<'a> {
    definition: &'a Definition,
    execution: &'a mut Execution,
    now: DateTime<Utc>,
    random: Random,
    history: Vec<HistoryEvent>,
    stop: Option<StopTask>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        definition: &'a Definition,
        execution: &'a mut Execution,
        now: DateTime<Utc>,
        random: u64,
    ) -> Self {
        // The id makes the numbers of two steps differ even when the caller's seed does not.
        let random = Random::new(random ^ execution.last_event.rotate_left(32));
        Self {
            definition,
            execution,
            now,
            random,
            history: Vec::new(),
            stop: None,
        }
    }

    pub(crate) fn start(mut self) -> Step {
        let input = self.execution.input.to_string();
        let role_arn = self.execution.role_arn.clone();
        self.push(HistoryEventKind::ExecutionStarted { input, role_arn });
        self.start_timeout();
        self.enter_states();
        self.finish()
    }

    pub(crate) fn advance(mut self, event: Event) -> Step {
        if let Event::Redrive = event {
            return self.redrive();
        }
        if self.execution.outcome().is_some() {
            return self.finish();
        }
        let before = self.running().map(|task| task.id);
        let flow = match event {
            Event::Abort { error, cause } => {
                self.stop_task("the execution was stopped");
                self.abort(error, cause);
                Flow::Pause
            }
            Event::TimerFired => self.timer_fired(),
            other => self.task_event(other),
        };
        if flow == Flow::Continue {
            self.enter_states();
        }
        let runs_on = before.is_some() && before == self.running().map(|task| task.id);
        let mut step = self.finish();
        if runs_on {
            step.next = Next::Await;
        }
        step
    }

    fn finish(self) -> Step {
        Step {
            history: self.history,
            stop: self.stop,
            next: self.execution.next(),
        }
    }

    /// Enters one state after the other until one must be waited for.
    fn enter_states(&mut self) {
        loop {
            if self.execution.outcome().is_some() {
                return;
            }
            if self.history.len() >= EVENTS_PER_STEP {
                self.execution.phase = Phase::Entering { since: self.now };
                return;
            }
            if self.enter() == Flow::Pause {
                return;
            }
        }
    }

    fn timer_fired(&mut self) -> Flow {
        let now = self.now;
        if self
            .execution
            .deadline
            .is_some_and(|deadline| deadline <= now)
        {
            self.stop_task("the execution timed out");
            self.push_without_cause(HistoryEventKind::ExecutionTimedOut);
            self.end(Outcome::TimedOut);
            return Flow::Pause;
        }
        match &self.execution.phase {
            Phase::Entering { .. } => Flow::Continue,
            Phase::Waiting { until } if *until <= now => self.wait_is_over(),
            Phase::BackingOff { until } if *until <= now => self.schedule_current(),
            Phase::Running(_) => self.check_task_deadlines(),
            Phase::Waiting { .. } | Phase::BackingOff { .. } | Phase::Ended(_) => Flow::Pause,
        }
    }

    fn redrive(mut self) -> Step {
        match self.execution.outcome() {
            None | Some(Outcome::Succeeded { .. }) => return self.finish(),
            Some(_) => {}
        }
        self.execution.redrive_count += 1;
        self.execution.redrive_time = Some(self.now);
        self.execution.retry_count = 0;
        self.execution.retries.clear();
        self.execution.phase = Phase::Entering { since: self.now };
        self.start_timeout();
        let redrive_count = self.execution.redrive_count;
        self.push(HistoryEventKind::ExecutionRedriven { redrive_count });
        // A Task state is scheduled again, any other is entered again.
        let flow = match self.definition.states.get(&self.execution.state) {
            Some(State::Task(_)) if self.execution.entered.is_some() => self.schedule_current(),
            _ => Flow::Continue,
        };
        if flow == Flow::Continue {
            self.enter_states();
        }
        self.finish()
    }

    /// The state machine's timeout counts from the start, and anew from each redrive.
    fn start_timeout(&mut self) {
        self.execution.deadline = self.definition.timeout.and_then(|seconds| {
            self.now
                .checked_add_signed(TimeDelta::seconds(i64::try_from(seconds).ok()?))
        });
    }

    fn running(&self) -> Option<&RunningTask> {
        match &self.execution.phase {
            Phase::Running(task) => Some(task),
            _ => None,
        }
    }

    /// Notes that the running task, if there is one, is to be stopped.
    fn stop_task(&mut self, reason: &str) {
        self.stop = self.running().map(|task| StopTask {
            id: task.id,
            resource: task.resource.clone(),
            reference: task.reference.clone(),
            reason: reason.to_owned(),
        });
    }

    fn end(&mut self, outcome: Outcome) {
        self.execution.phase = Phase::Ended(outcome);
    }

    fn abort(&mut self, error: Option<String>, cause: Option<String>) {
        self.push_without_cause(HistoryEventKind::ExecutionAborted {
            error: error.clone(),
            cause: cause.clone(),
        });
        self.end(Outcome::Aborted { error, cause });
    }

    fn fail(&mut self, error: Option<String>, cause: Option<String>) {
        self.append(
            self.execution.last_event,
            HistoryEventKind::ExecutionFailed {
                error: error.clone(),
                cause: cause.clone(),
            },
        );
        self.end(Outcome::Failed { error, cause });
    }

    fn fail_with(&mut self, failure: Failure) {
        self.fail(Some(failure.error), failure.cause);
    }

    /// Appends an event that the newest one led to.
    fn push(&mut self, kind: HistoryEventKind) {
        // The first state is not a consequence of the event that says that the execution started.
        let previous = match self.execution.last_event {
            1 => 0,
            last => last,
        };
        self.push_after(previous, kind);
    }

    /// Appends an event that came from outside, and so from no other event.
    fn push_without_cause(&mut self, kind: HistoryEventKind) {
        self.append(0, kind);
    }

    /// Appends an event unless the history is full, which ends the execution.
    fn push_after(&mut self, previous: u64, kind: HistoryEventKind) {
        if self.execution.outcome().is_some() {
            return;
        }
        if self.execution.last_event + 1 >= HISTORY_EVENTS && !ends_execution(&kind) {
            let cause = format!(
                "The execution reached the maximum number of history events ({HISTORY_EVENTS})."
            );
            self.fail(Some("States.Runtime".to_owned()), Some(cause));
            return;
        }
        self.append(previous, kind);
    }

    fn append(&mut self, previous_event_id: u64, kind: HistoryEventKind) {
        self.execution.last_event += 1;
        self.history.push(HistoryEvent {
            id: self.execution.last_event,
            previous_event_id,
            timestamp: self.now,
            kind,
        });
    }

    /// The sentence with which the cause of an error of the current state begins.
    fn while_executing(&self) -> String {
        let event = self
            .execution
            .entered
            .as_ref()
            .map_or(0, |entered| entered.event);
        format!(
            "An error occurred while executing the state '{}' (entered at the event id #{event}).",
            self.execution.state
        )
    }

    fn mark_entered(&mut self, previous_event: u64) {
        self.execution.entered = Some(Entered {
            event: self.execution.last_event,
            previous_event,
            time: self.now,
        });
    }
}

fn ends_execution(kind: &HistoryEventKind) -> bool {
    matches!(
        kind,
        HistoryEventKind::ExecutionSucceeded { .. } | HistoryEventKind::ExecutionFailed { .. }
    )
}
