//! `matinee schedule`

mod args;
mod run;

pub(crate) use args::{Args, OnDropArg, TimeArgs, seconds};
pub(crate) use run::run;
