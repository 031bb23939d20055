//! The operations on tasks, and what is needed to find one's way to them.

use serde_json::{Value, json};

use super::{
    Ran, Task, Tasks,
    launch::{check_cluster, family},
    tasks::task_id,
};
use crate::{arn, error::AwsError, page::page};

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ecs {
    pub(crate) tasks: Tasks,
}

impl Ecs {
    /// Answers `AmazonEC2ContainerServiceV20141113.<operation>`.
    pub(crate) async fn handle(&self, operation: &str, body: Value) -> Result<Value, AwsError> {
        match operation {
            "RunTask" => {
                let (tasks, failures) = match self.tasks.run(&body).await? {
                    Ran::Tasks(tasks) => (api(&tasks), json!([])),
                    Ran::Refused(reason) => (Vec::new(), json!([{ "reason": reason }])),
                };
                Ok(json!({ "tasks": tasks, "failures": failures }))
            }
            "StopTask" => {
                check_cluster(body["cluster"].as_str())?;
                let reason = body["reason"].as_str().unwrap_or("Task stopped by user");
                let task = self.tasks.stop(text(&body, "task")?, reason).await?;
                Ok(json!({ "task": task.to_api() }))
            }
            "DescribeTasks" => self.describe_tasks(&body).await,
            "ListTasks" => self.list_tasks(&body).await,
            "ListClusters" => Ok(json!({ "clusterArns": [arn::cluster()] })),
            "DescribeClusters" => self.describe_clusters(&body).await,
            "ListTaskDefinitions" => self.list_task_definitions(&body),
            "DescribeTaskDefinition" => self.describe_task_definition(&body),
            _ => Err(AwsError::unknown_operation("ecs", operation)),
        }
    }

    async fn describe_tasks(&self, body: &Value) -> Result<Value, AwsError> {
        check_cluster(body["cluster"].as_str())?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for reference in strings(body, "tasks")? {
            match self.tasks.describe(reference).await {
                Ok(task) => tasks.push(task),
                Err(error) if error.status.is_server_error() => return Err(error),
                Err(_) => failures.push(json!({
                    "arn": task_id(reference).map_or(reference.to_owned(), arn::task),
                    "reason": "MISSING",
                })),
            }
        }
        Ok(json!({ "tasks": api(&tasks), "failures": failures }))
    }

    async fn list_tasks(&self, body: &Value) -> Result<Value, AwsError> {
        check_cluster(body["cluster"].as_str())?;
        let desired = body["desiredStatus"].as_str().unwrap_or("RUNNING");
        let mut tasks = self.tasks.list().await?;
        tasks.retain(|task| {
            let is = |member: &str, value: &str| {
                body[member].as_str().is_none_or(|wanted| wanted == value)
            };
            task.desired.name() == desired
                && is("family", &task.family)
                && is("startedBy", task.started_by.as_deref().unwrap_or_default())
                && is("launchType", "FARGATE")
        });
        let mut arns: Vec<String> = tasks.iter().map(Task::arn).collect();
        arns.sort();
        listed("taskArns", arns, body)
    }

    async fn describe_clusters(&self, body: &Value) -> Result<Value, AwsError> {
        let asked = match &body["clusters"] {
            Value::Null => vec![arn::CLUSTER],
            _ => strings(body, "clusters")?,
        };
        let (known, unknown): (Vec<&str>, Vec<&str>) = asked
            .into_iter()
            .partition(|name| check_cluster(Some(name)).is_ok());
        let tasks = self.tasks.list().await?;
        let count = |status: &str| {
            tasks
                .iter()
                .filter(|task| task.last.name() == status)
                .count()
        };
        let cluster = json!({
            "clusterArn": arn::cluster(),
            "clusterName": arn::CLUSTER,
            "status": "ACTIVE",
            "activeServicesCount": 0,
            "pendingTasksCount": count("PENDING"),
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": count("RUNNING"),
        });
        let clusters: Vec<Value> = known.first().map(|_| cluster).into_iter().collect();
        let failures: Vec<Value> = unknown
            .into_iter()
            .map(|name| json!({ "arn": name, "reason": "MISSING" }))
            .collect();
        Ok(json!({ "clusters": clusters, "failures": failures }))
    }

    fn list_task_definitions(&self, body: &Value) -> Result<Value, AwsError> {
        let prefix = body["familyPrefix"].as_str();
        let arns = self
            .tasks
            .definitions()
            .keys()
            .filter(|family| prefix.is_none_or(|prefix| prefix == *family))
            .map(|family| arn::task_definition(family))
            .collect();
        listed("taskDefinitionArns", arns, body)
    }

    fn describe_task_definition(&self, body: &Value) -> Result<Value, AwsError> {
        let family = family(text(body, "taskDefinition")?);
        let command = self.tasks.definitions().get(family).ok_or_else(|| {
            AwsError::new("ClientException", "Unable to describe task definition.")
        })?;
        let environment: Vec<Value> = command
            .environment
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        Ok(json!({ "taskDefinition": {
            "taskDefinitionArn": arn::task_definition(family),
            "family": family,
            "revision": 1,
            "status": "ACTIVE",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{
                "name": family,
                "image": command.program,
                "command": command.args,
                "environment": environment,
                "essential": true,
                "stopTimeout": command.stop_timeout.as_secs(),
            }],
        }}))
    }
}

fn api(tasks: &[Task]) -> Vec<Value> {
    tasks.iter().map(Task::to_api).collect()
}

fn listed(member: &str, arns: Vec<String>, body: &Value) -> Result<Value, AwsError> {
    let size = body["maxResults"].as_u64().unwrap_or(100).clamp(1, 100);
    let size = usize::try_from(size).unwrap_or(100);
    let page = page(arns, size, body["nextToken"].as_str(), Clone::clone)?;
    let mut answer = json!({});
    answer[member] = json!(page.items);
    if let Some(next) = page.next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    body[member]
        .as_str()
        .ok_or_else(|| AwsError::new("InvalidParameterException", format!("{member} is missing")))
}

fn strings<'a>(body: &'a Value, member: &str) -> Result<Vec<&'a str>, AwsError> {
    body[member]
        .as_array()
        .and_then(|items| items.iter().map(Value::as_str).collect())
        .ok_or_else(|| {
            AwsError::new(
                "InvalidParameterException",
                format!("{member} must be a list of strings"),
            )
        })
}
