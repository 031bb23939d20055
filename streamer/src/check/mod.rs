//! Preflight: what is wrong with a video before anyone sees it live.
//!
//! [`check`] reads the index and a few samples, [`judge`] compares what is known with [`LIMITS`].

mod audience;
mod expiry;
mod facts;
mod finding;
mod rule;

mod judge;
mod limits;

mod coding;
mod samples;
mod survey;

mod remedy;
mod report;
mod run;

pub use audience::audience;
pub use facts::{AudioFacts, Chroma, Coding, Facts, KeyFrames, Spell, VideoFacts};
pub use finding::{Finding, Severity};
pub use judge::{Leave, judge};
pub use limits::{LIMITS, Limit, Source as LimitSource, limits_of};
pub use remedy::command;
pub use report::Report;
pub use rule::{Part, Rule, Tier, level_name};
pub use run::{CheckOptions, check, check_movie};
