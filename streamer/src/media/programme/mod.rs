//! What is shown: a movie, and what is sent before and after it.

mod arrangement;
mod assembly;
mod head;
mod key_frames;
mod packets;
mod silence;
mod stills;
mod tail;

pub use arrangement::Arrangement;
pub use assembly::Programme;
pub use packets::ProgrammePackets;
