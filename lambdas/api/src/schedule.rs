//! The scheduler's entry of a broadcast: it starts the execution at air time − lead.

use aws_sdk_scheduler::{
    error::{BuildError, ProvideErrorMetadata},
    types::{
        ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode,
        RetryPolicy, Target,
    },
};
use broadcast::{Broadcast, BroadcastId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::{
    Api, Problem,
    execution::{self, words},
};

/// A start that is this near is made without the scheduler, which is precise to a minute.
const AT_ONCE: TimeDelta = TimeDelta::seconds(5);
/// When an entry starts what was to start at once and did not.
const IN_CASE: TimeDelta = TimeDelta::seconds(60);
/// How long after the air time a show may still start by itself. Later, nobody is watching; it
/// settles as missed and its owner decides.
const LATEST_START: u64 = 5 * 60;
/// The least age that the scheduler takes.
const LEAST_AGE: u64 = 60;
/// The universal target: any operation of the SDK, by name.
const START_EXECUTION: &str = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";

impl Api {
    /// Creates the entry that starts the execution of a broadcast at an instant.
    pub(crate) async fn schedule(
        &self,
        broadcast: &Broadcast,
        start: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let target = self
            .target(broadcast)
            .map_err(|error| Problem::internal("describe the schedule entry", error))?;
        let window = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .map_err(|error| Problem::internal("describe the schedule entry", error))?;
        self.scheduler
            .create_schedule()
            .group_name(&self.config.schedule_group)
            .name(broadcast.id.as_str())
            .description("Starts a broadcast of Matinee")
            .schedule_expression(at(start))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(window)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await
            .map_err(|error| Problem::internal("create the schedule entry", words(error)))?;
        Ok(())
    }

    /// Removes the entry of a broadcast. That there is none is as good.
    pub(crate) async fn unschedule(&self, id: &BroadcastId) -> Result<(), Problem> {
        let deleted = self
            .scheduler
            .delete_schedule()
            .group_name(&self.config.schedule_group)
            .name(id.as_str())
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(Problem::internal("delete the schedule entry", words(error))),
        }
    }

    fn target(&self, broadcast: &Broadcast) -> Result<Target, BuildError> {
        // Delivery is at least once; the name makes it once.
        let input = json!({
            "StateMachineArn": self.config.state_machine_arn,
            "Name": broadcast.id,
            "Input": execution::input(&broadcast.id),
        });
        Target::builder()
            .arn(START_EXECUTION)
            .role_arn(&self.config.scheduler_role_arn)
            .input(input.to_string())
            .retry_policy(
                RetryPolicy::builder()
                    .maximum_event_age_in_seconds(maximum_age(broadcast.lead_seconds))
                    .build(),
            )
            .dead_letter_config(
                DeadLetterConfig::builder()
                    .arn(&self.config.dead_letter_queue_arn)
                    .build(),
            )
            .build()
    }
}

/// Whether the time of a broadcast has come, so that no entry is needed to start it.
pub(crate) fn starts_at_once(broadcast: &Broadcast, now: DateTime<Utc>) -> bool {
    broadcast.start_time() < now + AT_ONCE
}

/// When the entry of a broadcast starts its execution. The entry of one that starts at once is
/// for the case that nobody does: the process ends, or its time is up, before it comes to it.
pub(crate) fn entry_time(broadcast: &Broadcast, now: DateTime<Utc>) -> DateTime<Utc> {
    if starts_at_once(broadcast, now) {
        now + IN_CASE
    } else {
        broadcast.start_time()
    }
}

/// How late an entry may be delivered, in seconds.
fn maximum_age(lead_seconds: u64) -> i32 {
    let age = lead_seconds.saturating_add(LATEST_START).max(LEAST_AGE);
    i32::try_from(age).unwrap_or(i32::MAX)
}

/// The scheduler knows whole seconds; the part that is cut off makes the start earlier.
fn at(time: DateTime<Utc>) -> String {
    format!("at({})", time.format("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_in_utc_and_whole_seconds() {
        let time = "2026-12-01T19:26:00.9Z".parse().unwrap();
        assert_eq!(at(time), "at(2026-12-01T19:26:00)");
    }

    #[test]
    fn what_starts_at_once_has_an_entry_for_the_case_that_it_does_not() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let broadcast = serde_json::from_value(json!({
            "id": "20261201-1930-abcd", "title": "", "source": "s3://b/v.mp4", "destinations": [],
            "air_time": "2026-12-01T19:30:00Z", "time_zone": "UTC", "lead_seconds": 240,
            "status": "scheduled", "attempts": 0, "created_at": "2026-11-23T12:00:00Z",
        }))
        .unwrap();
        for (now, entry) in [
            ("2026-12-01T12:00:00Z", "2026-12-01T19:26:00Z"),
            ("2026-12-01T19:25:56Z", "2026-12-01T19:26:56Z"),
            ("2026-12-01T19:40:00Z", "2026-12-01T19:41:00Z"),
        ] {
            assert_eq!(entry_time(&broadcast, at(now)), at(entry), "{now}");
        }
    }

    #[test]
    fn a_show_does_not_start_hours_late() {
        assert_eq!(maximum_age(0), 300);
        assert_eq!(maximum_age(240), 540);
    }
}
