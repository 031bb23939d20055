//! What of H.264 must be understood to hold a picture without decoding any.
//!
//! A picture is held by P pictures in which every macroblock is skipped: each is a copy of the
//! picture that it refers to, and takes some tens of bytes. Numbers of sections are those of
//! Rec. ITU-T H.264 (08/2021).

mod access_unit;
mod cabac;
mod error;
mod format;
mod held;
#[cfg(test)]
mod hostile_tests;
mod parameter_sets;
mod picture;
mod skipped;

pub(crate) use access_unit::{nal_units, to_repeat};
pub(crate) use error::Unsuited;
pub(crate) use held::Decoder;
pub(crate) use parameter_sets::ParameterSets;
pub(crate) use picture::Picture;
pub(crate) use skipped::SkippedPictures;
