//! `matinee show`

use std::process::ExitCode;

use api::{BroadcastView, DestinationView};
use broadcast::{DestinationProgress, FailureKind, Progress, Status, Timestamps, when};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::{
    args::Global,
    client::Client,
    error::CliError,
    local_time,
    screen::{counted, say},
    watch,
};

/// Show a broadcast, or follow it until it is over
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  matinee show k3fz\n  matinee show 20261201-1930-k3fz --watch\n  \
    matinee show k3fz --json | jq .progress\n  matinee --aws show k3fz --watch\n\nWith --watch the exit code tells how it went: \
    0 aired, else that of the failure (docs/exit-codes.md)."
)]
pub(crate) struct Args {
    /// The broadcast: its id, or the beginning or end of it
    id: String,
    /// Follow it until it is over
    #[arg(long)]
    watch: bool,
    /// Print what the API answers; with --watch a line at each change of status
    #[arg(long)]
    json: bool,
}

/// It takes a moment until it is told that a show is on air.
const JUST_NOW: TimeDelta = TimeDelta::seconds(8);

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let zone = global.zone()?;
    let client = Client::of(global).await?;
    let id = client.resolve(&args.id).await?;
    if args.watch {
        return watch::watch(&client, &id, zone, args.json).await;
    }
    let broadcast = client.show(&id).await?;
    if args.json {
        print_json(&broadcast)?;
    } else {
        say(in_words(&broadcast, &client, zone));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints for programs.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::internal(format!("cannot write JSON: {error}")))?;
    say(text);
    Ok(())
}

/// A broadcast in some lines.
pub(crate) fn in_words(broadcast: &BroadcastView, client: &Client, zone: Tz) -> String {
    let mut lines = vec![
        format!("{}  {}", broadcast.id, broadcast.title),
        format!("  status      {}", broadcast.status),
        format!("  video       {}", broadcast.source),
        format!(
            "  air time    {}{}",
            local_time::with_zone(broadcast.air_time, zone),
            // The owner's own zone, where one looks on from elsewhere.
            if broadcast.time_zone == zone {
                String::new()
            } else {
                let there = local_time::with_zone(broadcast.air_time, broadcast.time_zone);
                format!(" = {there}")
            }
        ),
    ];
    lines.extend(arranged(broadcast).map(|text| format!("  programme   {text}")));
    let now = Utc::now();
    match late(broadcast, now) {
        Some(late) => lines.push(format!("  late        {late}")),
        None if broadcast.attempts == 0 && !broadcast.status.is_settled() => {
            lines.push(format!(
                "  starts      {} ({})",
                local_time::plain(broadcast.start_time, zone),
                local_time::from_now(broadcast.start_time, now)
            ));
        }
        None => {}
    }
    if broadcast.attempts > 0 {
        lines.push(format!("  attempts    {}", broadcast.attempts));
    }
    for destination in &broadcast.destinations {
        lines.push(format!(
            "  to          {}  {}{}",
            destination.name,
            destination.ingest,
            ways(destination)
        ));
        let refused = destination.key_failure.as_ref();
        lines.extend(refused.map(|failure| {
            let mut line = format!("              its key was tried: {}", failure.message);
            let is_its_own = matches!(
                failure.kind,
                FailureKind::TokenRejected | FailureKind::BadRequest
            );
            if is_its_own {
                line.push_str(&format!(
                    "; to replace it: {} key set {} {}",
                    client.command(),
                    broadcast.id,
                    destination.name
                ));
            }
            line
        }));
        if let Some(backup) = &destination.backup {
            lines.push(format!(
                "              backup {} after {}",
                backup.ingest,
                span(backup.after_seconds)
            ));
            let bad = backup.failure.as_ref();
            lines.extend(
                bad.map(|failure| {
                    format!("              the backup was tried: {}", failure.message)
                }),
            );
        }
        let progress = progress_of(broadcast, &destination.name);
        lines.extend(progress.map(|progress| format!("              {}", came(progress))));
    }
    if let Some(outcome) = &broadcast.outcome {
        if let Some(error) = outcome.on_air_error_ms {
            lines.push(format!("  on air      {error:+.0} ms against the air time"));
        }
        if let Some(failure) = &outcome.failure {
            lines.push(match broadcast.status {
                Status::Cancelled => format!("  reason      {}", failure.message),
                _ => format!("  reason      {}: {}", failure.kind, failure.message),
            });
        }
    }
    let link = client
        .deployment()
        .filter(|_| broadcast.attempts > 0)
        .and_then(|deployment| deployment.execution_link(&broadcast.id));
    lines.extend(link.map(|link| format!("  workflow    {link}")));
    if broadcast.retryable {
        lines.push(format!(
            "  next        {} retry {}",
            client.command(),
            broadcast.id
        ));
    }
    lines.join("\n")
}

