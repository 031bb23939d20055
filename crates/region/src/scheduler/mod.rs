//! EventBridge Scheduler: one-time schedules, fired on the millisecond and never silently lost.

mod api;
mod dead_letter;
mod dispatch;
mod expression;
mod groups;
mod list;
mod model;
mod requests;
mod rows;
mod tokens;

pub(crate) use api::Scheduler;
pub(crate) use dead_letter::DeadLetterQueues;
pub(crate) use dispatch::{Dispatcher, StartExecution};
pub(crate) use rows::MIGRATIONS;
