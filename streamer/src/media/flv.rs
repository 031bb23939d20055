//! Tag bodies as FLV and RTMP carry them, laid out as `ffmpeg -c copy -f flv` writes them.
//!
//! The format is Adobe's "Video File Format Specification Version 10.1", annex E; for HEVC and AV1
//! Enhanced RTMP (<https://veovera.org/docs/enhanced/enhanced-rtmp-v1>).

use broadcast::MediaTime;
use bytes::{BufMut, Bytes, BytesMut};

use crate::media::{AudioTrack, Packet, Programme, TrackKind, VideoCodec, VideoTrack};

/// A tag body in two parts, so that the payload is not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagBody {
    header: [u8; 8],
    header_length: usize,
    /// The access unit, shared with the [`Packet`] it came from.
    pub payload: Bytes,
}

impl TagBody {
    /// What stands before the payload: two bytes for audio, five for H.264, five or eight for
    /// HEVC, five for AV1.
    pub fn header(&self) -> &[u8] {
        &self.header[..self.header_length]
    }

    /// The length of both parts in bytes.
    pub fn len(&self) -> usize {
        self.header_length + self.payload.len()
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// Both parts in one buffer; copies the payload.
    pub fn to_bytes(&self) -> Bytes {
        let mut body = BytesMut::with_capacity(self.len());
        body.put_slice(self.header());
        body.put_slice(&self.payload);
        body.freeze()
    }
}

/// One value of the `onMetaData` object.
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataValue {
    /// An AMF0 number.
    Number(f64),
    /// An AMF0 boolean.
    Boolean(bool),
    /// An AMF0 string.
    String(String),
}

/// The milliseconds that RTMP carries for `time`.
///
/// They wrap after 49 days, as RTMP's 32 bits do; what lies before zero is zero.
pub fn timestamp_ms(time: MediaTime) -> u32 {
    (time.as_millis().max(0) & i64::from(u32::MAX)) as u32
}

/// The body that precedes the first frame: the decoder configuration record.
pub fn video_sequence_header(video: &VideoTrack) -> Bytes {
    let mut body = BytesMut::with_capacity(5 + video.config.len());
    match video.codec {
        VideoCodec::Avc => body.put_slice(&[KEY_FRAME | AVC, AVC_SEQUENCE_HEADER, 0, 0, 0]),
        codec => {
            body.put_u8(ENHANCED | KEY_FRAME | SEQUENCE_START);
            body.put_slice(&codec.four_cc());
        }
    }
    body.put_slice(&video.config);
    body.freeze()
}

/// The body that precedes the first sound: the AudioSpecificConfig.
pub fn audio_sequence_header(audio: &AudioTrack) -> Bytes {
    let mut body = BytesMut::with_capacity(2 + audio.aac_config.len());
    body.put_slice(&[AAC_44_KHZ_16_BIT_STEREO, AAC_SEQUENCE_HEADER]);
    body.put_slice(&audio.aac_config);
    body.freeze()
}

/// The body of one packet of a show whose pictures are of this codec.
pub fn tag_body(packet: &Packet, codec: VideoCodec) -> TagBody {
    let (header, header_length) = match packet.track {
        TrackKind::Video => video_header(packet, codec),
        TrackKind::Audio => ([AAC_44_KHZ_16_BIT_STEREO, AAC_RAW, 0, 0, 0, 0, 0, 0], 2),
    };
    TagBody {
        header,
        header_length,
        payload: packet.data.clone(),
    }
}

/// The header of a frame, and its length.
fn video_header(packet: &Packet, codec: VideoCodec) -> ([u8; 8], usize) {
    let frame_type = if packet.key_frame {
        KEY_FRAME
    } else {
        INTER_FRAME
    };
    let offset = composition_time_ms(packet);
    let [_, high, middle, low] = offset.to_be_bytes();
    let [a, b, c, d] = codec.four_cc();
    let enhanced = ENHANCED | frame_type;
    match codec {
        VideoCodec::Avc => ([frame_type | AVC, AVC_NALU, high, middle, low, 0, 0, 0], 5),
        VideoCodec::Hevc if offset != 0 => {
            ([enhanced | CODED_FRAMES, a, b, c, d, high, middle, low], 8)
        }
        VideoCodec::Hevc => ([enhanced | CODED_FRAMES_X, a, b, c, d, 0, 0, 0], 5),
        // The frames of AV1 are in the order in which they are shown, and have no such field.
        VideoCodec::Av1 => ([enhanced | CODED_FRAMES, a, b, c, d, 0, 0, 0], 5),
    }
}

/// The content of `onMetaData`, in ffmpeg's order.
///
/// Bit rates are in kbit/s, as every reader of this object expects.
pub fn metadata(programme: &Programme) -> Vec<(&'static str, MetadataValue)> {
    use MetadataValue::{Boolean, Number};
    let video = programme.video();
    let mut values = vec![
        ("duration", Number(programme.duration().as_secs_f64())),
        ("width", Number(f64::from(video.width))),
        ("height", Number(f64::from(video.height))),
        ("videodatarate", Number(video.bit_rate as f64 / 1_000.0)),
        ("framerate", Number(video.frame_rate)),
        ("videocodecid", Number(video_codec_id(video.codec))),
    ];
    if let Some(audio) = programme.audio() {
        values.extend([
            ("audiodatarate", Number(audio.bit_rate as f64 / 1_000.0)),
            ("audiosamplerate", Number(f64::from(audio.sample_rate))),
            ("audiosamplesize", Number(16.0)),
            ("stereo", Boolean(audio.channels == 2)),
            ("audiocodecid", Number(10.0)),
        ]);
    }
    values.push((
        "encoder",
        MetadataValue::String(concat!("Matinee ", env!("CARGO_PKG_VERSION")).to_owned()),
    ));
    values
}

/// FLV's number of the codec; of those that it has none for, the FourCC as a number.
fn video_codec_id(codec: VideoCodec) -> f64 {
    match codec {
        VideoCodec::Avc => f64::from(AVC),
        codec => f64::from(u32::from_be_bytes(codec.four_cc())),
    }
}

/// The signed 24 bits between decoding and showing, from the rounded times, so that the receiver's
/// sum is the rounded time of showing.
fn composition_time_ms(packet: &Packet) -> i32 {
    const LIMIT: i64 = (1 << 23) - 1;
    let offset = packet.pts.as_millis() - packet.dts.as_millis();
    offset.clamp(-LIMIT, LIMIT) as i32
}

const KEY_FRAME: u8 = 1 << 4;
const INTER_FRAME: u8 = 2 << 4;
const AVC: u8 = 7;
const AVC_SEQUENCE_HEADER: u8 = 0;
/// Enhanced RTMP: the lower half of the first byte is a packet type, and a FourCC follows.
const ENHANCED: u8 = 1 << 7;
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
/// Coded frames that are shown as they are decoded.
const CODED_FRAMES_X: u8 = 3;
const AVC_NALU: u8 = 1;
/// The specification fixes these for AAC; the real values are in the AudioSpecificConfig.
const AAC_44_KHZ_16_BIT_STEREO: u8 = 0xaf;
const AAC_SEQUENCE_HEADER: u8 = 0;
const AAC_RAW: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(track: TrackKind, key_frame: bool, dts: i64, pts: i64) -> Packet {
        Packet {
            track,
            dts: MediaTime(dts),
            pts: MediaTime(pts),
            key_frame,
            data: Bytes::from_static(b"data"),
        }
    }

