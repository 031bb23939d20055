//! ECS: tasks that are child processes.

mod api;
mod capacity;
mod casing;
mod launch;
mod model;
mod rows;
mod supervision;
mod tasks;

pub(crate) use api::Ecs;
pub(crate) use casing::{capitalised, decapitalised, decapitalised_name};
pub(crate) use model::{Task, epoch_seconds};
pub(crate) use rows::MIGRATIONS;
pub(crate) use tasks::{Ran, TaskEnvironment, Tasks};
