//! MP4 and QuickTime: where the samples lie and when they are due.
//!
//! Only the index (`moov`) is read here, in ranges; the media (`mdat`) is not touched.

mod audio_config;
mod audio_entry;
mod boxes;
mod built_table;
mod candidate;
mod codec;
mod column;
mod edit_list;
mod error;
mod fragment;
mod fragments;
mod geometry;
mod index;
mod leaps;
#[cfg(test)]
mod leaps_tests;
#[cfg(test)]
mod model_tests;
mod other;
mod places;
mod sample_description;
mod sample_table;
mod summary;
mod table_builder;
mod table_reader;
mod track;
mod video_entry;

pub use codec::VideoCodec;
pub use error::{Mp4Error, Refusal};
pub use summary::{TrackPurpose, TrackSummary};

pub(crate) use audio_config::AudioSpecificConfig;
pub(crate) use audio_entry::AacDescription;
pub(crate) use error::{command_with, file_word, output, shell_word};
pub(crate) use geometry::display_aspect;
pub(crate) use index::{Index, read_index};
pub(crate) use sample_table::{Sample, SampleCursor};
pub(crate) use track::Track;
pub(crate) use video_entry::VideoDescription;
