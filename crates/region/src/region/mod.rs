//! Putting a region together, starting it and stopping it.

mod assembly;
mod bind;
mod error;
mod running;

pub use assembly::Region;
pub use bind::RegionBuilder;
pub use error::StartError;
pub use running::{RunningRegion, ShutdownTasks};
