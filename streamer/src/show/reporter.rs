//! What a destination says of itself.

use std::{sync::Arc, time::Duration};

use broadcast::{DestinationProgress, Failure, MediaTime};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{meter::Meter, stall::Stall};
use crate::media::{Packet, TrackKind};

/// How often counters are passed on; what changes the state of things is at once.
const EVERY: Duration = Duration::from_millis(200);

/// What a destination says of itself.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) progress: DestinationProgress,
    pub(super) stall: Stall,
}

/// Keeps a destination's progress and passes it on.
#[derive(Debug)]
pub(super) struct Reporter {
    progress: DestinationProgress,
    stall: Stall,
    sender: watch::Sender<Told>,
    news: Arc<Notify>,
    meter: Meter,
    last: Instant,
}

impl Reporter {
    /// Of a destination whose first packet is `due` then.
    pub(super) fn new(
        name: &str,
        position: MediaTime,
        due: Instant,
        news: Arc<Notify>,
    ) -> (Self, watch::Receiver<Told>) {
        let progress = DestinationProgress {
            name: name.to_owned(),
            position,
            ..DestinationProgress::default()
        };
        let stall = Stall::starting(due);
        let (sender, receiver) = watch::channel(Told {
            progress: progress.clone(),
            stall,
        });
        let reporter = Self {
            progress,
            stall,
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

    pub(super) fn connected(&mut self, on_backup: bool) {
        self.progress.connected = true;
        self.progress.on_backup = on_backup;
        self.progress.failure = None;
        if self.progress.on_air_at.is_some() {
            self.progress.reconnects += 1;
        }
        self.tell();
    }

    pub(super) fn disconnected(&mut self, failure: Option<Failure>) {
        self.stall.lost(Instant::now());
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

    /// The packet after the one just sent is due then.
    pub(super) fn waits_until(&mut self, due: Instant) {
        self.stall.waits_until(due);
    }

    /// Nothing more is due, be it because all was sent.
    pub(super) fn nothing_due(&mut self) {
        self.stall.nothing_due(Instant::now());
        self.pass_on();
    }

    /// What was queued was handed to the kernel.
    pub(super) fn sent(&mut self) {
        self.stall.sent(Instant::now());
    }

    pub(super) fn queued(&mut self, packet: &Packet) {
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
            self.pass_on();
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
        self.pass_on();
        self.news.notify_one();
    }

    fn pass_on(&self) {
        self.sender.send_replace(Told {
            progress: self.progress.clone(),
            stall: self.stall,
        });
    }
}
