//! Why a picture cannot be held.

use thiserror::Error;

/// Why pictures of a stream cannot be held by skipped ones.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Unsuited {
    /// A NAL unit or parameter set that cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// Macroblocks in an order of the encoder's own (8.2.2).
    #[error("its pictures have slice groups")]
    SliceGroups,
    /// Three colour planes that are coded one by one.
    #[error("its colour planes are coded one by one")]
    SeparatePlanes,
    /// `max_num_ref_frames` is zero: every picture stands for itself.
    #[error("its pictures may not refer to one another")]
    NoReferences,
    /// More macroblocks than any level allows.
    #[error("its pictures are larger than any level of H.264 allows")]
    TooLarge,
    /// Long-term reference pictures are numbered apart.
    #[error("it marks pictures for long-term reference")]
    LongTerm,
    /// Memory management between the fields of a frame, or that starts numbering anew.
    #[error("it manages its reference pictures in an uncommon way")]
    Management,
    /// A jump in the numbering of pictures.
    #[error("pictures are missing before its end")]
    Gap,
    /// A key frame that is only a point of recovery.
    #[error("its key frame is no IDR picture, so that pictures after it may need others before it")]
    NoIdr,
    /// More pictures after the last key frame than are looked into.
    #[error("its last key frame is too long before its end")]
    TooLong,
    /// A field that stands alone.
    #[error("its last pictures are single fields")]
    SingleField,
    /// The picture that is shown last is no longer at hand when all have been decoded.
    #[error("its last picture is not kept for reference")]
    NotKept,
    /// The picture order count does not go with the time stamps.
    #[error("the order of its last pictures is not clear")]
    Order,
}
