//! What a publisher tells its owner.

use std::fmt;

/// Something that the server said and the owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server accepted `connect`.
    Connected,
    /// `NetStream.Publish.Start`: the key is good and media may be sent.
    Published,
    /// The server has received this many bytes at least, counted from the first byte of the
    /// handshake.
    Acknowledged(u64),
    /// The server refused, now or in the middle of the show.
    Refused(Refusal),
    /// "RTMP Go Away", message type 32: the server leaves soon; publish anew at the next key
    /// frame.
    GoAway,
    /// The server said that it ends the stream or the connection.
    Ended,
}

/// The server's words when it refuses. They hold neither the key nor control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the refusal means for us.
    pub kind: RefusalKind,
    /// Such as `NetStream.Publish.BadName`.
    pub code: String,
    /// The server's explanation; often empty.
    pub description: String,
}

/// What a refusal means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The key, or the application, is not accepted: another try will not help.
    Rejected,
    /// The key is in use. That may be our own lost connection, which the server still believes
    /// in: another try may help.
    Busy,
    /// Anything else: another try may help.
    Failed,
}

impl RefusalKind {
    /// After the codes of Adobe's "NetStream" and "NetConnection" status objects.
    pub(crate) fn of(code: &str, description: &str) -> Self {
        let description = description.to_ascii_lowercase();
        let says = |word: &str| description.contains(word);
        // Trouble of the server's own, under a name that otherwise speaks of the key.
        let is_trouble = matches!(
            code,
            "NetStream.Publish.Failed" | "NetStream.Publish.Idle" | "NetStream.Publish.Reset"
        );
        if is_trouble {
            Self::Failed
        } else if code.starts_with("NetStream.Publish.") || code == "NetStream.Unauthorized" {
            // nginx-rtmp and others have one code for a key that is wrong and one that is taken.
            if says("already") || says("in use") || says("busy") {
                Self::Busy
            } else {
                Self::Rejected
            }
        } else if matches!(
            code,
            "NetConnection.Connect.Rejected" | "NetConnection.Connect.InvalidApp"
        ) {
            Self::Rejected
        } else {
            Self::Failed
        }
    }
}

/// `NetStream.Publish.BadName: no such stream`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.description.as_str()) {
            ("", "") => f.write_str("no reason given"),
            (code, "") => f.write_str(code),
            ("", description) => f.write_str(description),
            (code, description) => write!(f, "{code}: {description}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, description: &str, expected: RefusalKind) {
        assert_eq!(RefusalKind::of(code, description), expected);
    }

    #[test]
    fn codes_mean_what_servers_mean_by_them() {
        use RefusalKind::{Busy, Failed, Rejected};
        check("NetStream.Publish.BadName", "Already publishing", Busy);
        check("NetStream.Publish.BadName", "stream is in use", Busy);
        check("NetStream.Publish.BadName", "", Rejected);
        check("NetStream.Publish.Denied", "unknown key", Rejected);
        check("NetConnection.Connect.Rejected", "code=403", Rejected);
        check("NetConnection.Connect.InvalidApp", "", Rejected);
        check("NetStream.Publish.Failed", "disk full", Failed);
        check("NetConnection.Connect.Failed", "try later", Failed);
        check("", "", Failed);
    }

    #[test]
    fn a_refusal_reads_well_without_its_parts() {
        let refusal = |code: &str, description: &str| {
            Refusal {
                kind: RefusalKind::Failed,
                code: code.to_owned(),
                description: description.to_owned(),
            }
            .to_string()
        };
        assert_eq!(refusal("A.B", "why"), "A.B: why");
        assert_eq!(refusal("A.B", ""), "A.B");
        assert_eq!(refusal("", "why"), "why");
        assert_eq!(refusal("", ""), "no reason given");
    }
}
