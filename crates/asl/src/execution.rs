//! One execution of a state machine, as data.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::definition::{Definition, Resource};
use crate::event::{Event, Next, Outcome, Status, Step, TaskId, TaskRequest};
use crate::interpreter::Run;

/// What an execution is started with.
#[derive(Debug, Clone, PartialEq)]
pub struct StartInput {
    /// The execution's ARN; its fourth part is the region that the history names.
    pub execution_arn: String,
    /// The execution's name.
    pub name: String,
    /// The role of the state machine.
    pub role_arn: String,
    /// The state machine's ARN.
    pub state_machine_arn: String,
    /// The state machine's name.
    pub state_machine_name: String,
    /// The input.
    pub input: Value,
}

/// Everything that is needed to go on with an execution, also after a crash.
///
/// Stored as JSON. A field that is added later needs `#[serde(default)]`, so that a new program
/// reads old executions; what an old program could not run right needs a new version, which it then refuses to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    version: Version,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) role_arn: String,
    pub(crate) state_machine_arn: String,
    pub(crate) state_machine_name: String,
    pub(crate) input: Value,
    pub(crate) start_time: DateTime<Utc>,
    pub(crate) redrive_count: u64,
    pub(crate) redrive_time: Option<DateTime<Utc>>,
    /// When the state machine's `TimeoutSeconds` are over.
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) variables: Map<String, Value>,
    /// The state that is current, or that failed.
    pub(crate) state: String,
    pub(crate) state_input: Value,
    /// `None` until the state's `StateEntered`.
    pub(crate) entered: Option<Entered>,
    /// Retries of this state, by all retriers together.
    pub(crate) retry_count: u64,
    /// Retries of this state, by retrier.
    pub(crate) retries: Vec<u64>,
    /// The id of the newest history event.
    pub(crate) last_event: u64,
    pub(crate) phase: Phase,
}

/// When and by which event the current state was entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub(crate) event: u64,
    pub(crate) previous_event: u64,
    pub(crate) time: DateTime<Utc>,
}

/// What the execution waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing: the current state is to be entered. An endless loop of states without a wait
    /// pauses here from time to time, so that no step grows without bound.
    Entering { since: DateTime<Utc> },
    /// A Wait state.
    Waiting { until: DateTime<Utc> },
    /// The delay before a retry.
    BackingOff { until: DateTime<Utc> },
    /// A task.
    Running(RunningTask),
    /// Nothing any more.
    Ended(Outcome),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunningTask {
    pub(crate) id: TaskId,
    pub(crate) resource: Resource,
    pub(crate) arguments: Value,
    pub(crate) role_arn: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) timeout_at: Option<DateTime<Utc>>,
    /// Seconds between heartbeats.
    pub(crate) heartbeat: Option<u64>,
    pub(crate) heartbeat_at: Option<DateTime<Utc>>,
}

/// The version of the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Version(u32);

impl Version {
    const NEWEST: Self = Self(1);
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = Self(u32::deserialize(deserializer)?);
        if version.0 > Self::NEWEST.0 {
            return Err(de::Error::custom(format!(
                "an execution of version {}; this program knows up to version {}",
                version.0,
                Self::NEWEST.0
            )));
        }
        Ok(version)
    }
}

impl Execution {
    /// Starts an execution and runs it to the first thing that must be waited for.
    ///
    /// `random` seeds all that is random in this step: `$random`, `$uuid`, jitter.
    #[must_use]
    pub fn start(
        definition: &Definition,
        start: StartInput,
        now: DateTime<Utc>,
        random: u64,
    ) -> (Self, Step) {
        let mut execution = Self {
            version: Version::NEWEST,
            arn: start.execution_arn,
            name: start.name,
            role_arn: start.role_arn,
            state_machine_arn: start.state_machine_arn,
            state_machine_name: start.state_machine_name,
            state_input: start.input.clone(),
            input: start.input,
            start_time: now,
            redrive_count: 0,
            redrive_time: None,
            deadline: None,
            variables: Map::new(),
            state: definition.start_at.clone(),
            entered: None,
            retry_count: 0,
            retries: Vec::new(),
            last_event: 0,
            phase: Phase::Entering { since: now },
        };
        let step = Run::new(definition, &mut execution, now, random).start();
        (execution, step)
    }

    /// Tells the execution what happened and runs it to the next thing that must be waited for.
    ///
    /// `definition` must be the one that the execution was started with.
    pub fn advance(
        &mut self,
        definition: &Definition,
        event: Event,
        now: DateTime<Utc>,
        random: u64,
    ) -> Step {
        Run::new(definition, self, now, random).advance(event)
    }

    /// What the execution needs, for going on after a crash.
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.phase {
            Phase::Entering { since: until }
            | Phase::Waiting { until }
            | Phase::BackingOff { until } => Next::WaitUntil(*until),
            Phase::Running(task) => Next::Run(Box::new(TaskRequest {
                id: task.id,
                token: format!("{}/{}", self.arn, task.id),
                resource: task.resource.clone(),
                arguments: task.arguments.clone(),
                role_arn: task.role_arn.clone(),
                reference: task.reference.clone(),
            })),
            Phase::Ended(outcome) => Next::Done(outcome.clone()),
        }
    }

    /// When [`Event::TimerFired`] is due: a wait, a retry, or the timeout of a task or of the
    /// execution, whichever comes first.
    #[must_use]
    pub fn wake_at(&self) -> Option<DateTime<Utc>> {
        let own = match &self.phase {
            Phase::Entering { since: until }
            | Phase::Waiting { until }
            | Phase::BackingOff { until } => Some(*until),
            Phase::Running(task) => task.timeout_at.into_iter().chain(task.heartbeat_at).min(),
            Phase::Ended(_) => return None,
        };
        own.into_iter().chain(self.deadline).min()
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.outcome().map_or(Status::Running, Outcome::status)
    }

    /// How it ended; `None` while it runs.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The state that is current, or in which the execution ended.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// How often it was redriven.
    #[must_use]
    pub fn redrive_count(&self) -> u64 {
        self.redrive_count
    }

    /// The id of its newest history event, which is their number.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.last_event
    }
}
