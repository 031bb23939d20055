//! The functions that were registered, and invoking them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::arn;

/// How long Lambda lets a function run at most.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// A function's failure, as Lambda reports it to the caller.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// The stable name that a state machine matches.
    pub error_type: String,
    /// What happened, in words.
    pub error_message: String,
}

impl FunctionError {
    /// The payload that travels with `X-Amz-Function-Error: Unhandled`.
    pub(crate) fn payload(&self) -> Value {
        json!({ "errorMessage": self.error_message, "errorType": self.error_type })
    }
}

/// A registered handler.
pub(crate) type Handler =
    Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync>;

/// Why an invocation has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum InvokeError {
    /// No such function: `ResourceNotFoundException`.
    #[error("function not found: {}", arn::function(.0))]
    NotFound(String),
    /// The function ran and failed.
    #[error(transparent)]
    Function(#[from] FunctionError),
}

/// The registered functions. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Functions {
    handlers: Arc<BTreeMap<String, Handler>>,
}

impl Functions {
    pub(crate) fn new(handlers: BTreeMap<String, Handler>) -> Self {
        Self {
            handlers: Arc::new(handlers),
        }
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.handlers.keys().map(String::as_str)
    }

    /// The registered name behind a name, a partial ARN or an ARN, with or without a qualifier.
    pub(crate) fn resolve(&self, function: &str) -> Result<&str, InvokeError> {
        let name = function_name(function);
        self.handlers
            .get_key_value(name)
            .map(|(name, _)| name.as_str())
            .ok_or_else(|| InvokeError::NotFound(name.to_owned()))
    }

    /// Runs the function to its end, even when the caller stops waiting, as Lambda does.
    pub(crate) async fn invoke(
        &self,
        function: &str,
        payload: Value,
    ) -> Result<Value, InvokeError> {
        let name = self.resolve(function)?.to_owned();
        let Some(handler) = self.handlers.get(&name).cloned() else {
            return Err(InvokeError::NotFound(name));
        };
        tracing::debug!(function = name, "invoke");
        let run =
            tokio::spawn(async move { tokio::time::timeout(TIMEOUT, handler(payload)).await });
        let failure = match run.await {
            Ok(Ok(Ok(result))) => return Ok(result),
            Ok(Ok(Err(error))) => error,
            Ok(Err(_elapsed)) => FunctionError {
                error_type: "Sandbox.Timedout".to_owned(),
                error_message: format!("task timed out after {} seconds", TIMEOUT.as_secs()),
            },
            Err(join) => FunctionError {
                error_type: "Runtime.ExitError".to_owned(),
                error_message: if join.is_panic() {
                    "the function panicked".to_owned()
                } else {
                    "the function was stopped".to_owned()
                },
            },
        };
        tracing::debug!(function = name, error = failure.error_type, "invoke failed");
        Err(failure.into())
    }
}

/// `name`, `name:qualifier`, `account:function:name` and `arn:aws:lambda:…:function:name:qualifier`
/// all name the function `name`.
fn function_name(function: &str) -> &str {
    let rest = match function.split_once("function:") {
        Some((before, rest)) if before.is_empty() || before.ends_with(':') => rest,
        _ => function,
    };
    rest.split(':').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(given: &str) {
        assert_eq!(function_name(given), "persist", "{given}");
    }

    #[test]
    fn every_spelling_of_a_function() {
        check_name("persist");
        check_name("persist:$LATEST");
        check_name("000000000000:function:persist");
        check_name("arn:aws:lambda:us-east-1:000000000000:function:persist");
        check_name("arn:aws:lambda:us-east-1:000000000000:function:persist:$LATEST");
    }

    fn functions() -> Functions {
        let fail: Handler = Arc::new(|_| {
            Box::pin(async {
                Err(FunctionError {
                    error_type: "TokenRejected".to_owned(),
                    error_message: "no".to_owned(),
                })
            })
        });
        let panic: Handler = Arc::new(|_| Box::pin(async { panic!("on purpose") }));
        let echo: Handler = Arc::new(|payload| Box::pin(async { Ok(payload) }));
        Functions::new(BTreeMap::from([
            ("echo".to_owned(), echo),
            ("fail".to_owned(), fail),
            ("panic".to_owned(), panic),
        ]))
    }

    #[tokio::test]
    async fn outcomes() {
        let functions = functions();
        assert_eq!(functions.invoke("echo", json!(1)).await.unwrap(), json!(1));
        let rejected = functions.invoke("fail", json!({})).await.unwrap_err();
        assert_eq!(rejected.to_string(), "TokenRejected: no");
        let panicked = functions.invoke("panic", json!({})).await.unwrap_err();
        assert_eq!(
            panicked.to_string(),
            "Runtime.ExitError: the function panicked"
        );
        let missing = functions.invoke("nobody", json!({})).await.unwrap_err();
        assert!(matches!(missing, InvokeError::NotFound(name) if name == "nobody"));
    }
}
