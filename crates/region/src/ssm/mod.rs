//! SSM Parameter Store. A `SecureString` is encrypted before SQLite sees it.

mod api;
mod names;
mod rows;
mod vault;

pub(crate) use api::Ssm;
pub(crate) use rows::MIGRATIONS;
pub(crate) use vault::Vault;
