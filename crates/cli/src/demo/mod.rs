//! `matinee demo`: a whole broadcast on this machine, with nothing set up.

mod compare;
mod report;
mod run;
mod stage;

pub(crate) use run::{Args, run};
