//! What is broadcast in a month.

use std::time::Duration;

use serde::Serialize;

use crate::measures;

/// A month of shows that are alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// Shows in the month.
    pub shows: u32,
    /// The length of each.
    #[serde(rename = "show_seconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// The size of each one's video file, in bytes.
    pub video_bytes: u64,
    /// Where the videos are.
    pub origin: Origin,
    /// How many ingests each is sent to.
    pub destinations: u32,
    /// How long before its air time each one's execution starts.
    #[serde(rename = "lead_seconds", serialize_with = "seconds")]
    pub lead: Duration,
    /// Whether the first attempt runs on Fargate Spot.
    pub spot: bool,
    /// How many days each video is kept in S3.
    pub kept_days: u32,
    /// Where it goes to lie after some time in S3 Standard.
    pub archive: Option<Archive>,
    /// Requests to the API for each show.
    pub api_requests: u32,
}

/// Where the videos are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// On this machine: they are uploaded to S3 first.
    Upload,
    /// In S3 already.
    S3,
    /// On a web server of somebody else's.
    Web,
}

/// A video's second resting place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Archive {
    /// How many days it lies in S3 Standard first.
    pub after_days: u32,
    /// Where it lies then.
    pub class: Archived,
}

/// Storage classes that are cheaper to lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Glacier Instant Retrieval, from where it can be broadcast again.
    GlacierInstant,
    /// Glacier Deep Archive, from where it has to be fetched for some hours first.
    DeepArchive,
}

/// What no broadcast can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// No show at all.
    #[error("the number of shows has to be at least 1")]
    NoShow,
    /// A show without a length.
    #[error("a show has to be longer than nothing")]
    NoLength,
    /// A show that goes nowhere.
    #[error("the number of destinations has to be at least 1")]
    NoDestination,
    /// A show that the workflow would end.
    #[error("a show can be {0} hours long at most")]
    TooLong(u64),
}

impl Usage {
    /// One show to one destination, uploaded, with the usual lead, kept for a month.
    pub fn one(duration: Duration, video_bytes: u64) -> Self {
        Self {
            shows: 1,
            duration,
            video_bytes,
            origin: Origin::Upload,
            destinations: 1,
            lead: measures::LEAD,
            spot: false,
            kept_days: 30,
            archive: None,
            api_requests: measures::API_REQUESTS,
        }
    }

    /// Whether this can be broadcast.
    ///
    /// # Errors
    /// When it cannot, and why.
    pub fn validate(&self) -> Result<(), UsageError> {
        if self.shows == 0 {
            return Err(UsageError::NoShow);
        }
        if self.destinations == 0 {
            return Err(UsageError::NoDestination);
        }
        if self.duration.is_zero() {
            return Err(UsageError::NoLength);
        }
        if self.duration > measures::LONGEST_SHOW {
            return Err(UsageError::TooLong(
                measures::LONGEST_SHOW.as_secs() / 3_600,
            ));
        }
        Ok(())
    }

    /// Hours on air in the month.
    pub fn hours_on_air(&self) -> f64 {
        f64::from(self.shows) * self.duration.as_secs_f64() / 3_600.0
    }
}

impl Archived {
    /// Days for which AWS bills at least. <https://aws.amazon.com/s3/pricing/>
    pub const fn least_days(self) -> u32 {
        match self {
            Self::GlacierInstant => 90,
            Self::DeepArchive => 180,
        }
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(duration.as_secs_f64())
}
