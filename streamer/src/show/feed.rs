//! The packets for one connection.

use broadcast::{Failure, MediaTime};

use crate::media::{Packet, Programme, ProgrammePackets, TrackKind};

/// A cursor that may have to find its key frame first.
pub(super) struct Feed {
    packets: ProgrammePackets,
    /// Everything before the first key frame at or after this is left out.
    skip_to: Option<MediaTime>,
}

impl Feed {
    /// From the last key frame at or before a position.
    pub(super) fn starting_at(programme: &Programme, position: MediaTime) -> Self {
        Self {
            packets: programme.packets(position),
            skip_to: None,
        }
    }

    /// From the first key frame at or after a position.
    pub(super) fn skipping_to(programme: &Programme, position: MediaTime) -> Self {
        Self {
            packets: programme.packets(position),
            skip_to: Some(position),
        }
    }

    /// The next packet, or none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Packet>, Failure> {
        loop {
            let Some(packet) = self.packets.next().await? else {
                return Ok(None);
            };
            match self.skip_to {
                Some(position) if !is_key_frame_from(&packet, position) => {}
                _ => {
                    self.skip_to = None;
                    return Ok(Some(packet));
                }
            }
        }
    }
}

fn is_key_frame_from(packet: &Packet, position: MediaTime) -> bool {
    packet.track == TrackKind::Video && packet.key_frame && packet.dts >= position
}
