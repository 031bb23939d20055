use std::time::Duration;

/// How an ingest behaves towards every connection; changes while it runs take effect at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Behaviour {
    /// Connections are refused as if nothing listened. Open ones are left alone.
    pub refuse: bool,
    /// Nothing is read from any connection, be it open or new.
    pub stall_reading: bool,
    /// Bytes a second at which a connection is read; as fast as they come without.
    pub read_rate: Option<u32>,
    /// Acknowledgements are sent. Read when a connection opens.
    pub acknowledge: bool,
    /// `connect` is answered with `NetConnection.Connect.Rejected`.
    pub reject_connect: bool,
    /// `publish` is turned away with these words, whatever the key.
    pub reject_publish: Option<Words>,
    /// `publish` is answered by closing the connection.
    pub close_before_publish_start: bool,
    /// From this stage on the ingest reads but says nothing more.
    pub silent_from: Option<Stage>,
    /// The window that the publisher is asked to acknowledge by, in bytes; that of
    /// [`Options`](crate::Options) without.
    pub window: Option<u32>,
    /// The bandwidth that the publisher is told of, in bytes; that of [`Options`](crate::Options)
    /// without.
    pub peer_bandwidth: Option<u32>,
    /// The codecs that the answer to `connect` announces (Enhanced RTMP's `fourCcList`), as in
    /// `hvc1`; nothing is said of codecs while it is empty.
    pub codecs: Vec<String>,
}

/// The words of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As in `NetStream.Publish.Denied`.
    pub code: String,
    /// For people.
    pub description: String,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            refuse: false,
            stall_reading: false,
            read_rate: None,
            acknowledge: true,
            reject_connect: false,
            reject_publish: None,
            close_before_publish_start: false,
            silent_from: None,
            window: None,
            peer_bandwidth: None,
            codecs: Vec::new(),
        }
    }
}

/// Where in the opening of a publish an ingest may fall silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before the first byte of the handshake (after TLS).
    Handshake,
    /// After the handshake: `connect` gets no answer.
    Connect,
    /// After `connect`: `publish` gets no answer.
    Publish,
}

/// What goes wrong in one publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection is reset.
    Cut {
        /// When.
        after: After,
        /// How long connections are refused from then on; zero: not at all.
        away: Duration,
    },
    /// The connection stays open and is not read again.
    Stall {
        /// When.
        after: After,
    },
    /// The ingest closes its own direction and goes on reading.
    HalfClose {
        /// When.
        after: After,
    },
    /// The ingest asks to be left ("RTMP Go Away", message type 32) and goes on reading.
    GoAway {
        /// When.
        after: After,
    },
}

/// A point in a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Once this many audio and video packets have come, sequence headers not counted.
    /// Zero: as soon as the publish is accepted.
    Packets(u64),
    /// Once a packet's timestamp is this far from the first one's.
    MediaTime(Duration),
}

impl After {
    /// Whether the point is reached with `packets` received, the last one `elapsed_ms` after the
    /// first by their timestamps.
    pub(crate) fn is_reached(self, packets: u64, elapsed_ms: u32) -> bool {
        match self {
            Self::Packets(wanted) => packets >= wanted,
            Self::MediaTime(wanted) => packets > 0 && u128::from(elapsed_ms) >= wanted.as_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::After;

    #[test]
    fn points_in_a_publish() {
        assert!(After::Packets(0).is_reached(0, 0));
        assert!(!After::Packets(3).is_reached(2, 9_999));
        assert!(After::Packets(3).is_reached(3, 0));
        assert!(!After::MediaTime(Duration::ZERO).is_reached(0, 0));
        assert!(!After::MediaTime(Duration::from_secs(2)).is_reached(90, 1_999));
        assert!(After::MediaTime(Duration::from_secs(2)).is_reached(90, 2_000));
    }
}
