//! `matinee schedule`

mod args;
mod run;

pub(crate) use args::{Args, OnDropArg, TwiceArgs, seconds};
pub(crate) use run::run;
