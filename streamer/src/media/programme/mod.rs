//! What is shown: a movie, and what is sent before and after it.

mod arrangement;
mod assembly;
mod packets;

pub use arrangement::Arrangement;
pub use assembly::Programme;
pub use packets::ProgrammePackets;
