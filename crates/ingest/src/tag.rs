/// What a media packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// What the header of a tag's body tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagHeader {
    pub(crate) kind: Kind,
    pub(crate) key_frame: bool,
    pub(crate) sequence_header: bool,
    /// Milliseconds from decoding to presentation.
    pub(crate) composition_ms: i32,
    /// Bytes of the body that come before the payload.
    pub(crate) length: usize,
}

/// Reads the header of an audio tag's body (Video File Format Specification 10.1, E.4.2).
pub(crate) fn audio(body: &[u8]) -> TagHeader {
    const AAC: u8 = 10;
    let is_aac = body.first().is_some_and(|first| first >> 4 == AAC);
    TagHeader {
        kind: Kind::Audio,
        key_frame: true,
        sequence_header: is_aac && body.get(1) == Some(&0),
        composition_ms: 0,
        length: if is_aac { 2 } else { 1 }.min(body.len()),
    }
}

/// Reads the header of a video tag's body (as above, E.4.3), and that of Enhanced RTMP.
pub(crate) fn video(body: &[u8]) -> TagHeader {
    const AVC: u8 = 7;
    const KEY_FRAME: u8 = 1;
    const EXTENDED: u8 = 0x80;
    let first = body.first().copied().unwrap_or(0);
    // Enhanced RTMP: the packet type takes the place of the codec, four bytes name the codec.
    let (packet_type, time_at, length) = if first & EXTENDED != 0 {
        const CODED_FRAMES_WITH_TIME: u8 = 1;
        let packet_type = first & 0x0f;
        match packet_type {
            CODED_FRAMES_WITH_TIME => (packet_type, Some(5), 8),
            _ => (packet_type, None, 5),
        }
    } else if first & 0x0f == AVC {
        (body.get(1).copied().unwrap_or(0), Some(2), 5)
    } else {
        (1, None, 1)
    };
    TagHeader {
        kind: Kind::Video,
        key_frame: (first >> 4) & 0x07 == KEY_FRAME,
        sequence_header: packet_type == 0,
        composition_ms: time_at
            .and_then(|at| body.get(at..at + 3))
            .map_or(0, signed_24),
        length: length.min(body.len()),
    }
}

fn signed_24(bytes: &[u8]) -> i32 {
    let unsigned = bytes
        .iter()
        .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
    // The sign is in bit 23: up to the top and back spreads it.
    (unsigned << 8).cast_signed() >> 8
}

#[cfg(test)]
mod tests {
    use super::{Kind, TagHeader, audio, video};

    #[track_caller]
    fn check(actual: TagHeader, expected: (Kind, bool, bool, i32, usize)) {
        let (kind, key_frame, sequence_header, composition_ms, length) = expected;
        assert_eq!(
            actual,
            TagHeader {
                kind,
                key_frame,
                sequence_header,
                composition_ms,
                length
            }
        );
    }

    #[test]
    fn reads_avc() {
        let expected = (Kind::Video, true, true, 0, 5);
        check(video(&[0x17, 0, 0, 0, 0, 1, 0x64]), expected);
        let expected = (Kind::Video, true, false, 80, 5);
        check(video(&[0x17, 1, 0, 0, 80, 9]), expected);
        let expected = (Kind::Video, false, false, -2, 5);
        check(video(&[0x27, 1, 0xff, 0xff, 0xfe, 9]), expected);
    }

    #[test]
    fn reads_enhanced_rtmp() {
        check(video(b"\x90hvc1\x01"), (Kind::Video, true, true, 0, 5));
        let expected = (Kind::Video, false, false, 40, 8);
        check(video(b"\xa1hvc1\x00\x00\x28\x09"), expected);
        check(video(b"\xa3hvc1\x09"), (Kind::Video, false, false, 0, 5));
    }

    #[test]
    fn reads_audio() {
        check(audio(&[0xaf, 0, 0x12]), (Kind::Audio, true, true, 0, 2));
        check(audio(&[0xaf, 1, 0x21]), (Kind::Audio, true, false, 0, 2));
        check(audio(&[0x2f, 0, 0x21]), (Kind::Audio, true, false, 0, 1));
    }

    #[test]
    fn survives_the_truncated() {
        check(video(&[]), (Kind::Video, false, false, 0, 0));
        check(video(&[0x17]), (Kind::Video, true, true, 0, 1));
        check(audio(&[]), (Kind::Audio, true, false, 0, 0));
        check(audio(&[0xaf]), (Kind::Audio, true, false, 0, 1));
    }
}
