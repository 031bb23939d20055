//! From an opened source to packets in the order in which they are sent.

pub mod flv;

mod cursor;
mod movie;
mod packet;
mod packets;
mod programme;
mod track;

pub use movie::Movie;
pub use packet::{Packet, TrackKind};
pub use packets::Packets;
pub use programme::{Arrangement, Programme, ProgrammePackets};
pub use track::{AudioTrack, VideoTrack};
