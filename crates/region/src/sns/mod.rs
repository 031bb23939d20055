//! SNS: what is published to a topic goes to the functions that subscribe to it.

mod api;
mod notification;
mod publication;
mod rows;

pub(crate) use api::{Sns, Subscribers};
pub(crate) use rows::MIGRATIONS;
