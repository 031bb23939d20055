//! What of the video is sent, and what stands around it: options of `schedule` and `play`.

use std::time::Duration;

use broadcast::MAX_HEAD_OR_TAIL;
use clap::Args;
use streamer::media::{Arrangement, MovieOptions};

use crate::schedule::seconds;

/// The options that say what is sent.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct ArrangementArgs {
    /// Send sound track N of the video, counted from 1 [default: the first enabled one that can be
    /// sent]
    #[arg(long = "audio", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) audio_track: Option<u32>,

    /// If the video has no sound, send silence: Facebook refuses a video without
    #[arg(long)]
    pub(crate) silence: bool,

    /// Hold the first picture in silence for so long before the video, as in 15s (at most 10m):
    /// platforms lose the first seconds. The air time is when this begins
    #[arg(long, value_name = "SPAN", value_parser = held)]
    pub(crate) head: Option<u64>,

    /// Hold the last picture in silence for so long after the video, as in 15s (at most 10m)
    #[arg(long, value_name = "SPAN", value_parser = held)]
    pub(crate) tail: Option<u64>,
}

impl ArrangementArgs {
    /// What is wanted of the file.
    pub(crate) const fn movie_options(self) -> MovieOptions {
        MovieOptions {
            audio_track: self.audio_track,
        }
    }

    /// The same for the streamer.
    pub(crate) fn arrangement(self) -> Arrangement {
        let span = |seconds: Option<u64>| Duration::from_secs(seconds.unwrap_or_default());
        Arrangement {
            head: span(self.head),
            tail: span(self.tail),
            silence: self.silence,
        }
    }
}

/// How long a picture is held, in seconds.
fn held(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        long if long > MAX_HEAD_OR_TAIL => Err("at most 10m are allowed".to_owned()),
        seconds => Ok(seconds),
    }
}