    #[track_caller]
    fn check(packet: &Packet, header: &[u8]) {
        check_codec(VideoCodec::Avc, packet, header);
    }

    #[track_caller]
    fn check_codec(codec: VideoCodec, packet: &Packet, header: &[u8]) {
        let body = tag_body(packet, codec);
        assert_eq!(body.header(), header);
        assert_eq!(body.len(), header.len() + 4);
        assert_eq!(body.to_bytes(), [header, b"data"].concat());
        // Shared, not copied.
        assert_eq!(body.payload.as_ptr(), packet.data.as_ptr());
    }

    #[test]
    fn headers() {
        check(
            &packet(TrackKind::Video, true, 0, 80_000),
            &[0x17, 1, 0, 0, 80],
        );
        check(
            &packet(TrackKind::Video, false, 1_000_000, 1_300_000),
            &[0x27, 1, 0, 1, 44],
        );
        check(
            &packet(TrackKind::Video, false, 80_000, 40_000),
            &[0x27, 1, 0xff, 0xff, 0xd8],
        );
        check(&packet(TrackKind::Audio, true, 0, 0), &[0xaf, 1]);
    }

    #[test]
    fn enhanced_headers() {
        use VideoCodec::{Av1, Hevc};
        let reordered = packet(TrackKind::Video, true, 0, 80_000);
        check_codec(Hevc, &reordered, b"\x91hvc1\0\0\x50");
        let early = packet(TrackKind::Video, false, 80_000, 40_000);
        check_codec(Hevc, &early, b"\xa1hvc1\xff\xff\xd8");
        let plain = packet(TrackKind::Video, true, 40_000, 40_000);
        check_codec(Hevc, &plain, b"\x93hvc1");
        check_codec(Av1, &plain, b"\x91av01");
        let inter = packet(TrackKind::Video, false, 40_000, 40_000);
        check_codec(Hevc, &inter, b"\xa3hvc1");
        check_codec(Av1, &inter, b"\xa1av01");
        check_codec(Hevc, &packet(TrackKind::Audio, true, 0, 0), &[0xaf, 1]);
    }

