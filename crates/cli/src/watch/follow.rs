//! The loop that looks again and again and says what changed.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use api::BroadcastView;
use broadcast::{BroadcastId, Status};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::verdict;
use crate::{
    client::Client,
    error::CliError,
    local_time,
    on_backup::OnBackup,
    screen::{Screen, Shown},
    show,
    signals::Signals,
};

/// How often one looks: often enough to see each state pass.
const EVERY: Duration = Duration::from_millis(400);
/// How often at a deployment, where each look is a call over the internet that costs something.
const EVERY_AT_AWS: Duration = Duration::from_secs(2);
/// How often while nothing can happen.
const SELDOM: Duration = Duration::from_secs(5);
/// How long `matinee up` may be away: as long as it takes to start it again.
const AWAY: Duration = Duration::from_secs(60);
/// The exit code of a process that was interrupted by Ctrl-C, by convention.
const SIGINT: u8 = 130;

/// Until when going on air is news: a later attempt keeps the time of the first.
const JUST_NOW: TimeDelta = TimeDelta::seconds(8);

/// After a request to try again, how long the old end may still be seen.
const STALE: Duration = Duration::from_secs(30);

/// Follows a broadcast until it is over; the exit code tells how it went.
pub(crate) async fn watch(
    client: &Client,
    id: &BroadcastId,
    zone: Tz,
    json: bool,
) -> Result<ExitCode, CliError> {
    follow(client, id, None, zone, json).await
}

/// Follows a broadcast that was asked to be tried again, past the end that it had.
pub(crate) async fn watch_again(
    client: &Client,
    before: &BroadcastView,
    zone: Tz,
    json: bool,
) -> Result<ExitCode, CliError> {
    follow(client, &before.id, Some(before), zone, json).await
}

async fn follow(
    client: &Client,
    id: &BroadcastId,
    before: Option<&BroadcastView>,
    zone: Tz,
    json: bool,
) -> Result<ExitCode, CliError> {
    let began = Instant::now();
    let mut signals = Signals::new()?;
    let mut screen = Screen::new();
    let mut last: Option<(Status, u32)> = None;
    let mut noted: Vec<String> = Vec::new();
    let mut on_backup = OnBackup::default();
    let mut away: Option<Instant> = None;
    loop {
        let broadcast = match client.show(id).await {
            Ok(broadcast) => broadcast,
            // Somebody may be starting it again; the show goes on meanwhile or will be resumed.
            Err(error) if error.is_unavailable() && away.is_none_or(|it| it.elapsed() < AWAY) => {
                away.get_or_insert_with(Instant::now);
                screen.waiting(match client.deployment() {
                    Some(_) => "the API does not answer; waiting for it",
                    None => "`matinee up` does not answer; waiting for it",
                });
                tokio::time::sleep(every(client)).await;
                continue;
            }
            Err(error) => {
                screen.clear();
                return Err(error);
            }
        };
        away = None;
        if before.is_some_and(|before| is_same_end(before, &broadcast)) && began.elapsed() < STALE {
            tokio::time::sleep(every(client)).await;
            continue;
        }
        if !json {
            let mut news = notes(&broadcast);
            news.retain(|note| !noted.contains(note));
            noted.extend(news.iter().cloned());
            news.extend(moves(&broadcast, &mut on_backup));
            for note in news {
                screen.line(&format!("{}  {note}", local_time::clock(Utc::now(), zone)));
            }
        }
        let now = (broadcast.status, broadcast.attempts);
        if last != Some(now) {
            if json {
                let line = serde_json::to_string(&broadcast)
                    .map_err(|error| CliError::internal(format!("cannot write JSON: {error}")))?;
                screen.line(&line);
            } else {
                screen.line(&passed(
                    &broadcast,
                    last.map(|(_, attempts)| attempts),
                    zone,
                ));
            }
            last = Some(now);
        }
        if broadcast.status.is_settled() {
            screen.clear();
            if !json {
                screen.line("");
                screen.line(&show::in_words(&broadcast, client, zone));
            }
            return Ok(ExitCode::from(verdict::exit_code(&broadcast)));
        }
        if !json {
            draw(&mut screen, &broadcast);
        }
        tokio::select! {
            () = tokio::time::sleep(pause(&broadcast, every(client))) => {}
            () = signals.next() => {
                screen.clear();
                eprintln!(
                    "The broadcast goes on. Look again with: {} show {id} --watch",
                    client.command()
                );
                return Ok(ExitCode::from(SIGINT));
            }
        }
    }
}

