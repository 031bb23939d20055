//! `--aws`: which deployment is asked, and who asks.

mod deployment;
mod options;

mod words;

pub(crate) use deployment::{Deployment, configuration};
pub(crate) use options::AwsOptions;
pub(crate) use words::{Denied, s3_failed};
