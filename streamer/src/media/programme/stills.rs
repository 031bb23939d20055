//! Pictures that all show the same.

use std::sync::Arc;

use broadcast::MediaTime;
use bytes::Bytes;

use crate::h264::SkippedPictures;

/// Pictures that all show the same, at even distances.
#[derive(Clone, Debug)]
pub(super) struct Stills {
    /// When the first of them is decoded.
    pub(super) dts: MediaTime,
    /// From decoding to showing.
    pub(super) delay: MediaTime,
    /// How long all of them last.
    pub(super) span: MediaTime,
    pub(super) count: u64,
    pub(super) pictures: Pictures,
}

/// What is sent for each.
#[derive(Clone, Debug)]
pub(super) enum Pictures {
    /// A key frame, again and again.
    KeyFrames(Bytes),
    /// Groups of a key frame and its skipped pictures.
    Groups {
        key: Bytes,
        skipped: Arc<SkippedPictures>,
        /// Pictures of a group.
        length: u64,
        /// Pictures of the first group that were sent before.
        sent: u64,
    },
    /// Skipped pictures only.
    Skipped(Arc<SkippedPictures>),
}

impl Pictures {
    /// How many there are in a span, at this rate or a little more.
    pub(super) fn count(&self, span: MediaTime, rate: f64) -> u64 {
        let least = match self {
            // Two key frames never stand beside one another.
            Self::Groups { .. } => 2,
            Self::KeyFrames(_) | Self::Skipped(_) => 1,
        };
        ((span.as_secs_f64() * rate - 1e-6).ceil() as u64).max(least)
    }
}

impl Stills {
    /// When a picture is decoded. It is counted, so that nothing adds up.
    pub(super) fn dts(&self, index: u64) -> MediaTime {
        let part =
            i128::from(self.span.as_micros()) * i128::from(index) / i128::from(self.count.max(1));
        self.dts + MediaTime(part as i64)
    }

    /// When a picture is shown.
    pub(super) fn pts(&self, index: u64) -> MediaTime {
        self.dts(index) + self.delay
    }

    /// Whether decoding can start with a picture.
    pub(super) fn is_key(&self, index: u64) -> bool {
        self.place(index) == Some(0)
    }

    /// The access unit of a picture.
    pub(super) fn data(&self, index: u64) -> Bytes {
        match &self.pictures {
            Pictures::KeyFrames(key) => key.clone(),
            Pictures::Groups { key, skipped, .. } => match self.place(index) {
                Some(0) | None => key.clone(),
                Some(place) => skipped.picture(place),
            },
            Pictures::Skipped(skipped) => skipped.picture(index + 1),
        }
    }

    /// The last key frame at or before a time.
    pub(super) fn key_at_or_before(&self, at: MediaTime) -> Option<u64> {
        if self.count == 0 || at < self.dts {
            return None;
        }
        let span = i128::from(self.span.as_micros().max(1));
        let passed = i128::from((at - self.dts).as_micros());
        let mut index = (passed * i128::from(self.count) / span) as u64 + 1;
        index = index.min(self.count - 1);
        while self.dts(index) > at {
            index -= 1;
        }
        index.checked_sub(self.place(index)?)
    }

    /// How many pictures after its key frame a picture comes, if there is a key frame.
    fn place(&self, index: u64) -> Option<u64> {
        match &self.pictures {
            Pictures::KeyFrames(_) => Some(0),
            Pictures::Skipped(_) => None,
            Pictures::Groups { length, sent, .. } => {
                let index = index + sent;
                // A last group of one would stand before another key frame, from which it would
                // have to differ in `idr_pic_id` (H.264, 7.4.3): its picture joins the one before.
                let end = self.count + sent;
                let is_single = end % length == 1 && end > *length;
                let groups = end.div_ceil(*length) - u64::from(is_single);
                let group = (index / length).min(groups - 1);
                Some(index - group * length)
            }
        }
    }
}
