//! MP4 and QuickTime: where the samples lie and when they are due.
//!
//! Only the index (`moov`) is read here, in ranges; the media (`mdat`) is not touched.

mod boxes;
mod edit_list;
mod error;
mod index;
mod sample_description;
mod sample_table;
mod table_builder;
mod table_reader;
mod track;

pub use error::{Mp4Error, Refusal};

pub(crate) use index::{Index, read_index};
pub(crate) use sample_description::{AacDescription, AvcDescription};
pub(crate) use sample_table::{Sample, SampleCursor};
pub(crate) use track::Track;
