//! The last picture, after the movie has ended.

use std::sync::Arc;

use broadcast::{Failure, FailureKind, MediaTime};
use bytes::Bytes;

use super::{
    head::repeated,
    key_frames,
    stills::{Pictures, Stills},
};
use crate::{
    h264::{Decoder, ParameterSets, Picture, SkippedPictures, Unsuited},
    media::{Movie, TrackKind, VideoCodec},
};

/// What is read at most to find out about the last pictures.
const MOST_READ: usize = 64 << 20;

/// Pictures from the end of the movie, which begins `shift` after zero, to `end`.
pub(super) async fn tail(
    movie: &Movie,
    shift: MediaTime,
    end: MediaTime,
) -> Result<(Option<Stills>, Vec<String>), Failure> {
    let video = &movie.content.video;
    let (Some(ending), Some(first)) = (video.ending(), video.start().peek(video)) else {
        return Ok((None, Vec::new()));
    };
    let pts = ending.end + shift;
    let span = end - pts;
    if span <= MediaTime::ZERO {
        return Ok((None, Vec::new()));
    }
    let last = LastGroup::read(movie).await?;
    let (pictures, rate, warnings) = last.still(movie, span)?;
    // As far from decoding to showing as at the start, if that is still to come.
    let dts = (pts - (first.pts - first.dts)).max(ending.dts + shift + MediaTime::from_millis(1));
    let stills = Stills {
        dts,
        delay: (pts - dts).max(MediaTime::ZERO),
        span,
        count: pictures.count(span, rate),
        pictures,
    };
    Ok((Some(stills), warnings))
}

/// The last key frame and what follows it.
struct LastGroup {
    key: Bytes,
    pictures: usize,
    /// How a decoder stands at its end.
    end: Result<End, Unsuited>,
}

struct End {
    shows_key: bool,
    held: Result<SkippedPictures, Unsuited>,
}

impl LastGroup {
    async fn read(movie: &Movie) -> Result<Self, Failure> {
        let is_avc = movie.video.codec == VideoCodec::Avc;
        let mut packets = movie.packets(movie.duration);
        let mut follow = ParameterSets::read(&movie.video.config).map(Follow::new);
        let mut key: Option<Bytes> = None;
        let mut pictures = 0;
        let mut read = 0;
        while let Some((track, due)) = packets.peek() {
            let is_needed = key.is_none() || is_avc && follow.is_ok();
            if track == TrackKind::Audio || !is_needed {
                pictures += usize::from(track == TrackKind::Video);
                packets.pass(track);
                continue;
            }
            read += due.sample.size as usize;
            if read > MOST_READ && key.is_some() {
                follow = Err(Unsuited::TooLong);
                continue;
            }
            let Some(packet) = packets.next().await? else {
                break;
            };
            pictures += 1;
            if let Ok(following) = &mut follow {
                let taken = following.take(&packet.data, packet.pts);
                if let Err(unsuited) = taken {
                    follow = Err(unsuited);
                }
            }
            key.get_or_insert(packet.data);
        }
        let key = key.ok_or_else(|| refused("it has no picture"))?;
        let end = follow.map(|follow| End {
            shows_key: follow.decoder.shows_idr(),
            held: follow.decoder.hold(follow.sets.length_size),
        });
        Ok(Self { key, pictures, end })
    }

    /// The pictures of the tail, how many a second, and what is to be said of them.
    fn still(
        self,
        movie: &Movie,
        span: MediaTime,
    ) -> Result<(Pictures, f64, Vec<String>), Failure> {
        let mut warnings = Vec::new();
        let shows_key = self.pictures == 1 || self.end.as_ref().is_ok_and(|end| end.shows_key);
        let held = self.end.and_then(|end| end.held);
        let rate = key_frames::rate(&movie.video);
        let is_avc = movie.video.codec == VideoCodec::Avc;
        if !shows_key
            && is_avc
            && let Ok(held) = held
        {
            if span.as_secs_f64() > key_frames::MOST {
                warnings.push(format!(
                    "the tail of {:.0} s has no key frame, because the video does not end with one: \
                     who tunes in during it sees nothing, and platforms may complain",
                    span.as_secs_f64()
                ));
            }
            return Ok((Pictures::Skipped(Arc::new(held)), rate, warnings));
        }
        // A group goes on from the key frame that was sent; another key frame starts its own.
        let sent = u64::from(self.pictures == 1);
        let repeated = repeated(&self.key, movie, sent).map_err(|reason| match &held {
            Err(unsuited) if is_avc => refused(&unsuited.to_string()),
            _ => refused(&reason),
        })?;
        if !shows_key {
            let reason = match held {
                Err(unsuited) if is_avc => unsuited.to_string(),
                _ => format!("it is {}", movie.video.codec.name()),
            };
            warnings.push(format!(
                "the last picture of this video cannot be held ({reason}): the tail shows its last \
                 key frame instead"
            ));
        }
        if repeated.is_costly {
            warnings.push(costly("tail"));
        }
        Ok((repeated.pictures, repeated.rate, warnings))
    }
}

/// Reads pictures as a decoder would.
struct Follow {
    sets: ParameterSets,
    decoder: Decoder,
}

impl Follow {
    fn new(sets: ParameterSets) -> Self {
        Self {
            sets,
            decoder: Decoder::default(),
        }
    }

    fn take(&mut self, unit: &[u8], pts: MediaTime) -> Result<(), Unsuited> {
        self.sets.observe(unit)?;
        self.decoder.take(Picture::read(unit, &self.sets)?, pts)
    }
}

/// What is said of a still whose key frames are large.
pub(super) fn costly(part: &str) -> String {
    format!(
        "the {part} takes more bits a second than the video does on average, for its picture is \
         large"
    )
}

fn refused(reason: &str) -> Failure {
    Failure::new(
        FailureKind::UnsupportedMedia,
        format!(
            "this video cannot have a tail: {reason}; it can be shown without --tail, or after \
             ffmpeg -i IN -c:v libx264 -c:a aac -movflags +faststart OUT.mp4"
        ),
    )
}
