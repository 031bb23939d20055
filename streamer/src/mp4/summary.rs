//! What the file holds, track by track, whether it is sent or not.

use std::fmt;

/// What a track is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackPurpose {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Anything else: time code, metadata, text. It is never sent.
    Other,
}

/// One track of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSummary {
    /// What it is for.
    pub purpose: TrackPurpose,
    /// Which of the tracks of its purpose, from 1.
    pub number: u32,
    /// The name of the coding that people know.
    pub codec: String,
    /// Whether players show it unless they are told otherwise.
    pub enabled: bool,
    /// Width and height of a picture in pixels.
    pub size: Option<(u16, u16)>,
    /// Samples per second of a sound, as far as it is one that can be sent.
    pub sample_rate: Option<u32>,
    /// Channels of a sound, as far as it is one that can be sent.
    pub channels: Option<u8>,
    /// Whether this track is the one that is sent.
    pub sent: bool,
    /// Why it could not be sent, if it could not.
    pub refusal: Option<String>,
}

impl fmt::Display for TrackSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number, self.codec)?;
        if let Some((width, height)) = self.size {
            write!(f, " {width}x{height}")?;
        }
        if let (Some(rate), Some(channels)) = (self.sample_rate, self.channels) {
            let channels = match channels {
                1 => "mono".to_owned(),
                2 => "stereo".to_owned(),
                channels => format!("{channels} channels"),
            };
            write!(f, ", {channels}, {} kHz", f64::from(rate) / 1_000.0)?;
        }
        if !self.enabled {
            f.write_str(", disabled")?;
        }
        Ok(())
    }
}
