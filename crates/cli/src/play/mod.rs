//! `matinee play`: the streamer alone, without orchestration.

mod lines;
mod run;

pub(crate) use run::{Args, run};