/// That the air time is past and the show is not on air yet: its keys are refused, mostly.
pub(crate) fn late(broadcast: &BroadcastView, now: DateTime<Utc>) -> Option<String> {
    let progress = broadcast.progress.as_ref();
    let has_been_on_air = progress.is_some_and(Progress::has_been_on_air);
    match broadcast.status {
        Status::Scheduled | Status::Starting | Status::Standby if !has_been_on_air => {
            let late = now - broadcast.air_time;
            (late >= JUST_NOW).then(|| {
                format!(
                    "the air time was {} ago, and it is not on air yet",
                    when::span_in_words(late)
                )
            })
        }
        _ => None,
    }
}

/// What is sent beside the video, and which of its sounds; nothing to tell of a video as it is.
fn arranged(broadcast: &BroadcastView) -> Option<String> {
    let held = |what, seconds| (seconds > 0).then(|| format!("{what} {}", span(seconds)));
    let parts: Vec<String> = [
        held("head", broadcast.head_seconds),
        held("tail", broadcast.tail_seconds),
        broadcast
            .audio_track
            .map(|number| format!("sound track {number}")),
        broadcast
            .silence
            .then(|| "silence where there is no sound".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// In which ways a destination is sent to that are not the usual ones.
fn ways(destination: &DestinationView) -> String {
    let restarts = destination.timestamps == Timestamps::RestartAtZero;
    let ways: Vec<&str> = [
        restarts.then_some("timestamps restart at zero"),
        destination.enhanced.then_some("takes HEVC and AV1"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match ways.is_empty() {
        true => String::new(),
        false => format!("  ({})", ways.join(", ")),
    }
}

fn span(seconds: u64) -> String {
    when::span_in_words(TimeDelta::seconds(
        i64::try_from(seconds).unwrap_or(i64::MAX / 1_000),
    ))
}

/// What is last known of a destination.
fn progress_of<'a>(broadcast: &'a BroadcastView, name: &str) -> Option<&'a DestinationProgress> {
    let outcome = broadcast.outcome.iter().flat_map(|it| &it.destinations);
    let progress = broadcast.progress.iter().flat_map(|it| &it.destinations);
    outcome.chain(progress).find(|one| one.name == name)
}

/// How far a destination came, in one line.
pub(crate) fn came(progress: &DestinationProgress) -> String {
    let mut text = format!(
        "at {}, {} video and {} audio frames, {:.1} MB, {}",
        progress.position,
        progress.video_frames,
        progress.audio_frames,
        progress.bytes as f64 / 1e6,
        counted(progress.reconnects as usize, "reconnect")
    );
    if progress.finished {
        text.insert_str(0, "to its end, ");
    }
    if progress.on_backup {
        text.push_str(", on the backup");
    }
    if let Some(failure) = &progress.failure {
        text.push_str(&format!("; {}: {}", failure.kind, failure.message));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is told this many seconds after the air time.
    #[track_caller]
    fn check(status: &str, seconds: i64, on_air_at: Option<&str>, expected: Option<&str>) {
        let air_time: DateTime<Utc> = "2026-12-01T19:30:00Z".parse().unwrap();
        let broadcast = json!({
            "id": "20261201-1930-abcd", "title": "A talk", "source": "/talk.mp4",
            "destinations": [], "air_time": air_time, "time_zone": "UTC",
            "start_time": "2026-12-01T19:26:00Z", "lead_seconds": 240, "on_drop": "resume",
            "status": status, "attempts": 0, "retryable": false, "created_at": air_time,
            "progress": {
                "attempt": 1, "phase": "opening", "duration": 5, "heartbeat": air_time,
                "destinations": [{
                    "name": "main", "connected": false, "finished": false, "position": 1,
                    "bytes": 2, "video_frames": 1, "audio_frames": 1, "bitrate": 3,
                    "reconnects": 0, "on_backup": false, "on_air_at": on_air_at,
                }],
            },
        });
        let broadcast: BroadcastView = serde_json::from_value(broadcast).unwrap();
        let found = late(&broadcast, air_time + TimeDelta::seconds(seconds));
        assert_eq!(found.as_deref(), expected, "{status}");
    }

    #[test]
    fn one_that_should_be_on_air_is_late() {
        let late = Some("the air time was 1 min 30 s ago, and it is not on air yet");
        check("scheduled", -60, None, None);
        check("scheduled", 2, None, None);
        check("scheduled", 90, None, late);
        check("starting", 90, None, late);
        check("standby", 90, Some("2026-12-01T19:30:00Z"), None);
        check("on_air", 90, None, None);
        check("failed", 90, None, None);
    }
}
