use std::fmt;

/// Which stream keys may publish. Its `Debug` tells how many, never which.
#[derive(Clone, PartialEq, Eq)]
pub enum Keys {
    /// Every key.
    Any,
    /// One of these.
    Only(Vec<String>),
}

impl Keys {
    /// Only the given keys.
    pub fn only<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::Only(keys.into_iter().map(Into::into).collect())
    }

    pub(crate) fn accept(&self, key: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(keys) => keys.iter().any(|accepted| accepted == key),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Only(keys) => write!(f, "Only({} keys)", keys.len()),
        }
    }
}

/// How a publish with a wrong key is turned away; platforms differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rejection {
    /// `onStatus` of level `error` with `NetStream.Publish.BadName`, then the connection is closed.
    #[default]
    OnStatus,
    /// A bare `_error` (what `rml_rtmp` itself sends), and the connection stays open.
    Error,
    /// The connection is closed without a word, as Twitch and nginx-rtmp with a hook do.
    Close,
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn debug_tells_no_key() {
        let keys = Keys::only(["FB-123-0-secret"]);
        assert_eq!(format!("{keys:?}"), "Only(1 keys)");
    }

    #[test]
    fn accepts_whole_keys_only() {
        let keys = Keys::only(["abc?s_bl=1&a=b"]);
        assert!(keys.accept("abc?s_bl=1&a=b"));
        assert!(!keys.accept("abc"));
        assert!(!keys.accept("abc?s_bl=1"));
        assert!(Keys::Any.accept(""));
    }
}
