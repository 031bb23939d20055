use std::path::PathBuf;

use crate::Moment;

/// Everything an ingest knows at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Counters of the whole ingest.
    pub stats: Stats,
    /// Every accepted publish, in order.
    pub publishes: Vec<Publish>,
}

/// Counters of the whole ingest since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// TCP connections accepted.
    pub connections: u64,
    /// TCP connections open now.
    pub open_connections: u64,
    /// `connect` turned away.
    pub connects_rejected: u64,
    /// `publish` turned away.
    pub publishes_rejected: u64,
    /// Connections reset by a fault or [`cut_all`](crate::RunningIngest::cut_all).
    pub cuts: u64,
    /// Bytes read from all connections, counted behind TLS.
    pub bytes: u64,
}

/// One publish: from its acceptance to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// Counts accepted publishes from 1.
    pub number: u32,
    /// Counts distinct pairs of app and key from 1: publishes of the same stream share it.
    pub stream: u32,
    /// Counts the publishes of its stream from 1: above 1 it is a reconnect.
    pub part: u32,
    /// The app of the URL, as the publisher named it.
    pub app: String,
    /// When it was accepted.
    pub started: Moment,
    /// When the first sequence header came.
    pub first_header: Option<Moment>,
    /// When the first packet that is no sequence header came.
    pub first_media: Option<Moment>,
    /// Timestamp of that packet in milliseconds.
    pub first_timestamp_ms: Option<u32>,
    /// When the last packet came.
    pub last_media: Option<Moment>,
    /// Timestamp of that packet in milliseconds.
    pub last_timestamp_ms: Option<u32>,
    /// Video packets, sequence headers not counted.
    pub video_packets: u64,
    /// Audio packets, sequence headers not counted.
    pub audio_packets: u64,
    /// Sequence headers.
    pub sequence_headers: u64,
    /// Bytes of payload of all packets.
    pub payload_bytes: u64,
    /// What the last `onMetaData` said.
    pub metadata: Option<Metadata>,
    /// Whether `FCUnpublish` came.
    pub fc_unpublish: bool,
    /// The recording, where one is made, once media has come. Files are named by
    /// [`stream`](Self::stream) and count the recordings of the stream, so that a probe of the key
    /// leaves no gap.
    pub recording: Option<PathBuf>,
    /// Why the recording is not whole, if so.
    pub recording_error: Option<String>,
    /// When and how it ended.
    pub ended: Option<Ended>,
}

impl Publish {
    /// Audio and video packets, sequence headers not counted.
    pub fn packets(&self) -> u64 {
        self.video_packets + self.audio_packets
    }
}

/// The end of a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// How.
    pub how: Ending,
}

/// How a publish ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The publisher took its leave by `FCUnpublish` or `deleteStream`.
    Unpublished,
    /// The publisher closed the connection without a word, or it broke.
    Dropped,
    /// This side cut the connection.
    Cut,
    /// The publisher said something that is no RTMP; the text comes from `rml_rtmp`.
    Protocol(String),
    /// The ingest was shut down.
    Shutdown,
}

/// The values of `onMetaData` that `rml_rtmp` keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Frames a second.
    pub frame_rate: Option<f32>,
    /// 7 for H.264.
    pub video_codec_id: Option<u32>,
    /// kbit/s.
    pub video_data_rate: Option<u32>,
    /// 10 for AAC.
    pub audio_codec_id: Option<u32>,
    /// kbit/s.
    pub audio_data_rate: Option<u32>,
    /// Hz.
    pub audio_sample_rate: Option<u32>,
    /// Two channels.
    pub stereo: Option<bool>,
    /// The name of the publishing program.
    pub encoder: Option<String>,
}
