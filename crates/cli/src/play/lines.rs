//! What is said while a show goes on and when it is over.

use std::collections::BTreeMap;

use broadcast::{DestinationProgress, Phase};
use chrono::Utc;
use chrono_tz::Tz;
use streamer::show::Update;

use crate::{
    local_time,
    on_backup::OnBackup,
    screen::{Screen, Shown},
    show,
};

/// Says what changed from one update to the next.
#[derive(Debug)]
pub(super) struct Narrator {
    screen: Screen,
    zone: Tz,
    /// Lines are for a person; a program reads the end.
    quiet: bool,
    phase: Option<Phase>,
    reconnects: u32,
    /// What was last told of each destination that is in trouble, by its name.
    troubles: BTreeMap<String, String>,
    on_backup: OnBackup,
}

impl Narrator {
    pub(super) fn new(zone: Tz, quiet: bool) -> Self {
        Self {
            screen: Screen::new(),
            zone,
            quiet,
            phase: None,
            reconnects: 0,
            troubles: BTreeMap::new(),
            on_backup: OnBackup::default(),
        }
    }

    pub(super) fn update(&mut self, update: &Update, air_time: chrono::DateTime<Utc>) {
        if self.quiet {
            return;
        }
        if self.phase != Some(update.phase) {
            self.phase = Some(update.phase);
            if let Some(line) = entered(update) {
                self.say(&line);
            }
        }
        for destination in &update.destinations {
            self.trouble(destination);
        }
        let reconnects: u32 = update.destinations.iter().map(|one| one.reconnects).sum();
        if reconnects > self.reconnects {
            self.reconnects = reconnects;
            self.say("connected again");
        }
        for destination in &update.destinations {
            if let Some(change) = self.on_backup.change(destination) {
                self.say(&change);
            }
        }
        match update.phase {
            Phase::OnAir | Phase::Interrupted => self
                .screen
                .progress(&Shown::of(update.duration, &update.destinations)),
            Phase::Opening | Phase::Standby => {
                let left = local_time::from_now(air_time, Utc::now());
                self.screen.waiting(&format!("on air {left}"));
            }
            Phase::Finished => {}
        }
    }

    /// Tells of a destination that cannot be sent to, once for each reason.
    fn trouble(&mut self, destination: &DestinationProgress) {
        let DestinationProgress { name, failure, .. } = destination;
        match failure {
            Some(failure) if !destination.connected => {
                if self.troubles.get(name) != Some(&failure.message) {
                    self.say(&format!("{name}: {}", failure.message));
                    self.troubles.insert(name.clone(), failure.message.clone());
                }
            }
            _ => {
                self.troubles.remove(name);
            }
        }
    }

    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            let clock = local_time::clock(Utc::now(), self.zone);
            self.screen.line(&format!("{clock}  {text}"));
        }
    }

    /// Takes the bar away and sums up.
    pub(super) fn end(&mut self, update: &Update) {
        self.screen.clear();
        if self.quiet {
            return;
        }
        for destination in &update.destinations {
            self.screen.line(&format!(
                "{}: {}{}",
                destination.name,
                show::came(destination),
                destination
                    .on_air_error_ms
                    .map(|error| format!(", on air {error:+.0} ms against the air time"))
                    .unwrap_or_default()
            ));
        }
    }
}

/// The line for a phase that has begun.
fn entered(update: &Update) -> Option<String> {
    match update.phase {
        Phase::Opening | Phase::Finished => None,
        Phase::Standby => Some("standing by".to_owned()),
        Phase::OnAir => Some("on air".to_owned()),
        Phase::Interrupted => Some("interrupted".to_owned()),
    }
}
