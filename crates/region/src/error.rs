//! Errors as AWS services answer them.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Map, Value, json};

/// An error with the code, the text and the HTTP status that the AWS service would answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct AwsError {
    /// The exception's name, `ResourceNotFoundException`.
    pub(crate) code: Cow<'static, str>,
    /// What it says.
    pub(crate) message: String,
    /// The HTTP status it travels with.
    pub(crate) status: StatusCode,
    /// Members beside the message (`reason`, `CancellationReasons`, …).
    /// Boxed, as few errors have any and every `Result` makes room for it.
    extra: Option<Box<Map<String, Value>>>,
}

impl AwsError {
    /// An error of the client's making: status 400.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: StatusCode::BAD_REQUEST,
            extra: None,
        }
    }

    /// `ValidationException`, 400.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// `UnknownOperationException`, 400: an operation that this region does not answer.
    pub(crate) fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("{service} {operation} is not served on this machine"),
        )
    }

    /// The region's own fault: 500. The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(cause), "internal failure");
        Self::new("InternalFailure", "internal failure, see the region's log")
            .status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same error with another HTTP status.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more member beside the message.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra
            .get_or_insert_default()
            .insert(name.to_owned(), value.into());
        self
    }

    /// The JSON body: `__type`, `message` and the extra members.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "__type": self.code, "message": self.message });
        if let (Value::Object(members), Some(extra)) = (&mut body, &self.extra) {
            members.extend(extra.as_ref().clone());
        }
        body
    }
}

impl From<rusqlite::Error> for AwsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<crate::store::StoreError> for AwsError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<serde_json::Error> for AwsError {
    /// For bodies that came over the wire; what the region wrote itself never fails to parse.
    fn from(error: serde_json::Error) -> Self {
        Self::new("SerializationException", error.to_string())
    }
}

/// An error and its causes in one line, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
