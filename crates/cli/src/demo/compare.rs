//! Whether what was received is what the video holds, packet by packet.

use std::collections::HashMap;

use bytes::Bytes;
use ingest::{Kind, RunningIngest};
use streamer::media::{Programme, TrackKind};

use crate::error::CliError;

/// The largest difference of time stamps that counts as none: both sides round to milliseconds.
const SAME_MS: u64 = 1;

/// One frame, as it lies in the video or as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    video: bool,
    dts_ms: i64,
    composition_ms: i64,
    data: Bytes,
}

/// Sums of a number of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) video: usize,
    pub(super) audio: usize,
    pub(super) bytes: usize,
}

/// What the video holds.
pub(super) async fn held(programme: &Programme) -> Result<Vec<Frame>, CliError> {
    let mut packets = programme.packets(broadcast::MediaTime::ZERO);
    let mut frames = Vec::new();
    while let Some(packet) = packets.next().await? {
        frames.push(Frame {
            video: packet.track == TrackKind::Video,
            dts_ms: packet.dts.as_millis(),
            composition_ms: packet.pts.as_millis() - packet.dts.as_millis(),
            data: packet.data,
        });
    }
    Ok(frames)
}

/// What arrived, over all connections.
pub(super) fn received(ingest: &RunningIngest) -> Vec<Frame> {
    ingest
        .publishes()
        .iter()
        .flat_map(|publish| ingest.packets(publish.number))
        .filter(|packet| !packet.sequence_header)
        .map(|packet| Frame {
            video: packet.kind == Kind::Video,
            dts_ms: packet.timestamp_ms.into(),
            composition_ms: packet.composition_ms.into(),
            data: packet.data.unwrap_or_default(),
        })
        .collect()
}

/// Sums them up.
pub(super) fn sums(frames: &[Frame]) -> Sums {
    frames.iter().fold(Sums::default(), |sums, frame| Sums {
        video: sums.video + usize::from(frame.video),
        audio: sums.audio + usize::from(!frame.video),
        bytes: sums.bytes + frame.data.len(),
    })
}

/// The first difference between what the video holds and what arrived, track by track: the order
/// in which a picture and a sound of the same moment are sent is nobody's business.
pub(super) fn difference(held: &[Frame], received: &[Frame]) -> Option<String> {
    let mut left = by_track(received);
    for (video, frames) in by_track(held) {
        let name = if video { "video" } else { "audio" };
        let arrived = left.remove(&video).unwrap_or_default();
        for (number, (held, arrived)) in frames.iter().zip(&arrived).enumerate() {
            if held.data != arrived.data {
                return Some(format!("{name} frame {number} arrived with other content"));
            }
            if held.dts_ms.abs_diff(arrived.dts_ms) > SAME_MS
                || held.composition_ms.abs_diff(arrived.composition_ms) > SAME_MS
            {
                return Some(format!(
                    "{name} frame {number} arrived with time stamp {} instead of {} ms",
                    arrived.dts_ms, held.dts_ms
                ));
            }
        }
        if frames.len() != arrived.len() {
            return Some(format!(
                "{} {name} frames arrived instead of {}",
                arrived.len(),
                frames.len()
            ));
        }
    }
    (!left.is_empty()).then(|| "a track arrived that the video does not have".to_owned())
}

fn by_track(frames: &[Frame]) -> HashMap<bool, Vec<&Frame>> {
    let mut tracks: HashMap<bool, Vec<&Frame>> = HashMap::new();
    for frame in frames {
        tracks.entry(frame.video).or_default().push(frame);
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(video: bool, dts_ms: i64, data: &'static str) -> Frame {
        Frame {
            video,
            dts_ms,
            composition_ms: 0,
            data: Bytes::from_static(data.as_bytes()),
        }
    }

    #[track_caller]
    fn check(received: &[Frame], expected: Option<&str>) {
        let held = [
            frame(true, 0, "a"),
            frame(false, 0, "b"),
            frame(true, 40, "c"),
        ];
        assert_eq!(difference(&held, received).as_deref(), expected);
    }

    #[test]
    fn differences_are_found() {
        check(
            &[
                frame(false, 1, "b"),
                frame(true, 0, "a"),
                frame(true, 40, "c"),
            ],
            None,
        );
        check(
            &[frame(true, 0, "a"), frame(true, 40, "c")],
            Some("0 audio frames arrived instead of 1"),
        );
        check(
            &[
                frame(true, 0, "a"),
                frame(false, 0, "b"),
                frame(true, 40, "x"),
            ],
            Some("video frame 1 arrived with other content"),
        );
        check(
            &[
                frame(true, 0, "a"),
                frame(false, 0, "b"),
                frame(true, 42, "c"),
            ],
            Some("video frame 1 arrived with time stamp 42 instead of 40 ms"),
        );
    }
}
