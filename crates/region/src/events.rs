//! What EventBridge would route: a state machine execution's status changes.

use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    arn,
    clock::Clock,
    lambda::{Invocations, RetryFor},
};

/// The rules: which functions hear of it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Events {
    invocations: Invocations,
    clock: Clock,
    on_execution_status_change: Arc<[String]>,
}

impl Events {
    pub(crate) fn new(invocations: Invocations, clock: Clock, functions: Vec<String>) -> Self {
        Self {
            invocations,
            clock,
            on_execution_status_change: functions.into(),
        }
    }

    /// Emits "Step Functions Execution Status Change" within the transaction that records the
    /// change, so neither is ever there without the other.
    ///
    /// `detail` is EventBridge's: `executionArn`, `stateMachineArn`, `name`, `status`,
    /// `startDate`, `stopDate` (epoch ms), `input`, `output`, `error`, `cause`, `redriveCount`, ….
    pub(crate) fn execution_status_change(
        &self,
        transaction: &Transaction<'_>,
        detail: &Value,
    ) -> rusqlite::Result<()> {
        for function in self.on_execution_status_change.iter() {
            let event = json!({
                "version": "0",
                "id": Uuid::new_v4().to_string(),
                "detail-type": "Step Functions Execution Status Change",
                "source": "aws.states",
                "account": arn::ACCOUNT,
                "time": self.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "region": arn::REGION,
                "resources": [detail["executionArn"]],
                "detail": detail,
            });
            self.invocations
                .enqueue(transaction, function, &event, RetryFor::ServiceEvent)?;
        }
        Ok(())
    }
}
