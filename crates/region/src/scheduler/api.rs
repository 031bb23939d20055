//! The operations on schedules.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    DeadLetterQueues, groups, list,
    model::State,
    requests::{DEFAULT_GROUP, SchedulePut, check_name},
    rows::{self, Schedule},
    tokens::is_repeated,
};
use crate::{
    arn,
    clock::Clock,
    ecs::epoch_seconds,
    error::AwsError,
    front::Call,
    store::{Store, StoreError},
};

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) queues: DeadLetterQueues,
    /// Tells the dispatcher that the schedules changed.
    pub(crate) changed: Arc<Notify>,
}

impl Scheduler {
    /// Answers one call of the REST API.
    pub(crate) async fn handle(&self, call: &Call) -> Result<Value, AwsError> {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (&call.method, &path[..]) {
            (&Method::GET, ["schedules"]) => list::schedules(&self.store, call).await,
            (&Method::POST, ["schedules", name]) => self.create(name, call.json()?).await,
            (&Method::GET, ["schedules", name]) => self.get(name, call.query("groupName")).await,
            (&Method::PUT, ["schedules", name]) => self.update(name, call.json()?).await,
            (&Method::DELETE, ["schedules", name]) => {
                self.delete(name, call.query("groupName")).await
            }
            (&Method::GET, ["schedule-groups"]) => list::groups(&self.store, call).await,
            (&Method::POST, ["schedule-groups", name]) => {
                groups::create(&self.store, self.clock, name, call.json()?).await
            }
            (&Method::GET, ["schedule-groups", name]) => groups::get(&self.store, name).await,
            (&Method::DELETE, ["schedule-groups", name]) => groups::delete(&self.store, name).await,
            (method, _) => {
                let path = call.path.join("/");
                Err(
                    AwsError::unknown_operation("scheduler", &format!("{method} /{path}"))
                        .status(StatusCode::NOT_FOUND),
                )
            }
        }
    }

    async fn create(&self, name: &str, mut body: Value) -> Result<Value, AwsError> {
        check_name("Name", name)?;
        let put = SchedulePut::parse(body.clone(), &self.queues)?;
        body["Name"] = json!(name);
        let (schedule, token) = (
            self.schedule(name, put.group, &put.definition, put.at),
            put.client_token,
        );
        let (now, arn) = (self.clock.now(), schedule.arn());
        self.store
            .transaction(move |transaction| {
                groups::check_exists(transaction, &schedule.group)?;
                if let Some(token) = &token
                    && is_repeated(transaction, token, &body, now)?
                {
                    return Ok(());
                }
                if rows::get(transaction, &schedule.group, &schedule.name)?.is_some() {
                    return Err(AwsError::new(
                        "ConflictException",
                        format!("Schedule {} already exists.", schedule.name),
                    )
                    .status(StatusCode::CONFLICT));
                }
                Ok(rows::put(transaction, &schedule)?)
            })
            .await?;
        self.changed.notify_one();
        Ok(json!({ "ScheduleArn": arn }))
    }

    /// Replaces all of it: what is not said goes back to its default.
    async fn update(&self, name: &str, body: Value) -> Result<Value, AwsError> {
        check_name("Name", name)?;
        let put = SchedulePut::parse(body, &self.queues)?;
        let mut schedule = self.schedule(name, put.group, &put.definition, put.at);
        let arn = schedule.arn();
        self.store
            .transaction(move |transaction| {
                groups::check_exists(transaction, &schedule.group)?;
                let before = rows::get(transaction, &schedule.group, &schedule.name)?
                    .ok_or_else(|| not_found(&schedule.name))?;
                schedule.created_at = before.created_at;
                Ok::<_, AwsError>(rows::put(transaction, &schedule)?)
            })
            .await?;
        self.changed.notify_one();
        Ok(json!({ "ScheduleArn": arn }))
    }

    async fn get(&self, name: &str, group: Option<&str>) -> Result<Value, AwsError> {
        let (owned_name, group) = (name.to_owned(), group.unwrap_or(DEFAULT_GROUP).to_owned());
        let schedule = self
            .store
            .transaction(move |transaction| {
                groups::check_exists(transaction, &group)?;
                Ok::<_, AwsError>(rows::get(transaction, &group, &owned_name)?)
            })
            .await?
            .ok_or_else(|| not_found(name))?;
        let mut answer =
            serde_json::to_value(&schedule.definition).map_err(StoreError::Document)?;
        if let Value::Object(members) = &mut answer {
            members.retain(|_, value| !value.is_null());
        }
        drop_nulls(&mut answer["Target"]);
        drop_nulls(&mut answer["FlexibleTimeWindow"]);
        if schedule.definition.schedule_expression_timezone.is_none() {
            answer["ScheduleExpressionTimezone"] = json!("UTC");
        }
        answer["Arn"] = json!(schedule.arn());
        answer["Name"] = json!(schedule.name);
        answer["GroupName"] = json!(schedule.group);
        answer["CreationDate"] = json!(epoch_seconds(schedule.created_at));
        answer["LastModificationDate"] = json!(epoch_seconds(schedule.modified_at));
        Ok(answer)
    }

    async fn delete(&self, name: &str, group: Option<&str>) -> Result<Value, AwsError> {
        let (owned_name, group) = (name.to_owned(), group.unwrap_or(DEFAULT_GROUP).to_owned());
        let deleted = self
            .store
            .transaction(move |transaction| {
                groups::check_exists(transaction, &group)?;
                Ok::<_, AwsError>(rows::delete(transaction, &group, &owned_name)?)
            })
            .await?;
        if deleted {
            Ok(json!({}))
        } else {
            Err(not_found(name))
        }
    }

    fn schedule(
        &self,
        name: &str,
        group: String,
        definition: &super::model::Definition,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Schedule {
        let now = self.clock.now();
        Schedule {
            group,
            name: name.to_owned(),
            definition: definition.clone(),
            created_at: now,
            modified_at: now,
            scheduled_at: at,
            due_at: (definition.state == State::Enabled).then_some(at),
            attempts: 0,
            event_id: Uuid::new_v4().to_string(),
        }
    }
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, value| !value.is_null());
        members.values_mut().for_each(drop_nulls);
    }
}

fn not_found(name: &str) -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        format!("Schedule {name} does not exist."),
    )
    .status(StatusCode::NOT_FOUND)
}

/// A group's or schedule's summary has its ARN in common.
pub(super) fn summary(schedule: &Schedule) -> Value {
    json!({
        "Arn": arn::schedule(&schedule.group, &schedule.name),
        "CreationDate": epoch_seconds(schedule.created_at),
        "GroupName": schedule.group,
        "LastModificationDate": epoch_seconds(schedule.modified_at),
        "Name": schedule.name,
        "State": schedule.definition.state,
        "Target": { "Arn": schedule.definition.target.arn },
    })
}
