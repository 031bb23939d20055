//! The execution of a broadcast: named after it, so that there is one.

use std::time::Duration;

use aws_sdk_sfn::{
    error::{ProvideErrorMetadata, SdkError},
    types::ExecutionStatus,
};
use broadcast::{BroadcastId, CANCELLED_BY_OWNER, aws};
use tokio::time::Instant;

use crate::{Api, Problem};

/// How long an execution whose broadcast is settled is given to end.
const ENDING: Duration = Duration::from_secs(5);
/// The pause between two looks at it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What became of a request to stop an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was running and now stops.
    Stopping,
    /// It was over or never began.
    NotRunning,
}

/// The ARN of the execution of a broadcast.
pub(crate) fn arn(state_machine_arn: &str, id: &BroadcastId) -> String {
    let machine = state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
    format!("{machine}:{id}")
}

/// The input of an execution. Nothing secret and nothing large ever enters it.
pub(crate) fn input(id: &BroadcastId) -> String {
    serde_json::json!({ "broadcastId": id }).to_string()
}

impl Api {
    /// Starts the execution of a broadcast now. That it runs already is as good.
    pub(crate) async fn start_execution(&self, id: &BroadcastId) -> Result<(), Problem> {
        let started = self
            .workflows
            .start_execution()
            .state_machine_arn(&self.config.state_machine_arn)
            .name(id.as_str())
            .input(input(id))
            .send()
            .await;
        match started {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => Err(Problem::conflict(
                format!("the execution of broadcast {id} is over and can only be redriven"),
            )),
            Err(error) => Err(Problem::internal("start the execution", words(error))),
        }
    }

    /// Stops the execution of a broadcast, whose rule then settles the broadcast.
    pub(crate) async fn stop_execution(
        &self,
        id: &BroadcastId,
        cause: &str,
    ) -> Result<Stopped, Problem> {
        // StopExecution of one that is over is answered as if it had worked.
        match self.execution_status(id).await? {
            Some(ExecutionStatus::Running | ExecutionStatus::PendingRedrive) => {}
            _ => return Ok(Stopped::NotRunning),
        }
        self.workflows
            .stop_execution()
            .execution_arn(arn(&self.config.state_machine_arn, id))
            .error(CANCELLED_BY_OWNER)
            .cause(cause)
            .send()
            .await
            .map_err(|error| Problem::internal("stop the execution", words(error)))?;
        Ok(Stopped::Stopping)
    }

    /// Goes on with the failed execution of a broadcast where it failed.
    ///
    /// A broadcast is settled a moment before its execution ends: one that still runs is waited
    /// for.
    pub(crate) async fn redrive_execution(&self, id: &BroadcastId) -> Result<(), Problem> {
        let deadline = Instant::now() + ENDING;
        while self.execution_status(id).await? == Some(ExecutionStatus::Running) {
            if Instant::now() >= deadline {
                return Err(Problem::conflict(format!(
                    "broadcast {id} cannot be tried again yet: its execution still runs, because \
                     it is just ending or is already tried again; look at it in a moment"
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let redriven = self
            .workflows
            .redrive_execution()
            .execution_arn(arn(&self.config.state_machine_arn, id))
            .send()
            .await;
        match redriven {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.code() {
                Some("ExecutionNotRedrivable") => Problem::conflict(format!(
                    "broadcast {id} cannot be tried again: {}; schedule it anew",
                    error
                        .message()
                        .unwrap_or("its execution ended more than 14 days ago")
                        .trim_end_matches('.')
                )),
                Some("ExecutionDoesNotExist") => Problem::conflict(format!(
                    "broadcast {id} cannot be tried again: its execution is gone; schedule it anew"
                )),
                _ => Problem::internal("redrive the execution", words(error)),
            }),
        }
    }

    /// How the execution of a broadcast is, if there is one.
    async fn execution_status(&self, id: &BroadcastId) -> Result<Option<ExecutionStatus>, Problem> {
        let described = self
            .workflows
            .describe_execution()
            .execution_arn(arn(&self.config.state_machine_arn, id))
            .send()
            .await;
        match described {
            Ok(answer) => Ok(Some(answer.status)),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(None),
            Err(error) => Err(Problem::internal("look at the execution", words(error))),
        }
    }
}

/// An error of the SDK and its causes.
pub(crate) fn words<E, R>(error: SdkError<E, R>) -> String
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    aws::words(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_named_after_its_broadcast() {
        let id = "20261201-1930-abcd".parse().unwrap();
        assert_eq!(
            arn(
                "arn:aws:states:us-east-1:123456789012:stateMachine:broadcast",
                &id
            ),
            "arn:aws:states:us-east-1:123456789012:execution:broadcast:20261201-1930-abcd"
        );
        assert_eq!(input(&id), r#"{"broadcastId":"20261201-1930-abcd"}"#);
    }
}
