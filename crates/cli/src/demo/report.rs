//! The table at the end of the demo.

use std::{path::PathBuf, time::SystemTime};

use api::BroadcastView;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::compare::Sums;
use crate::local_time;

/// What is told at the end.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) attempts: u32,
    /// When the show was to be on air.
    pub(super) air_time: DateTime<Utc>,
    /// When the ingest had its first media.
    pub(super) on_air_at: Option<DateTime<Utc>>,
    /// First media message at the streamer against the air time, in milliseconds, late positive.
    pub(super) sent_error_ms: Option<f64>,
    /// First media at the ingest against the air time, in milliseconds, late positive.
    pub(super) received_error_ms: Option<f64>,
    pub(super) video_frames_sent: u64,
    pub(super) video_frames_received: usize,
    pub(super) audio_frames_sent: u64,
    pub(super) audio_frames_received: usize,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: usize,
    /// What differs between the video and what was received; none if nothing does.
    pub(super) difference: Option<String>,
    pub(super) recordings: Vec<PathBuf>,
}

impl Report {
    /// Puts together what both ends say.
    pub(super) fn new(
        broadcast: &BroadcastView,
        first_media: Option<SystemTime>,
        received: Sums,
        difference: Option<String>,
        recordings: Vec<PathBuf>,
    ) -> Self {
        let outcome = broadcast.outcome.as_ref();
        let sent = outcome.and_then(|outcome| outcome.destinations.first());
        let on_air_at = first_media.map(DateTime::<Utc>::from);
        Self {
            id: broadcast.id.to_string(),
            status: broadcast.status.to_string(),
            attempts: broadcast.attempts,
            air_time: broadcast.air_time,
            on_air_at,
            sent_error_ms: outcome.and_then(|outcome| outcome.on_air_error_ms),
            received_error_ms: on_air_at
                .and_then(|at| (at - broadcast.air_time).num_microseconds())
                .map(|micros| micros as f64 / 1e3),
            video_frames_sent: sent.map_or(0, |sent| sent.video_frames),
            video_frames_received: received.video,
            audio_frames_sent: sent.map_or(0, |sent| sent.audio_frames),
            audio_frames_received: received.audio,
            bytes_sent: sent.map_or(0, |sent| sent.bytes),
            bytes_received: received.bytes,
            difference,
            recordings,
        }
    }

    /// For a person.
    pub(super) fn table(&self, zone: Tz) -> Table {
        let clock = |at| local_time::clock(at, zone);
        let milliseconds = |error: Option<f64>| match error {
            Some(error) => format!("{error:+.1} ms"),
            None => "never".to_owned(),
        };
        let same = |same: bool| if same { "all" } else { "NOT ALL" }.to_owned();
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header(["", "wanted / sent", "received", ""]);
        table.add_row([
            format!("on air ({})", zone.name()),
            clock(self.air_time),
            self.on_air_at.map_or_else(|| "never".to_owned(), clock),
            milliseconds(self.received_error_ms),
        ]);
        table.add_row([
            "video frames".to_owned(),
            self.video_frames_sent.to_string(),
            self.video_frames_received.to_string(),
            same(self.video_frames_sent == self.video_frames_received as u64),
        ]);
        table.add_row([
            "audio frames".to_owned(),
            self.audio_frames_sent.to_string(),
            self.audio_frames_received.to_string(),
            same(self.audio_frames_sent == self.audio_frames_received as u64),
        ]);
        table.add_row([
            "bytes".to_owned(),
            self.bytes_sent.to_string(),
            self.bytes_received.to_string(),
            same(self.bytes_sent == self.bytes_received as u64),
        ]);
        table.add_row([
            "outcome".to_owned(),
            self.status.clone(),
            match self.attempts {
                1 => "1 attempt".to_owned(),
                more => format!("{more} attempts"),
            },
            self.difference
                .clone()
                .unwrap_or_else(|| "byte for byte".to_owned()),
        ]);
        for column in 1..=2 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}
