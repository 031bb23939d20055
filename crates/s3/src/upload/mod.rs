//! Sending a file in parts, and going on with what was begun.

mod run;

mod buffers;
mod file;
mod plan;

mod error;
mod progress;

pub use error::UploadError;
pub use file::LocalFile;
pub use plan::{Plan, Step};
pub use progress::Progress;
pub use run::{Uploaded, upload};