    #[test]
    fn sequence_headers() {
        let track = |codec| VideoTrack {
            codec,
            config: Bytes::from_static(b"config"),
            width: 1920,
            height: 1080,
            rotation: 0,
            display_aspect: None,
            profile: 1,
            level: 123,
            frame_rate: 30.0,
            bit_rate: 0,
            frames: 0,
        };
        let header = |codec| video_sequence_header(&track(codec));
        assert_eq!(header(VideoCodec::Avc), b"\x17\0\0\0\0config"[..]);
        assert_eq!(header(VideoCodec::Hevc), b"\x90hvc1config"[..]);
        assert_eq!(header(VideoCodec::Av1), b"\x90av01config"[..]);
    }

    #[test]
    fn codecs_that_flv_has_no_number_for_have_their_name_as_one() {
        assert_eq!(video_codec_id(VideoCodec::Avc), 7.0);
        assert_eq!(video_codec_id(VideoCodec::Hevc), f64::from(0x6876_6331_u32));
        assert_eq!(video_codec_id(VideoCodec::Av1), f64::from(0x6176_3031_u32));
    }

    #[test]
    fn the_receivers_sum_is_the_rounded_composition_time() {
        // 33.4 and 66.7 ms: the difference rounds to 33, but 33 + 33 is not 67.
        check(
            &packet(TrackKind::Video, false, 33_400, 66_700),
            &[0x27, 1, 0, 0, 34],
        );
    }

    /// What a receiver makes of a video tag: key frame, composition time, payload.
    fn read(body: &[u8], codec: VideoCodec) -> (bool, i64, &[u8]) {
        let signed = |at: usize| {
            let bytes = [body[at], body[at + 1], body[at + 2], 0];
            i64::from(i32::from_be_bytes(bytes) >> 8)
        };
        let key_frame = body[0] & 0x70 == KEY_FRAME;
        if codec == VideoCodec::Avc {
            assert_eq!((body[0] & 0x8f, body[1]), (AVC, AVC_NALU));
            return (key_frame, signed(2), &body[5..]);
        }
        assert_eq!(
            (body[0] & 0x80, &body[1..5]),
            (ENHANCED, &codec.four_cc()[..])
        );
        match (codec, body[0] & 0x0f) {
            (VideoCodec::Hevc, CODED_FRAMES) => (key_frame, signed(5), &body[8..]),
            (_, CODED_FRAMES | CODED_FRAMES_X) => (key_frame, 0, &body[5..]),
            (_, other) => panic!("packet type {other}"),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            codec in prop_oneof![
                Just(VideoCodec::Avc),
                Just(VideoCodec::Hevc),
                Just(VideoCodec::Av1),
            ],
            key_frame in any::<bool>(),
            dts in 0..400_000_000_000_i64,
            offset in prop_oneof![Just(0_i64), -500_000..500_000_i64, any::<i32>().prop_map(i64::from)],
            payload in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            // AV1 shows in the order of decoding.
            let offset = if codec == VideoCodec::Av1 { 0 } else { offset };
            let mut packet = packet(TrackKind::Video, key_frame, dts, dts + offset);
            packet.data = payload.into();
            let bytes = tag_body(&packet, codec).to_bytes();
            let (key_frame, composition, payload) = read(&bytes, codec);
            prop_assert_eq!(key_frame, packet.key_frame);
            prop_assert_eq!(payload, &packet.data[..]);
            let wanted = packet.pts.as_millis() - packet.dts.as_millis();
            prop_assert_eq!(composition, wanted);
        }
    }

    #[test]
    fn timestamps_wrap_after_32_bits() {
        assert_eq!(timestamp_ms(MediaTime(-5)), 0);
        assert_eq!(timestamp_ms(MediaTime(1_500)), 2);
        assert_eq!(timestamp_ms(MediaTime::from_millis(1 << 32)), 0);
        assert_eq!(timestamp_ms(MediaTime::from_millis((1 << 32) + 7)), 7);
    }
}
