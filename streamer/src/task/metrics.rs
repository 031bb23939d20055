//! What a show says of itself as metrics.
//!
//! | name | unit | what it counts |
//! |---|---|---|
//! | `OnAir` | Count | 1 in each minute of the clock in which the task is on air: its sum over a minute is how many tasks are |
//! | `OnAirErrorMs` | Milliseconds | first media message against the air time, late positive; once for a broadcast, at the destination that is first on air; none where a broadcast tells none |
//! | `Reconnects` | Count | connections that were made again, all destinations, since the last line |
//! | `BytesSent` | Bytes | media without protocol overhead, what is repeated after a reconnect included, all destinations, since the last line |
//! | `StallSeconds` | Seconds | [`Update::stalled`], the sum over all destinations, since the last line |
//!
//! A line is written at the moment at which the show goes on air, at the first news in each minute
//! of the clock after that, and at the end. A show that never has media due has none.

use std::{io, time::Duration};

use broadcast::{DestinationProgress, Phase, Progress};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    Settings,
    emf::{self, Labels, Unit},
};
use crate::show::Update;

/// Writes the metrics of a show on standard output until there are no more updates.
pub(super) async fn follow(mut metrics: Metrics, mut updates: watch::Receiver<Update>) {
    // Standard output has a lock that holds for the whole of a write; the log takes it, too.
    let write = |line: Option<String>| {
        if let Some(line) = line
            && let Err(error) = emf::write(&mut io::stdout().lock(), line)
        {
            tracing::debug!(%error, "metrics not written");
        }
    };
    while updates.changed().await.is_ok() {
        let update = updates.borrow_and_update().clone();
        write(metrics.observe(&update, Utc::now()));
    }
    write(metrics.finish(Utc::now()));
}

/// From successive updates to lines.
#[derive(Debug)]
pub(super) struct Metrics {
    labels: Labels,
    /// The minute of the last line.
    minute: Option<i64>,
    /// The last minute in which `OnAir` was told.
    on_air_minute: Option<i64>,
    has_told_error: bool,
    now: Counters,
    told: Counters,
}

/// What only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    reconnects: u64,
    bytes: u64,
    stalled: Duration,
}

impl Metrics {
    /// The metrics of an attempt, if they are wanted. `before` is what the attempt before wrote
    /// last.
    pub(super) fn new(settings: &Settings, before: Option<&Progress>) -> Option<Self> {
        let labels = Labels {
            namespace: settings.metrics_namespace.clone()?,
            dimensions: vec![("Deployment", settings.deployment.clone())],
            properties: vec![
                ("broadcast", Value::from(settings.broadcast.as_str())),
                ("attempt", Value::from(settings.attempt)),
            ],
        };
        let was_on_air = before.is_some_and(Progress::has_been_on_air);
        Some(Self {
            labels,
            minute: None,
            on_air_minute: None,
            has_told_error: was_on_air,
            now: Counters::default(),
            told: Counters::default(),
        })
    }

    /// Takes an update in; the line that is due with it, if one is.
    fn observe(&mut self, update: &Update, at: DateTime<Utc>) -> Option<String> {
        self.now = self.now.max(Counters::of(update));
        let minute = at.timestamp().div_euclid(60);
        let is_on_air = update.phase == Phase::OnAir;
        let on_air = is_on_air && self.on_air_minute != Some(minute);
        let is_due = self.has_begun() && self.minute != Some(minute);
        if !is_due && !on_air {
            return None;
        }
        self.minute = Some(minute);
        let mut first = Vec::new();
        if on_air {
            self.on_air_minute = Some(minute);
            first.push(("OnAir", Unit::Count, Value::from(1)));
        }
        if let Some(error) = self.error(&update.destinations) {
            first.push(("OnAirErrorMs", Unit::Milliseconds, Value::from(error)));
        }
        Some(self.line(first, at))
    }

    /// What there is to tell when no more updates come.
    fn finish(&mut self, at: DateTime<Utc>) -> Option<String> {
        self.has_begun().then(|| self.line(Vec::new(), at))
    }

    /// Before anything was due or sent there is nothing to tell.
    fn has_begun(&self) -> bool {
        self.minute.is_some() || self.now != Counters::default()
    }

    /// By how much the broadcast missed its air time, the first time that this is known.
    fn error(&mut self, destinations: &[DestinationProgress]) -> Option<f64> {
        if self.has_told_error {
            return None;
        }
        let first = destinations
            .iter()
            .filter(|one| one.on_air_at.is_some())
            .min_by_key(|one| one.on_air_at)?;
        self.has_told_error = true;
        first.on_air_error_ms
    }

    fn line(&mut self, mut metrics: Vec<(&'static str, Unit, Value)>, at: DateTime<Utc>) -> String {
        let Counters {
            reconnects,
            bytes,
            stalled,
        } = self.now;
        let millis = (stalled - self.told.stalled).as_millis() as f64;
        metrics.extend([
            (
                "Reconnects",
                Unit::Count,
                Value::from(reconnects - self.told.reconnects),
            ),
            (
                "BytesSent",
                Unit::Bytes,
                Value::from(bytes - self.told.bytes),
            ),
            ("StallSeconds", Unit::Seconds, Value::from(millis / 1000.0)),
        ]);
        self.told = self.now;
        emf::line(&self.labels, at, &metrics)
    }
}

impl Counters {
    fn of(update: &Update) -> Self {
        let sum = |counter: fn(&DestinationProgress) -> u64| {
            update.destinations.iter().map(counter).sum()
        };
        Self {
            reconnects: sum(|one| u64::from(one.reconnects)),
            bytes: sum(|one| one.bytes),
            stalled: update.stalled,
        }
    }

    /// The larger of each: a pause is known to a fifth of a second only while it lasts.
    fn max(self, other: Self) -> Self {
        Self {
            reconnects: self.reconnects.max(other.reconnects),
            bytes: self.bytes.max(other.bytes),
            stalled: self.stalled.max(other.stalled),
        }
    }
}

#[cfg(test)]
mod tests;
