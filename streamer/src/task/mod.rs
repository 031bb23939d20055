//! The streamer as a task: what the container runs, and what `matinee up` starts as a process.
//!
//! It reads which attempt of which broadcast it is from its environment, plays the show, and
//! writes how far it is to the table. It exits with 0 when at least one destination aired to its
//! end, else with the code of the failure. Its log is JSON, and between the lines of the log are,
//! where `METRICS_NAMESPACE` is set, lines that CloudWatch makes metrics of.

mod attempt;
mod checkpoint;
mod emf;
#[cfg(test)]
#[path = "../../tests/support/emf.rs"]
mod emf_rules;
mod logs;
mod metrics;
mod report;
mod run;
mod settings;
mod signals;

pub use run::run;
pub use settings::{Settings, SettingsError};
