//! Running tasks: functions, and ECS tasks that are waited for.

use asl::{Event, Resource, TaskId, TaskRequest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::engine::Seams;
use crate::{
    ecs::{Ran, Task},
    error::AwsError,
    lambda::{Functions, InvokeError},
};

/// Runs a task to its end and reports what becomes of it. `report` answers false when nobody
/// listens any more, `shutdown` says that this is only because the region is closing.
pub(super) async fn run(
    seams: &Seams,
    request: TaskRequest,
    shutdown: &CancellationToken,
    report: impl Fn(Event) -> bool,
) {
    let task = request.id;
    let event = match &request.resource {
        Resource::Function { arn } => {
            let result = invoke(&seams.functions, arn, request.arguments).await;
            finished(task, result)
        }
        Resource::Integration {
            service, action, ..
        } => match (service.as_str(), action.as_str()) {
            ("lambda", "invoke") => {
                let result = lambda_invoke(&seams.functions, request.arguments).await;
                finished(task, result)
            }
            ("ecs", "runTask.sync") => run_task(seams, request, shutdown, &report).await,
            _ => Some(unsupported(&request)),
        },
        _ => Some(unsupported(&request)),
    };
    if let Some(event) = event {
        report(event);
    }
}

/// A task's error name and its cause.
struct Failed(String, String);

fn finished(task: TaskId, result: Result<Value, Failed>) -> Option<Event> {
    Some(match result {
        Ok(output) => Event::TaskSucceeded { task, output },
        Err(Failed(error, cause)) => Event::TaskFailed {
            task,
            error,
            cause: Some(cause),
        },
    })
}

fn unsupported(request: &TaskRequest) -> Event {
    Event::TaskFailed {
        task: request.id,
        error: "States.Runtime".to_owned(),
        cause: Some(format!(
            "the resource '{}' is not supported on this machine",
            request.resource
        )),
    }
}

async fn invoke(functions: &Functions, function: &str, event: Value) -> Result<Value, Failed> {
    functions
        .invoke(function, event)
        .await
        .map_err(|error| match error {
            // The words of the service, recorded on AWS.
            InvokeError::NotFound(_) => Failed(
                "Lambda.ResourceNotFoundException".to_owned(),
                format!(
                    "{} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: {}; Proxy: null)",
                    capital(&error.to_string()),
                    Uuid::new_v4()
                ),
            ),
            InvokeError::Function(error) => {
                Failed(error.error_type.clone(), error.payload().to_string())
            }
        })
}

fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `lambda:invoke`: the function's result is the `Payload` of the answer.
async fn lambda_invoke(functions: &Functions, arguments: Value) -> Result<Value, Failed> {
    let invalid = |code: &str, cause: String| Failed(format!("Lambda.{code}"), cause);
    let Some(function) = arguments["FunctionName"].as_str() else {
        let cause = "the argument FunctionName is missing".to_owned();
        return Err(invalid("ValidationException", cause));
    };
    match arguments["InvocationType"].as_str() {
        None | Some("RequestResponse") => {}
        Some(other) => {
            let cause = format!("the InvocationType {other} is not supported on this machine");
            return Err(invalid("InvalidParameterValueException", cause));
        }
    }
    let event = match &arguments["Payload"] {
        // A text is the body of the request itself.
        Value::String(text) => serde_json::from_str(text).map_err(|error| {
            let cause = format!("could not parse the request body into JSON: {error}");
            invalid("InvalidRequestContentException", cause)
        })?,
        Value::Null if arguments.get("Payload").is_none() => json!({}),
        other => other.clone(),
    };
    let payload = invoke(functions, function, event).await?;
    let length = payload.to_string().len();
    let mut answer = sdk_metadata("application/json", length);
    answer["ExecutedVersion"] = json!("$LATEST");
    answer["Payload"] = payload;
    answer["StatusCode"] = json!(200);
    Ok(answer)
}

/// `ecs:runTask.sync`: starts the task, or waits on for the one that was started before a crash.
async fn run_task(
    seams: &Seams,
    request: TaskRequest,
    shutdown: &CancellationToken,
    report: &impl Fn(Event) -> bool,
) -> Option<Event> {
    let id = request.id;
    let arn = match request.reference {
        Some(arn) => arn,
        None => {
            let task = match start_task(seams, &request).await {
                Ok(task) => task,
                Err(Failed(error, cause)) => {
                    return Some(Event::TaskSubmitFailed {
                        task: id,
                        error,
                        cause: Some(cause),
                    });
                }
            };
            let arn = task.arn();
            let mut output = json!({"Failures": [], "Tasks": [task.to_step_functions()]});
            let length = output.to_string().len();
            if let (Value::Object(output), Value::Object(metadata)) = (
                &mut output,
                sdk_metadata("application/x-amz-json-1.1", length),
            ) {
                output.extend(metadata);
            }
            let submitted = Event::TaskSubmitted {
                task: id,
                output,
                reference: arn.clone(),
            };
            if !report(submitted) && !shutdown.is_cancelled() {
                // The execution was stopped while the task was being started.
                let reason = "the execution was stopped";
                if let Err(error) = seams.tasks.stop(&arn, reason).await {
                    tracing::warn!(task = arn, %error, "task could not be stopped");
                }
                return None;
            }
            arn
        }
    };
    Some(match seams.tasks.wait(&arn).await {
        Ok(task) => stopped(id, &task),
        Err(error) => Event::TaskFailed {
            task: id,
            error: ecs_error(&error).0,
            cause: Some(ecs_error(&error).1),
        },
    })
}

async fn start_task(seams: &Seams, request: &TaskRequest) -> Result<Task, Failed> {
    let mut arguments = request.arguments.clone();
    if let Value::Object(arguments) = &mut arguments {
        // The same for this try after a crash, so that the task is started once.
        let digest = ring::digest::digest(&ring::digest::SHA256, request.token.as_bytes());
        let token = hex::encode(&digest.as_ref()[..16]);
        arguments.insert("ClientToken".to_owned(), json!(token));
        arguments
            .entry("StartedBy")
            .or_insert_with(|| json!("AWS Step Functions"));
    }
    let ran = seams.tasks.run(&arguments).await.map_err(|error| {
        let (error, cause) = ecs_error(&error);
        Failed(error, cause)
    })?;
    // https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html: an answer with
    // failures fails the state with this error.
    let unknown = |cause: Value| Failed("AmazonECS.Unknown".to_owned(), cause.to_string());
    match ran {
        Ran::Tasks(tasks) => tasks
            .into_iter()
            .next()
            .ok_or_else(|| unknown(json!({ "Failures": [], "Tasks": [] }))),
        Ran::Refused(reason) => Err(unknown(json!({
            "Failures": [{ "Reason": reason }],
            "Tasks": [],
        }))),
    }
}

fn ecs_error(error: &AwsError) -> (String, String) {
    let cause = format!(
        "{} (Service: AmazonECS; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)",
        error.message,
        error.status.as_u16(),
        error.code,
        Uuid::new_v4()
    );
    (format!("ECS.{}", error.code), cause)
}

/// A task succeeds when its container ended by itself with exit code 0.
fn stopped(id: TaskId, task: &Task) -> Event {
    let output = task.to_step_functions();
    let exit_code = |container: &Value| container["ExitCode"].as_i64();
    let all_ended_well = output["Containers"]
        .as_array()
        .is_some_and(|containers| containers.iter().all(|c| exit_code(c) == Some(0)));
    if all_ended_well && output["StopCode"] == "EssentialContainerExited" {
        Event::TaskSucceeded { task: id, output }
    } else {
        Event::TaskFailed {
            task: id,
            error: "States.TaskFailed".to_owned(),
            cause: Some(output.to_string()),
        }
    }
}

/// What the SDK of Step Functions adds to each answer.
fn sdk_metadata(content_type: &str, content_length: usize) -> Value {
    let request = Uuid::new_v4().to_string();
    json!({
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "Content-Length": [content_length.to_string()],
                "Content-Type": [content_type],
                "x-amzn-RequestId": [request],
            },
            "HttpHeaders": {
                "Content-Length": content_length.to_string(),
                "Content-Type": content_type,
                "x-amzn-RequestId": request,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request},
    })
}
