//! One execution under way: it stores each step and then does what the step asks for.

use std::{sync::Arc, time::Duration};

use asl::{Definition, Event, Execution, HistoryEventKind, Next, Step};
use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender},
    oneshot,
};
use uuid::Uuid;

use super::{
    arguments::no_execution, engine::Shared, execution_rows, integrations, machine_rows,
    record::ExecutionRecord, status_event,
};
use crate::{
    error::{AwsError, chain},
    events::Events,
    store::StoreError,
};

/// Pause before a step is stored again that could not be stored.
const STORE_FAILED: Duration = Duration::from_secs(1);

/// What an execution can be told.
#[derive(Debug)]
pub(super) enum Message {
    /// Go on.
    Go,
    /// Something happened to a task.
    Event(Event),
    /// `StopExecution`; answered with the stop date.
    Stop {
        error: Option<String>,
        cause: Option<String>,
        reply: Reply,
    },
    /// `RedriveExecution`; answered with the redrive date.
    Redrive { token: Option<String>, reply: Reply },
}

pub(super) type Reply = oneshot::Sender<Result<DateTime<Utc>, AwsError>>;

pub(super) struct Actor {
    shared: Arc<Shared>,
    arn: String,
    own: UnboundedSender<Message>,
    inbox: UnboundedReceiver<Message>,
}

/// What the store holds of an execution.
struct Loaded {
    definition: Arc<Definition>,
    execution: Execution,
    record: ExecutionRecord,
}

impl Actor {
    pub(super) fn new(
        shared: Arc<Shared>,
        arn: String,
        own: UnboundedSender<Message>,
        inbox: UnboundedReceiver<Message>,
    ) -> Self {
        Self {
            shared,
            arn,
            own,
            inbox,
        }
    }

    /// Lives until the execution has ended and nobody wants anything of it.
    pub(super) async fn run(mut self) {
        let mut loaded = match self.load().await {
            Ok(loaded) => loaded,
            Err(error) => return self.refuse_all(&error),
        };
        self.act(loaded.execution.next());
        let shutdown = self.shared.shutdown.clone();
        let clock = self.shared.seams.clock;
        loop {
            if loaded.execution.outcome().is_some() && self.shared.leave(&self.arn, &self.inbox) {
                return;
            }
            let wake_at = loaded.execution.wake_at();
            let timer = async {
                match wake_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let message = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                message = self.inbox.recv() => message,
                () = timer => Some(Message::Event(Event::TimerFired)),
            };
            match message {
                None => return,
                Some(Message::Go) => {}
                Some(Message::Event(event)) => {
                    self.step(&mut loaded, event).await;
                }
                Some(Message::Stop {
                    error,
                    cause,
                    reply,
                }) => {
                    if loaded.execution.outcome().is_none() {
                        self.step(&mut loaded, Event::Abort { error, cause }).await;
                    }
                    let stopped_at = loaded.record.stopped_at;
                    let _ = reply.send(Ok(stopped_at.unwrap_or_else(|| clock.now())));
                }
                Some(Message::Redrive { token, reply }) => {
                    let answer = self.redrive(&mut loaded, token).await;
                    let _ = reply.send(answer);
                }
            }
        }
    }

    async fn redrive(
        &self,
        loaded: &mut Loaded,
        token: Option<String>,
    ) -> Result<DateTime<Utc>, AwsError> {
        let now = self.shared.seams.clock.now();
        let again = token.is_some() && token == loaded.record.redrive_token;
        if let (true, Some(redriven_at)) = (again, loaded.record.redriven_at) {
            return Ok(redriven_at);
        }
        loaded
            .record
            .redrivable(now)
            .map_err(|reason| AwsError::new("ExecutionNotRedrivable", reason))?;
        loaded.record.redrive_token = token;
        self.step(loaded, Event::Redrive).await;
        Ok(loaded.record.redriven_at.unwrap_or(now))
    }

