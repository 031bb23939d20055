//! The first picture, before the movie begins.

use std::sync::Arc;

use broadcast::{Failure, FailureKind, MediaTime};
use bytes::Bytes;

use super::{
    key_frames,
    stills::{Pictures, Stills},
};
use crate::{
    h264::{ParameterSets, Picture, SkippedPictures, Unsuited, to_repeat},
    media::{Movie, TrackKind, VideoCodec},
};

/// What is sent of a key frame that is shown for long, and what is to be said of it.
pub(super) struct Repeated {
    pub(super) pictures: Pictures,
    pub(super) rate: f64,
    pub(super) is_costly: bool,
}

/// Pictures from zero to the first picture of the movie, which then begins `shift` later.
pub(super) async fn head(movie: &Movie, shift: MediaTime) -> Result<(Stills, bool), Failure> {
    let mut packets = movie.packets(MediaTime::ZERO);
    let first = loop {
        match packets.peek() {
            None => return Err(refused("it has no picture")),
            Some((TrackKind::Audio, _)) => packets.pass(TrackKind::Audio),
            Some((TrackKind::Video, _)) => break packets.next().await?,
        }
    };
    let Some(first) = first.filter(|first| first.key_frame) else {
        return Err(refused("it does not begin with a key frame"));
    };
    let repeated = repeated(&first.data, movie, 0).map_err(|reason| refused(&reason))?;
    let span = first.dts + shift;
    let stills = Stills {
        dts: MediaTime::ZERO,
        delay: first.pts - first.dts,
        span,
        count: repeated.pictures.count(span, repeated.rate),
        pictures: repeated.pictures,
    };
    Ok((stills, repeated.is_costly))
}

fn refused(reason: &str) -> Failure {
    Failure::new(
        FailureKind::UnsupportedMedia,
        format!(
            "this video cannot have a head: {reason}; it can be shown without --head, or after \
             ffmpeg -i IN -c:v libx264 -c:a aac -movflags +faststart OUT.mp4"
        ),
    )
}

/// How a key frame is shown for long; `sent` pictures of its first group were sent before.
pub(super) fn repeated(unit: &Bytes, movie: &Movie, sent: u64) -> Result<Repeated, String> {
    let video = &movie.video;
    if video.codec != VideoCodec::Avc {
        if !key_frames::stands_alone(unit, video) {
            return Err("its key frame depends on pictures before it".to_owned());
        }
        let (distance, is_costly) = key_frames::distance(unit.len(), 0.0, video);
        return Ok(Repeated {
            pictures: Pictures::KeyFrames(unit.clone()),
            rate: 1.0 / distance,
            is_costly,
        });
    }
    let (key, skipped) = h264_group(unit, &video.config).map_err(|error| error.to_string())?;
    let rate = key_frames::rate(video);
    let between = skipped.picture(1).len() as f64 * 8.0 * rate;
    let (distance, is_costly) = key_frames::distance(key.len(), between, video);
    Ok(Repeated {
        pictures: Pictures::Groups {
            key,
            skipped: Arc::new(skipped),
            // One less, because the last group may get one more.
            length: ((distance * rate).floor() as u64).max(3) - 1,
            sent,
        },
        rate,
        is_costly,
    })
}

fn h264_group(unit: &Bytes, config: &[u8]) -> Result<(Bytes, SkippedPictures), Unsuited> {
    let mut sets = ParameterSets::read(config)?;
    sets.observe(unit)?;
    let picture = Picture::read(unit, &sets)?;
    if !picture.is_idr {
        return Err(Unsuited::NoIdr);
    }
    let skipped = SkippedPictures::after_idr(&picture, sets.length_size);
    Ok((to_repeat(unit, sets.length_size), skipped))
}
