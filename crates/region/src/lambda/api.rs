//! `Invoke`, and what is needed to find out what can be invoked.

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::{Functions, Invocations, InvokeError, RetryFor};
use crate::{
    arn,
    error::AwsError,
    front::{Answer, Call},
    store::Store,
};

const VERSION: &str = "2015-03-31";
const X_AMZ_FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const X_AMZ_EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const X_AMZ_INVOCATION_TYPE: &str = "x-amz-invocation-type";

/// Lambda's limits on a payload, in bytes.
const SYNC_LIMIT: usize = 6 << 20;
const ASYNC_LIMIT: usize = 1 << 20;

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lambda {
    pub(crate) functions: Functions,
    pub(crate) invocations: Invocations,
    pub(crate) store: Store,
    pub(crate) started_at: DateTime<Utc>,
}

impl Lambda {
    /// Whether a path is one of the Lambda API; every other one is a function URL's.
    pub(crate) fn serves(path: &str) -> bool {
        path.strip_prefix('/')
            .and_then(|path| path.strip_prefix(VERSION))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Answers one call of the REST API.
    pub(crate) async fn handle(&self, call: &Call) -> Result<Answer, AwsError> {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (&call.method, &path[..]) {
            (&Method::GET, [VERSION, "functions"]) => {
                let functions: Vec<Value> = self
                    .functions
                    .names()
                    .map(|name| self.configuration(name))
                    .collect();
                Ok(Answer::json(&json!({ "Functions": functions })))
            }
            (&Method::GET, [VERSION, "functions", name]) => {
                let configuration = self.configuration(self.resolve(name)?);
                Ok(Answer::json(&json!({ "Configuration": configuration })))
            }
            (&Method::GET, [VERSION, "functions", name, "configuration"]) => {
                Ok(Answer::json(&self.configuration(self.resolve(name)?)))
            }
            (&Method::POST, [VERSION, "functions", name, "invocations"]) => {
                self.invoke(name, call).await
            }
            (method, _) => {
                let path = call.path.join("/");
                Err(
                    AwsError::unknown_operation("lambda", &format!("{method} /{path}"))
                        .status(StatusCode::NOT_FOUND),
                )
            }
        }
    }

    async fn invoke(&self, name: &str, call: &Call) -> Result<Answer, AwsError> {
        let name = self.resolve(name)?.to_owned();
        let header = call.headers.get(X_AMZ_INVOCATION_TYPE);
        let kind = header.map_or(&b"RequestResponse"[..], HeaderValue::as_bytes);
        let limit = if kind == b"Event" {
            ASYNC_LIMIT
        } else {
            SYNC_LIMIT
        };
        if call.body.len() > limit {
            return Err(AwsError::new(
                "RequestTooLargeException",
                format!(
                    "{} byte payload is too large (limit {limit} bytes)",
                    call.body.len()
                ),
            )
            .status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let payload = payload(&call.body)?;
        match kind {
            b"RequestResponse" => self.invoke_now(&name, payload).await,
            b"Event" => {
                let invocations = self.invocations.clone();
                self.store
                    .transaction(move |transaction| {
                        Ok::<_, AwsError>(invocations.enqueue(
                            transaction,
                            &name,
                            &payload,
                            RetryFor::AsyncInvoke,
                        )?)
                    })
                    .await?;
                Ok(Answer::new(StatusCode::ACCEPTED, ""))
            }
            b"DryRun" => Ok(Answer::new(StatusCode::NO_CONTENT, "")),
            _ => Err(AwsError::new(
                "InvalidParameterValueException",
                "the invocation type must be RequestResponse, Event or DryRun",
            )),
        }
    }

    async fn invoke_now(&self, name: &str, payload: Value) -> Result<Answer, AwsError> {
        let mut answer = match self.functions.invoke(name, payload).await {
            Ok(result) => Answer::json(&result),
            Err(InvokeError::Function(error)) => {
                let mut answer = Answer::json(&error.payload());
                let unhandled = HeaderValue::from_static("Unhandled");
                answer.headers.insert(X_AMZ_FUNCTION_ERROR, unhandled);
                answer
            }
            Err(InvokeError::NotFound(name)) => return Err(not_found(&name)),
        };
        let latest = HeaderValue::from_static("$LATEST");
        answer.headers.insert(X_AMZ_EXECUTED_VERSION, latest);
        Ok(answer)
    }

    fn resolve(&self, name: &str) -> Result<&str, AwsError> {
        self.functions.resolve(name).map_err(|error| match error {
            InvokeError::NotFound(name) => not_found(&name),
            InvokeError::Function(error) => AwsError::internal(&error),
        })
    }

    fn configuration(&self, name: &str) -> Value {
        json!({
            "FunctionName": name,
            "FunctionArn": arn::function(name),
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": arn::role(name),
            "LastModified": self.started_at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Timeout": 900,
            "Version": "$LATEST",
        })
    }
}

/// A payload is JSON; none is `{}`.
fn payload(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| {
        AwsError::new(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )
    })
}

fn not_found(name: &str) -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        format!("Function not found: {}", arn::function(name)),
    )
    .status(StatusCode::NOT_FOUND)
    .with("Type", "User")
}
