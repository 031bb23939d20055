//! Lambda: functions by name, `Invoke` over the wire, and the queue of asynchronous invocations.

mod api;
mod functions;
mod invocations;

pub(crate) use api::Lambda;
pub use functions::FunctionError;
pub(crate) use functions::{Functions, Handler, InvokeError};
pub(crate) use invocations::{Invocations, MIGRATIONS, RetryFor};