    /// Advances the execution, stores the step and only then lets it have effects.
    async fn step(&self, loaded: &mut Loaded, event: Event) {
        let unwanted = unwanted_task(&loaded.execution, &event);
        let before = loaded.record.clone();
        let now = self.shared.seams.clock.now();
        let goes_on = loaded.execution.outcome().is_none() || matches!(event, Event::Redrive);
        let advanced = match advance(loaded, event, now).await {
            Some(step) => {
                // Of one that has ended, what is late changes nothing.
                if goes_on {
                    loaded.record.update(&loaded.execution, now);
                }
                Some(step)
            }
            None => {
                tracing::error!(execution = self.arn, "the interpreter panicked");
                fail(loaded, now).await
            }
        };
        let Some(step) = advanced else { return };
        let stop = step
            .stop
            .as_ref()
            .and_then(|stop| Some((stop.reference.clone()?, stop.reason.clone())))
            .or(unwanted);
        let changed = !step.history.is_empty() || stop.is_some() || before != loaded.record;
        // A heartbeat leaves no trace but in the stored execution.
        if changed || step.next == Next::Await {
            let write = Write::new(loaded, &before, &step, stop.clone(), now);
            if !self.store(write).await {
                return;
            }
        }
        if let Some((task, reason)) = stop
            && let Err(error) = self.shared.stop_task(&task, &reason).await
        {
            tracing::warn!(task, error = %chain(&error), "a stopped task could not be noted");
        }
        self.act(step.next);
    }

    /// Stores a step, however long it takes; false when the region closes before.
    async fn store(&self, write: Write) -> bool {
        let write = Arc::new(write);
        loop {
            let (events, pending) = (self.shared.seams.events.clone(), Arc::clone(&write));
            let stored = self
                .shared
                .seams
                .store
                .transaction(move |transaction| pending.run(transaction, &events))
                .await;
            let Err(error) = stored else { return true };
            tracing::error!(execution = self.arn, error = %chain(&error), "a step could not be stored");
            tokio::select! {
                () = self.shared.shutdown.cancelled() => return false,
                () = tokio::time::sleep(STORE_FAILED) => {}
            }
        }
    }

    fn act(&self, next: Next) {
        if let Next::Run(request) = next {
            let (shared, own) = (Arc::clone(&self.shared), self.own.clone());
            self.shared.tracker.spawn(async move {
                let shutdown = shared.shutdown.clone();
                let report = |event| own.send(Message::Event(event)).is_ok();
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = integrations::run(&shared.seams, *request, &shutdown, report) => {}
                }
            });
        }
    }

    async fn load(&self) -> Result<Loaded, AwsError> {
        let arn = self.arn.clone();
        let rows = self.shared.seams.store.transaction(move |transaction| {
            let record = execution_rows::get(transaction, &arn)?;
            Ok::<_, StoreError>(record.zip(execution_rows::state(transaction, &arn)?))
        });
        let Some((record, (state, definition))) = rows.await? else {
            return Err(no_execution(&self.arn));
        };
        // What the region wrote itself: only an older or a damaged program cannot read it.
        let execution = serde_json::from_str(&state).map_err(|error| AwsError::internal(&error))?;
        let definition =
            Definition::parse(&definition).map_err(|error| AwsError::internal(&error))?;
        Ok(Loaded {
            definition: Arc::new(definition),
            execution,
            record,
        })
    }

    fn refuse_all(mut self, error: &AwsError) {
        tracing::error!(execution = self.arn, %error, "the execution cannot be continued");
        loop {
            while let Ok(message) = self.inbox.try_recv() {
                if let Message::Stop { reply, .. } | Message::Redrive { reply, .. } = message {
                    let _ = reply.send(Err(error.clone()));
                }
            }
            if self.shared.leave(&self.arn, &self.inbox) {
                return;
            }
        }
    }
}

/// Runs the interpreter where a long expression holds nobody up; `None` when it panicked, which
/// leaves the execution as it was.
async fn advance(loaded: &mut Loaded, event: Event, now: DateTime<Utc>) -> Option<Step> {
    let definition = Arc::clone(&loaded.definition);
    let mut execution = loaded.execution.clone();
    let random = Uuid::new_v4().as_u64_pair().0;
    let advanced = tokio::task::spawn_blocking(move || {
        let step = execution.advance(&definition, event, now, random);
        (execution, step)
    });
    let (execution, step) = advanced.await.ok()?;
    loaded.execution = execution;
    Some(step)
}

/// Ends an execution that the interpreter cannot go on with: nothing else ever would. `None` when
/// it has ended or not even that is possible.
///
/// The interpreter only knows how to abort from outside; what is recorded and told is a failure,
/// as it is when Step Functions fails at run time.
async fn fail(loaded: &mut Loaded, now: DateTime<Utc>) -> Option<Step> {
    if loaded.execution.outcome().is_some() {
        return None;
    }
    let (error, cause) = (
        Some("States.Runtime".to_owned()),
        Some("the interpreter failed; the log of the region tells how".to_owned()),
    );
    let abort = Event::Abort {
        error: error.clone(),
        cause: cause.clone(),
    };
    let mut step = advance(loaded, abort, now).await?;
    loaded.record.update(&loaded.execution, now);
    asl::Status::Failed
        .name()
        .clone_into(&mut loaded.record.status);
    if let Some(last) = step.history.last_mut() {
        last.kind = HistoryEventKind::ExecutionFailed { error, cause };
    }
    Some(step)
}

