//! Task processes: each under a small supervisor that outlives the region.
//!
//! The region starts the shim, the shim starts the program. When the region dies, even by
//! `kill -9`, the program goes on, and the shim still writes down how it ended; the next region
//! on the data directory finds both. The files of one task are those of `TaskDir` in `files.rs`.

mod command;
pub(crate) mod files;
mod log;
pub(crate) mod process;
pub(crate) mod shim;

pub use command::{LaunchFault, ShimCommand, TaskCommand};
pub use shim::shim_main;
