//! `matinee upload`, and the upload before `matinee --aws schedule`.

mod run;

mod send;

mod object;
mod report;

pub(crate) use run::{Args, run};
pub(crate) use send::{Sent, send};
