//! What a destination says of itself.

use std::{sync::Arc, time::Duration};

use broadcast::{DestinationProgress, Failure, MediaTime};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::meter::Meter;
use crate::media::{Packet, TrackKind};

/// How often counters are passed on; what changes the state of things is at once.
const EVERY: Duration = Duration::from_millis(200);

/// Keeps a destination's progress and passes it on.
#[derive(Debug)]
pub(super) struct Reporter {
    progress: DestinationProgress,
    sender: watch::Sender<DestinationProgress>,
    news: Arc<Notify>,
    meter: Meter,
    last: Instant,
}

impl Reporter {
    pub(super) fn new(
        name: &str,
        position: MediaTime,
        news: Arc<Notify>,
    ) -> (Self, watch::Receiver<DestinationProgress>) {
        let progress = DestinationProgress {
            name: name.to_owned(),
            position,
            ..DestinationProgress::default()
        };
        let (sender, receiver) = watch::channel(progress.clone());
        let reporter = Self {
            progress,
            sender,
            news,
            meter: Meter::new(),
            last: Instant::now(),
        };
        (reporter, receiver)
    }

    pub(super) fn progress(&self) -> &DestinationProgress {
        &self.progress
    }

    pub(super) fn connected(&mut self) {
        self.progress.connected = true;
        self.progress.failure = None;
        if self.progress.on_air_at.is_some() {
            self.progress.reconnects += 1;
        }
        self.tell();
    }

    pub(super) fn disconnected(&mut self, failure: Option<Failure>) {
        self.progress.connected = false;
        self.progress.bitrate = 0;
        if failure.is_some() {
            self.progress.failure = failure;
        }
        self.tell();
    }

    /// The first media message has left, `late` by the air time where that is to be told.
    pub(super) fn on_air(&mut self, at: DateTime<Utc>, air_time: Option<DateTime<Utc>>) {
        if self.progress.on_air_at.is_some() {
            return;
        }
        self.progress.on_air_at = Some(at);
        self.progress.on_air_error_ms = air_time
            .and_then(|air_time| (at - air_time).num_microseconds())
            .map(|micros| micros as f64 / 1000.0);
        self.tell();
    }

    pub(super) fn sent(&mut self, packet: &Packet) {
        match packet.track {
            TrackKind::Video => self.progress.video_frames += 1,
            TrackKind::Audio => self.progress.audio_frames += 1,
        }
        self.progress.bytes += packet.data.len() as u64;
    }

    /// The ingest has media up to this position.
    pub(super) fn position(&mut self, position: MediaTime) {
        self.progress.position = self.progress.position.max(position);
    }

    /// Passes the counters on when it is time.
    pub(super) fn tick(&mut self, now: Instant) {
        if now.saturating_duration_since(self.last) >= EVERY {
            self.progress.bitrate = self.meter.rate(self.progress.bytes, now);
            self.last = now;
            self.sender.send_replace(self.progress.clone());
        }
    }

    pub(super) fn finished(&mut self, duration: MediaTime) {
        self.progress.finished = true;
        self.progress.connected = false;
        self.progress.failure = None;
        self.position(duration);
        self.tell();
    }

    fn tell(&mut self) {
        self.sender.send_replace(self.progress.clone());
        self.news.notify_one();
    }
}
