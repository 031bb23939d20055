//! From an opened source to packets in the order in which they are sent.

pub mod flv;

mod cursor;
mod movie;
mod packet;
mod packets;
mod programme;
mod track;
mod walk;
mod warnings;

pub use movie::{Movie, MovieOptions};
pub use packet::{Packet, TrackKind};
pub use packets::Packets;
pub use programme::{Arrangement, Programme, ProgrammePackets};
pub use track::{AudioTrack, VideoTrack};

pub(crate) use walk::walk;

pub use crate::mp4::{TrackPurpose, TrackSummary, VideoCodec};
