//! One machine's AWS region.
//!
//! Answers, on loopback and over the AWS wire protocols, the operations that Matinee calls:
//! Step Functions, EventBridge Scheduler, SSM parameters, DynamoDB, Lambda `Invoke`, ECS tasks,
//! SNS topics and STS `GetCallerIdentity`. Everything is durable in one data directory.
//!
//! [`Region::builder`] opens the data directory and the port, [`Region`] takes the functions,
//! task definitions and state machines, and [`Region::start`] serves.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

pub mod arn;
mod clock;
mod data_dir;
mod due;
mod dynamodb;
mod ecs;
mod error;
mod events;
mod front;
mod lambda;
mod page;
mod query;
mod region;
mod scheduler;
mod sns;
mod ssm;
mod step_functions;
mod store;
mod sts;
pub mod task;

pub use data_dir::{Credentials, DataDirError};
pub use front::{Challenge, PROOF_PATH};
pub use lambda::FunctionError;
pub use region::{Region, RegionBuilder, RunningRegion, ShutdownTasks, StartError};
pub use store::StoreError;
pub use task::{LaunchFault, ShimCommand, TaskCommand};
