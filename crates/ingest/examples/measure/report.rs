//! What is said of each publish in the end.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

/// One publish: counters, and how late each packet was.
pub(crate) struct Measured {
    /// Counts distinct pairs of app and key from 1; the key itself is not told.
    pub(crate) stream: u32,
    pub(crate) video: u64,
    pub(crate) audio: u64,
    pub(crate) sequence_headers: u64,
    /// Bytes of payload.
    pub(crate) bytes: u64,
    first: Option<First>,
    /// In milliseconds, one for each packet.
    lateness: Vec<f32>,
    last_timestamp: u32,
    pub(crate) ended: Option<String>,
}

struct First {
    at: Instant,
    wall: SystemTime,
    timestamp: u32,
}

impl Measured {
    pub(crate) fn new(stream: u32) -> Self {
        Self {
            stream,
            video: 0,
            audio: 0,
            sequence_headers: 0,
            bytes: 0,
            first: None,
            lateness: Vec::new(),
            last_timestamp: 0,
            ended: None,
        }
    }

    /// Enters a packet that is no sequence header.
    pub(crate) fn packet(&mut self, timestamp: u32, at: Instant, wall: impl Fn() -> SystemTime) {
        let first = self.first.get_or_insert_with(|| First {
            at,
            wall: wall(),
            timestamp,
        });
        // Timestamps wrap, and a little may go back from one track to the other.
        let media = f64::from(timestamp.wrapping_sub(first.timestamp).cast_signed());
        let passed = at.duration_since(first.at).as_secs_f64() * 1_000.0;
        self.lateness.push((passed - media) as f32);
        self.last_timestamp = timestamp;
    }
}

/// The report.
pub(crate) fn json(publishes: &[Measured]) -> String {
    let list: Vec<_> = publishes.iter().zip(1..).map(object).collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}

fn object((measured, number): (&Measured, u32)) -> serde_json::Value {
    let first = measured.first.as_ref();
    json!({
        "publish": number,
        "stream": measured.stream,
        "packets": measured.video + measured.audio,
        "video_packets": measured.video,
        "audio_packets": measured.audio,
        "sequence_headers": measured.sequence_headers,
        "payload_bytes": measured.bytes,
        "first_media_unix_ms": first.map(|first| unix_ms(first.wall)),
        "first_timestamp_ms": first.map(|first| first.timestamp),
        "last_timestamp_ms": first.map(|_| measured.last_timestamp),
        "lateness_ms": lateness(&measured.lateness),
        "ended": measured.ended,
    })
}

fn lateness(all: &[f32]) -> serde_json::Value {
    if all.is_empty() {
        return serde_json::Value::Null;
    }
    let mut sorted = all.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f64| rounded(sorted[((sorted.len() - 1) as f64 * share).round() as usize]);
    let count = all.len() as f64;
    let mean = all.iter().map(|late| f64::from(*late)).sum::<f64>() / count;
    let squares: f64 = all
        .iter()
        .map(|late| (f64::from(*late) - mean).powi(2))
        .sum();
    json!({
        "p50": at(0.5),
        "p99": at(0.99),
        "max": at(1.0),
        "min": at(0.0),
        "mean": rounded(mean as f32),
        "sd": rounded((squares / count).sqrt() as f32),
    })
}

fn rounded(milliseconds: f32) -> f64 {
    (f64::from(milliseconds) * 1_000.0).round() / 1_000.0
}

fn unix_ms(wall: SystemTime) -> f64 {
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs_f64() * 1e6).round() / 1e3
}
