//! Which version of a file a server answers with.

use reqwest::{Response, header};

/// What tells one version of a file from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) length: u64,
    entity_tag: Option<String>,
    modified: Option<String>,
}

impl Version {
    /// The version that an answer names; `length` comes from its `Content-Range`.
    pub(super) fn of(response: &Response, length: u64) -> Self {
        let text = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        Self {
            length,
            entity_tag: text(header::ETAG),
            modified: text(header::LAST_MODIFIED),
        }
    }

    /// Whether the other may be the same: no length and no validator that both have differs.
    ///
    /// Weak tags are compared as strong ones are, for a server may weaken a tag on its way
    /// (RFC 9110, 8.8.3.2); one without any leaves the length.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let tag = |version: &Self| {
            let tag = version.entity_tag.as_deref()?;
            Some(tag.strip_prefix("W/").unwrap_or(tag).to_owned())
        };
        self.length == other.length
            && match (tag(self), tag(other)) {
                (Some(tag), Some(other)) => tag == other,
                _ => match (&self.modified, &other.modified) {
                    (Some(modified), Some(other)) => modified == other,
                    _ => true,
                },
            }
    }

    /// What can be asked for by `If-Match`, which takes no weak tag (RFC 9110, 13.1.1).
    pub(super) fn strong_tag(&self) -> Option<&str> {
        self.entity_tag
            .as_deref()
            .filter(|tag| tag.starts_with('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(length: u64, tag: &str, modified: &str) -> Version {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Version {
            length,
            entity_tag: some(tag),
            modified: some(modified),
        }
    }

    #[track_caller]
    fn check(one: &Version, other: &Version, may_be: bool) {
        assert_eq!(one.may_be(other), may_be);
        assert_eq!(other.may_be(one), may_be);
    }

    #[test]
    fn what_both_have_must_not_differ() {
        let one = version(9, "\"a\"", "Monday");
        check(&one, &one, true);
        check(&one, &version(8, "\"a\"", "Monday"), false);
        check(&one, &version(9, "\"b\"", "Monday"), false);
        check(&one, &version(9, "W/\"a\"", ""), true);
        check(&one, &version(9, "", "Monday"), true);
        check(&one, &version(9, "", "Tuesday"), false);
        check(&one, &version(9, "", ""), true);
        check(
            &version(9, "W/\"a\"", ""),
            &version(9, "W/\"b\"", ""),
            false,
        );
        // The tag is the better witness: a copy of a file has its tag and another time.
        check(&one, &version(9, "\"a\"", "Tuesday"), true);
    }

    #[test]
    fn a_weak_tag_is_no_condition() {
        assert_eq!(version(9, "\"a\"", "").strong_tag(), Some("\"a\""));
        assert_eq!(version(9, "W/\"a\"", "").strong_tag(), None);
        assert_eq!(version(9, "", "Monday").strong_tag(), None);
    }
}