/// What the owner should know while there is time to set it right.
fn notes(broadcast: &BroadcastView) -> Vec<String> {
    let mut notes = Vec::new();
    if broadcast.status.is_settled() {
        return notes;
    }
    for destination in &broadcast.destinations {
        let name = &destination.name;
        if let Some(failure) = &destination.key_failure {
            notes.push(format!("{name}: its key was tried: {}", failure.message));
        }
        let backup = destination.backup.as_ref();
        if let Some(failure) = backup.and_then(|backup| backup.failure.as_ref()) {
            notes.push(format!("{name}: its backup was tried: {}", failure.message));
        }
    }
    notes
}

/// Which destinations went to their backups, or came back, since the last time.
fn moves(broadcast: &BroadcastView, on_backup: &mut OnBackup) -> Vec<String> {
    let progress = broadcast.progress.iter();
    progress
        .filter(|_| !broadcast.status.is_settled())
        .flat_map(|progress| &progress.destinations)
        .filter_map(|destination| on_backup.change(destination))
        .collect()
}

fn is_same_end(before: &BroadcastView, now: &BroadcastView) -> bool {
    let end = |broadcast: &BroadcastView| {
        let outcome = broadcast.outcome.as_ref();
        outcome.map(|outcome| outcome.settled_at)
    };
    now.status.is_settled() && end(before) == end(now)
}

/// When the first destination had its first media, and how far that was from the air time.
fn first_on_air(broadcast: &BroadcastView) -> Option<(DateTime<Utc>, Option<f64>)> {
    broadcast
        .progress
        .iter()
        .flat_map(|progress| &progress.destinations)
        .filter_map(|one| Some((one.on_air_at?, one.on_air_error_ms)))
        .min_by_key(|(at, _)| *at)
}

/// The line for a change of status.
fn passed(broadcast: &BroadcastView, attempts_before: Option<u32>, zone: Tz) -> String {
    let now = Utc::now();
    let on_air = first_on_air(broadcast).filter(|(at, _)| now - at < JUST_NOW);
    // The moment that everybody waits for is told as it was, not as it was noticed.
    let at = on_air
        .filter(|_| broadcast.status == Status::OnAir)
        .map_or(now, |(at, _)| at);
    let mut line = format!("{}  {}", local_time::clock(at, zone), broadcast.status);
    if broadcast.attempts > 1 && attempts_before.is_none_or(|before| before < broadcast.attempts) {
        line.push_str(&format!(" (attempt {})", broadcast.attempts));
    }
    match broadcast.status {
        Status::Scheduled => line.push_str(&format!(
            " for {}",
            local_time::with_zone(broadcast.air_time, zone)
        )),
        Status::OnAir => {
            if let Some((_, Some(error))) = on_air {
                line.push_str(&format!(" ({error:+.0} ms against the air time)"));
            }
        }
        Status::Interrupted => {
            let failure = broadcast
                .progress
                .iter()
                .flat_map(|progress| &progress.destinations)
                .find_map(|one| one.failure.as_ref());
            if let Some(failure) = failure {
                line.push_str(&format!(": {}", failure.message));
            }
        }
        Status::Starting
        | Status::Standby
        | Status::Aired
        | Status::Failed
        | Status::Cancelled
        | Status::Missed => {}
    }
    line
}

fn draw(screen: &mut Screen, broadcast: &BroadcastView) {
    let now = Utc::now();
    if let Some(late) = show::late(broadcast, now) {
        return screen.waiting(&late);
    }
    let until = |what: &str, at| format!("{what} {}", local_time::from_now(at, now));
    match (broadcast.status, &broadcast.progress) {
        (Status::OnAir | Status::Interrupted, Some(progress)) => {
            let since = (Utc::now() - progress.heartbeat)
                .to_std()
                .unwrap_or_default();
            let reported = Shown::of(progress.duration, &progress.destinations);
            screen.progress(&reported.after(since));
        }
        (Status::Scheduled, _) => screen.waiting(&until("starts", broadcast.start_time)),
        _ => screen.waiting(&until("on air", broadcast.air_time)),
    }
}

fn every(client: &Client) -> Duration {
    match client.deployment() {
        Some(_) => EVERY_AT_AWS,
        None => EVERY,
    }
}

fn pause(broadcast: &BroadcastView, every: Duration) -> Duration {
    let starts_in = (broadcast.start_time - Utc::now())
        .to_std()
        .unwrap_or_default();
    match broadcast.status {
        Status::Scheduled if starts_in > 2 * SELDOM => SELDOM,
        _ => every,
    }
}
