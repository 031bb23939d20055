//! The show: waits for the air time, sends the programme to every destination at the pace of the
//! clock, and gets over what happens on the way.
//!
//! Each destination is a task with its own cursor over the programme, its own connection and its own
//! clock; none waits for another.

mod backoff;
mod clock;
mod codec;
mod destination;
mod feed;
mod gate;
mod halt;
mod in_flight;
mod metadata;
mod meter;
mod opening;
mod outcome;
mod pace;
mod reporter;
mod route;
mod run;
mod session;
mod setback;
#[cfg(test)]
mod simulated;
mod spec;
mod stall;
#[cfg(test)]
#[path = "../../tests/support/synthetic.rs"]
mod synthetic;
mod update;

pub use run::run;
pub use spec::{Codecs, Show, ShowDestination};
pub use update::{Summary, Update};
