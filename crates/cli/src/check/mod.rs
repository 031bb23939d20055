//! `matinee check`, and what `schedule` and `play` show of it.

mod before;
mod run;
mod shown;

pub(crate) use before::{Before, CheckArgs, before, tell};
pub(crate) use run::{Args, run};
