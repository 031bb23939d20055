//! A `RunTask` request, and the tasks that it makes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Task, capacity, decapitalised, model::Status, tasks::TaskEnvironment};
use crate::{
    arn,
    error::AwsError,
    task::{TaskCommand, files::Spec},
};

/// What of the region's own environment a task gets.
const INHERITED: [&str; 5] = ["PATH", "HOME", "TZ", "RUST_LOG", "SSL_CERT_FILE"];

/// A checked `RunTask` request.
pub(super) struct Request {
    pub(super) client_token: Option<String>,
    pub(super) family: String,
    pub(super) command: TaskCommand,
    container: String,
    /// `command` of the container override.
    args: Option<Vec<String>>,
    environment: Vec<(String, String)>,
    overrides: Value,
    count: u64,
    started_by: Option<String>,
    group: Option<String>,
    tags: Value,
    capacity_provider: Option<String>,
}

/// A task and what starts it.
pub(super) struct Launch {
    pub(super) task: Task,
    pub(super) spec: Spec,
    environment: Vec<(String, String)>,
}

impl Request {
    pub(super) fn parse(
        arguments: &Value,
        definitions: &BTreeMap<String, TaskCommand>,
    ) -> Result<Self, AwsError> {
        let request = decapitalised(arguments);
        check_cluster(request["cluster"].as_str())?;
        let family = family(request["taskDefinition"].as_str().unwrap_or_default());
        let command = definitions
            .get(family)
            .ok_or_else(|| AwsError::new("ClientException", "TaskDefinition not found."))?;
        let count = request["count"].as_u64().unwrap_or(1);
        if !(1..=10).contains(&count) {
            return Err(invalid("Count must be from 1 to 10"));
        }

        let mut overrides = request["overrides"].clone();
        let containers = match &overrides["containerOverrides"] {
            Value::Null => Vec::new(),
            Value::Array(containers) => containers.clone(),
            _ => return Err(invalid("containerOverrides must be a list")),
        };
        if containers.len() > 1 {
            return Err(invalid("a task has one container on this machine"));
        }
        let container = containers.first().cloned().unwrap_or_else(|| json!({}));
        if overrides.is_null() {
            overrides = json!({ "containerOverrides": [], "inferenceAcceleratorOverrides": [] });
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            client_token: text(&request["clientToken"]).filter(|token| !token.is_empty()),
            family: family.to_owned(),
            command: command.clone(),
            container: text(&container["name"]).unwrap_or_else(|| family.to_owned()),
            args: strings(&container["command"])?,
            environment: variables(&container["environment"])?,
            overrides,
            count,
            started_by: text(&request["startedBy"]),
            group: text(&request["group"]),
            tags: match &request["tags"] {
                Value::Array(tags) => Value::Array(tags.clone()),
                _ => json!([]),
            },
            capacity_provider: capacity::provider(&request)?,
        })
    }

    pub(super) fn launches(&self, now: DateTime<Utc>) -> Vec<Launch> {
        (0..self.count).map(|_| self.launch(now)).collect()
    }

    fn launch(&self, now: DateTime<Utc>) -> Launch {
        self.launch_as(Task {
            id: Uuid::new_v4().simple().to_string(),
            family: self.family.clone(),
            container: self.container.clone(),
            overrides: self.overrides.clone(),
            started_by: self.started_by.clone(),
            group: self
                .group
                .clone()
                .unwrap_or_else(|| format!("family:{}", self.family)),
            tags: self.tags.clone(),
            capacity_provider: self.capacity_provider.clone(),
            desired: Status::Running,
            last: Status::Pending,
            version: 1,
            created_at: now,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            stop_code: None,
            stopped_reason: None,
            exit_code: None,
            container_reason: None,
        })
    }

    fn launch_as(&self, task: Task) -> Launch {
        let command = &self.command;
        Launch {
            task,
            spec: Spec {
                shim: command.shim.clone(),
                program: command.program.clone(),
                args: self.args.clone().unwrap_or_else(|| command.args.clone()),
                stop_timeout_ms: command
                    .stop_timeout
                    .as_millis()
                    .try_into()
                    .unwrap_or(u64::MAX),
                log_limit: command.log_limit,
            },
            environment: [command.environment.clone(), self.environment.clone()].concat(),
        }
    }
}

impl Launch {
    /// What starts a task that was written down but not started.
    pub(super) fn again(
        task: Task,
        definitions: &BTreeMap<String, TaskCommand>,
    ) -> Result<Self, AwsError> {
        let request = json!({ "taskDefinition": task.family, "overrides": task.overrides });
        Ok(Request::parse(&request, definitions)?.launch_as(task))
    }

    /// Everything in the task's environment; what comes later wins.
    pub(super) fn environment(
        &self,
        region: &TaskEnvironment,
    ) -> impl Iterator<Item = (String, std::ffi::OsString)> {
        let inherited = INHERITED
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)));
        let aws = [
            ("AWS_REGION", arn::REGION.into()),
            ("AWS_ENDPOINT_URL", region.endpoint.clone().into()),
            ("AWS_CONFIG_FILE", region.config_file.clone().into()),
            (
                "AWS_SHARED_CREDENTIALS_FILE",
                region.credentials_file.clone().into(),
            ),
        ];
        let given = self.environment.clone().into_iter();
        inherited
            .chain(aws.map(|(name, value)| (name.to_owned(), value)))
            .chain(given.map(|(name, value)| (name, value.into())))
    }
}

/// The family in `family`, `family:revision` or a task definition's ARN.
pub(super) fn family(definition: &str) -> &str {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    name.split(':').next().unwrap_or(name)
}

/// There is one cluster; none named is it too.
pub(super) fn check_cluster(cluster: Option<&str>) -> Result<(), AwsError> {
    match cluster {
        None | Some("" | arn::CLUSTER) => Ok(()),
        Some(given) if given == arn::cluster() => Ok(()),
        Some(_) => Err(AwsError::new(
            "ClusterNotFoundException",
            "Cluster not found.",
        )),
    }
}

fn strings(value: &Value) -> Result<Option<Vec<String>>, AwsError> {
    match value {
        Value::Null => Ok(None),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or_else(|| invalid("command must be a list of strings")),
        _ => Err(invalid("command must be a list of strings")),
    }
}

fn variables(value: &Value) -> Result<Vec<(String, String)>, AwsError> {
    let pair = |variable: &Value| {
        let name = variable["name"]
            .as_str()
            .filter(|name| !name.is_empty() && !name.contains(['=', '\0']))?;
        let value = variable["value"]
            .as_str()
            .filter(|value| !value.contains('\0'))?;
        Some((name.to_owned(), value.to_owned()))
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .iter()
            .map(pair)
            .collect::<Option<_>>()
            .ok_or_else(|| invalid("environment must be a list of names and string values")),
        _ => Err(invalid(
            "environment must be a list of names and string values",
        )),
    }
}

fn invalid(message: &str) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}
