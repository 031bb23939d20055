//! The secret of a destination.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A stream key. It cannot be printed or serialised, and its memory is wiped when it is dropped.
///
/// A key is opaque: it is never split at `?` or `&`, and its shape is a hint, never a verdict.
#[derive(Clone)]
pub struct StreamKey(SecretString);

impl StreamKey {
    /// Takes a key as it is.
    pub fn new(key: impl Into<String>) -> Self {
        Self(SecretString::from(key.into()))
    }

    /// The key itself, for the one who publishes with it or stores it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", StreamKey::new("FB-1-0-secret"));
        assert_eq!(shown, "StreamKey(…)");
    }
}
