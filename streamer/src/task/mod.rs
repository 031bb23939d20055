//! The streamer as a task: what the container runs, and what `matinee up` starts as a process.
//!
//! It reads which attempt of which broadcast it is from its environment, plays the show, and
//! writes how far it is to the table. It exits with 0 when at least one destination aired to its
//! end, else with the code of the failure.

mod attempt;
mod checkpoint;
mod logs;
mod report;
mod run;
mod settings;
mod signals;

pub use run::run;
pub use settings::{Settings, SettingsError};