/// The task that was submitted for a try that is over, with the reason for stopping it.
fn unwanted_task(execution: &Execution, event: &Event) -> Option<(String, String)> {
    let Event::TaskSubmitted {
        task, reference, ..
    } = event
    else {
        return None;
    };
    match execution.next() {
        Next::Run(request) if request.id == *task => None,
        _ => Some((reference.clone(), "nobody waits for the task".to_owned())),
    }
}

/// One step in the form in which it is stored.
struct Write {
    record: ExecutionRecord,
    /// The detail of the event that tells of a new status.
    status_change: Option<serde_json::Value>,
    state: serde_json::Result<String>,
    history: serde_json::Result<Vec<(u64, String)>>,
    stop: Option<(String, String)>,
}

impl Write {
    fn new(
        loaded: &Loaded,
        before: &ExecutionRecord,
        step: &Step,
        stop: Option<(String, String)>,
        now: DateTime<Utc>,
    ) -> Self {
        let record = loaded.record.clone();
        let status_change = record.status != before.status;
        Self {
            status_change: status_change.then(|| status_event::detail(&record, now)),
            state: serde_json::to_string(&loaded.execution),
            history: history_rows(step),
            record,
            stop,
        }
    }

    fn run(&self, transaction: &Transaction<'_>, events: &Events) -> Result<(), AwsError> {
        let internal = |error: &serde_json::Error| AwsError::internal(error);
        let state = self.state.as_ref().map_err(internal)?;
        let history = self.history.as_ref().map_err(internal)?;
        execution_rows::update(transaction, &self.record, state)?;
        execution_rows::append_history(transaction, &self.record.arn, history)?;
        if let Some((task, reason)) = &self.stop {
            execution_rows::stop_task(transaction, task, reason)?;
        }
        if let Some(detail) = &self.status_change {
            events.execution_status_change(transaction, detail)?;
        }
        if !self.record.is_running() {
            machine_rows::remove_if_idle(transaction, &self.record.state_machine)?;
        }
        Ok(())
    }
}

/// A step's events as they are stored.
pub(super) fn history_rows(step: &Step) -> serde_json::Result<Vec<(u64, String)>> {
    let rows = step.history.iter();
    rows.map(|event| Ok((event.id, serde_json::to_string(event)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use asl::StartInput;
    use serde_json::json;

    use super::*;
    use crate::arn;

    #[tokio::test]
    async fn what_the_interpreter_cannot_go_on_with_fails() {
        let definition = Definition::parse(
            r#"{"QueryLanguage":"JSONata","StartAt":"W","States":{
                "W":{"Type":"Wait","Seconds":60,"End":true}}}"#,
        );
        let definition = Arc::new(definition.unwrap());
        let now = Utc::now();
        let input = StartInput {
            execution_arn: arn::execution("machine", "one"),
            name: "one".to_owned(),
            role_arn: arn::role("machine"),
            state_machine_arn: arn::state_machine("machine"),
            state_machine_name: "machine".to_owned(),
            input: json!({}),
        };
        let (execution, _) = Execution::start(&definition, input, now, 0);
        let mut record = ExecutionRecord {
            arn: arn::execution("machine", "one"),
            name: "one".to_owned(),
            state_machine: "machine".to_owned(),
            status: String::new(),
            started_at: now,
            stopped_at: None,
            input: "{}".to_owned(),
            output: None,
            error: None,
            cause: None,
            events: 0,
            redrive_count: 0,
            redriven_at: None,
            redrive_token: None,
        };
        record.update(&execution, now);
        let mut loaded = Loaded {
            definition,
            execution,
            record,
        };
        let step = fail(&mut loaded, now).await.unwrap();
        assert!(matches!(step.next, Next::Done(_)));
        let last = &step.history.last().unwrap().kind;
        assert!(
            matches!(last, HistoryEventKind::ExecutionFailed { error, .. }
                if error.as_deref() == Some("States.Runtime")),
            "{last:?}"
        );
        let record = &loaded.record;
        assert_eq!(
            (record.status.as_str(), record.error.as_deref()),
            ("FAILED", Some("States.Runtime"))
        );
        assert_eq!(record.redrivable(now), Ok(()));
        assert!(fail(&mut loaded, now).await.is_none());
    }
}
