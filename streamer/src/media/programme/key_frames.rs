//! How often the key frame of a still picture is sent.

use bytes::Bytes;

use crate::media::{VideoCodec, VideoTrack};

/// The distance of key frames that every platform asks for:
/// <https://support.google.com/youtube/answer/2853702>,
/// <https://help.twitch.tv/s/article/broadcasting-guidelines>.
const WANTED: f64 = 2.0;

/// The longest distance that YouTube takes.
pub(super) const MOST: f64 = 4.0;

/// How often a picture of this size is sent: the seconds from one to the next, and whether it then
/// takes more bits than the video does on average. `between` is what is sent besides, in bits per
/// second.
pub(super) fn distance(key: usize, between: f64, video: &VideoTrack) -> (f64, bool) {
    let left = video.bit_rate as f64 - between;
    let needed = match left > 0.0 {
        true => key as f64 * 8.0 / left,
        false => f64::INFINITY,
    };
    (needed.clamp(WANTED, MOST), needed > MOST)
}

/// The pictures per second of a still.
pub(super) fn rate(video: &VideoTrack) -> f64 {
    /// A video of a few slides, and one whose index is wrong.
    const LEAST: f64 = 5.0;
    const MOST: f64 = 120.0;
    match video.frame_rate.is_finite() {
        true => video.frame_rate.clamp(LEAST, MOST),
        false => LEAST,
    }
}

/// Whether decoding can start with this access unit and nothing before it matters, so that it can
/// be repeated: an IDR picture, or a key frame of AV1.
pub(super) fn stands_alone(unit: &Bytes, video: &VideoTrack) -> bool {
    match video.codec {
        // Where it is looked into, it is known already.
        VideoCodec::Avc | VideoCodec::Av1 => true,
        VideoCodec::Hevc => is_hevc_idr(unit, &video.config),
    }
}

/// ISO/IEC 14496-15, 8.3.3.1, and Rec. ITU-T H.265, table 7-1.
fn is_hevc_idr(unit: &[u8], config: &[u8]) -> bool {
    const IDR_W_RADL: u8 = 19;
    const IDR_N_LP: u8 = 20;
    let length_size = config.get(21).map_or(4, |byte| usize::from(byte & 3) + 1);
    let mut pictures = crate::h264::nal_units(unit, length_size)
        .map(|nal| nal.first().map_or(0, |header| header >> 1 & 0x3f))
        .filter(|kind| *kind < 32)
        .peekable();
    pictures.peek().is_some() && pictures.all(|kind| matches!(kind, IDR_W_RADL | IDR_N_LP))
}
