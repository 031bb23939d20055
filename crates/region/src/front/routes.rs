//! Which service a verified request is for.

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use http::{Method, Request, StatusCode, request::Parts};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    canonical::decode,
    wire::{Answer, X_AMZ_TARGET},
};
use crate::{
    dynamodb::DynamoDb, ecs::Ecs, error::AwsError, lambda::Lambda, scheduler::Scheduler, sns::Sns,
    ssm::Ssm, step_functions::StepFunctions, sts,
};

/// Everything that is served.
pub(crate) struct Services {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) ecs: Ecs,
    pub(crate) lambda: Lambda,
    pub(crate) scheduler: Scheduler,
    pub(crate) sns: Sns,
    pub(crate) ssm: Ssm,
    pub(crate) step_functions: StepFunctions,
    /// Served as Lambda function URLs are: signed for `lambda`, on every other path.
    pub(crate) function_url: Router,
}

/// A call of a REST protocol: the path's segments and the query are decoded.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    fn new(parts: Parts, body: Bytes) -> Self {
        let text = |encoded: &str| String::from_utf8_lossy(&decode(encoded)).into_owned();
        let query = parts.uri.query().unwrap_or_default();
        Self {
            path: parts
                .uri
                .path()
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(text)
                .collect(),
            query: query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            method: parts.method,
            headers: parts.headers,
            body,
        }
    }

    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// The body as JSON; an empty one is an empty object.
    pub(crate) fn json(&self) -> Result<Value, AwsError> {
        parse(&self.body)
    }
}

/// What is answered: by a service, or by the hosted router in its own words.
pub(super) enum Routed {
    Service(Answer),
    Hosted(Response),
}

impl Services {
    pub(super) async fn route(
        &self,
        service: &str,
        parts: Parts,
        body: Bytes,
        request_id: &str,
    ) -> Result<Routed, AwsError> {
        let answer = match service {
            "dynamodb" => {
                let operation = operation(&parts, "DynamoDB_20120810")?;
                self.dynamodb.handle(operation, &body).await?
            }
            "ecs" => {
                let operation = operation(&parts, "AmazonEC2ContainerServiceV20141113")?;
                Answer::json(&self.ecs.handle(operation, parse(&body)?).await?)
            }
            "ssm" => {
                let operation = operation(&parts, "AmazonSSM")?;
                Answer::json(&self.ssm.handle(operation, parse(&body)?).await?)
            }
            "states" => {
                let operation = operation(&parts, "AWSStepFunctions")?;
                Answer::json(&self.step_functions.handle(operation, parse(&body)?).await?)
            }
            "scheduler" => {
                let call = Call::new(parts, body);
                Answer::json(&self.scheduler.handle(&call).await?)
            }
            "sns" => self.sns.handle(&body, request_id).await?,
            "sts" => sts::handle(&body, request_id)?,
            "lambda" if Lambda::serves(parts.uri.path()) => {
                self.lambda.handle(&Call::new(parts, body)).await?
            }
            "lambda" => {
                let request = Request::from_parts(parts, Body::from(body));
                let hosted = self.function_url.clone().oneshot(request).await;
                let Ok(response) = hosted;
                return Ok(Routed::Hosted(response));
            }
            other => {
                return Err(AwsError::new(
                    "UnknownOperationException",
                    format!("the service {other} is not served on this machine"),
                )
                .status(StatusCode::NOT_FOUND));
            }
        };
        Ok(Routed::Service(answer))
    }
}

fn operation<'a>(parts: &'a Parts, prefix: &str) -> Result<&'a str, AwsError> {
    let target = parts
        .headers
        .get(X_AMZ_TARGET)
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    target
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'))
        .ok_or_else(|| {
            AwsError::new(
                "UnknownOperationException",
                format!("{target:?} is no operation of {prefix}"),
            )
        })
}

fn parse(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let value: Value = serde_json::from_slice(body)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(AwsError::new(
            "SerializationException",
            "the body is no JSON object",
        ))
    }
}
