//! The handle on an opened source.

/// An opened source; a clone shares its block cache.
#[derive(Clone, Debug)]
pub struct Source;
