//! Looking at a few key frames: the index may call a frame one at which the stream does not begin
//! anew.

use super::survey::Place;
use crate::{
    media::{VideoCodec, VideoTrack},
    source::{Source, SourceError},
};

/// What precedes the first slice of a picture, however much a recorder has to say, ends sooner.
const HEAD: u32 = 64 * 1024;

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) examined: u32,
    pub(super) not_idr: u32,
}

/// Reads the beginnings of these key frames.
///
/// # Errors
/// The source cannot be read.
pub(super) async fn look(
    source: &Source,
    video: &VideoTrack,
    places: &[Place],
) -> Result<Seen, SourceError> {
    let mut seen = Seen::default();
    for place in places {
        let head = source
            .read(place.offset, place.size.min(HEAD) as usize)
            .await?;
        match begins_anew(&head, video) {
            Some(true) => seen.examined += 1,
            Some(false) => {
                seen.examined += 1;
                seen.not_idr += 1;
            }
            None => {}
        }
    }
    Ok(seen)
}

/// Whether the first slice is that of an IDR picture, by its unit's type; none if that is not seen.
fn begins_anew(sample: &[u8], video: &VideoTrack) -> Option<bool> {
    let (length_size, kind): (usize, fn(u8) -> Unit) = match video.codec {
        // ISO/IEC 14496-15, 5.3.3.1; ITU-T H.264, table 7-1.
        VideoCodec::Avc => (length_size(video.config.get(4)?), |header| {
            match header & 0x1f {
                5 => Unit::Idr,
                1 | 2 => Unit::Slice,
                _ => Unit::Other,
            }
        }),
        // ISO/IEC 14496-15, 8.3.3.1; ITU-T H.265, table 7-1.
        VideoCodec::Hevc => (length_size(video.config.get(21)?), |header| {
            match header >> 1 & 0x3f {
                19 | 20 => Unit::Idr,
                0..=31 => Unit::Slice,
                _ => Unit::Other,
            }
        }),
        VideoCodec::Av1 => return None,
    };
    let mut rest = sample;
    loop {
        let (length, after) = rest.split_at_checked(length_size)?;
        match kind(*after.first()?) {
            Unit::Idr => return Some(true),
            Unit::Slice => return Some(false),
            Unit::Other => {
                let length = length
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                // An empty unit goes nowhere.
                rest = after.get(length.max(1)..)?;
            }
        }
    }
}

fn length_size(byte: &u8) -> usize {
    usize::from(byte & 3) + 1
}

enum Unit {
    Idr,
    Slice,
    Other,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[track_caller]
    fn check(codec: VideoCodec, sample: &[u8], wanted: Option<bool>) {
        let video = VideoTrack {
            codec,
            config: Bytes::from_static(&[0xff; 32]),
            width: 2,
            height: 2,
            rotation: 0,
            display_aspect: None,
            profile: 0,
            level: 0,
            frame_rate: 1.0,
            bit_rate: 1,
            frames: 1,
        };
        assert_eq!(begins_anew(sample, &video), wanted);
    }

    #[test]
    fn the_first_slice_counts() {
        use VideoCodec::{Av1, Avc, Hevc};
        check(Avc, &[0, 0, 0, 2, 0x65, 1], Some(true));
        check(Avc, &[0, 0, 0, 2, 6, 0, 0, 0, 0, 9, 0x65], Some(true));
        check(
            Avc,
            &[0, 0, 0, 2, 6, 0, 0, 0, 0, 9, 0x41, 0, 0x65],
            Some(false),
        );
        check(Hevc, &[0, 0, 0, 2, 19 << 1, 1], Some(true));
        check(Hevc, &[0, 0, 0, 2, 21 << 1, 1], Some(false));
        check(Av1, &[0, 0, 0, 2, 0x65, 1], None);
        // Nothing is read beyond what is there.
        check(Avc, &[], None);
        check(Avc, &[0xff, 0xff, 0xff, 0xff, 6, 1, 2], None);
        check(Avc, &[0, 0, 0, 0, 6, 0, 0, 0, 0, 0x65], Some(true));
    }
}
