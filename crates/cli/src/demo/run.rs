//! Schedules the sample, watches it, and holds what was received against what was sent.

use std::process::ExitCode;

use api::{CreateRequest, DestinationRequest};
use broadcast::{FailureKind, SourceUrl, Status};
use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use streamer::media::{MovieOptions, Programme};

use super::{compare, report::Report, stage::Stage};
use crate::{args::Global, client::Client, error::CliError, local_time, screen::say, video, watch};

/// How far ahead the sample is scheduled: the lead, and time for the scheduler to take it.
const AHEAD: TimeDelta = TimeDelta::seconds(13);
/// How long before the air time the execution starts. The streamer publishes eight seconds before
/// it, so there is nothing to be won by more.
const LEAD_SECONDS: u64 = 8;

/// Show a whole broadcast on this machine, with a sample video and an ingest of its own
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee demo
  matinee demo --json | tail -n 1 | jq .received_error_ms

It needs nothing and leaves nothing but a recording. Exit code 0 if what was received is what was
sent, byte for byte.")]
pub(crate) struct Args {
    /// Print a line of JSON at each change of status and the comparison at the end
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let stage = Stage::set().await?;
    let result = play(&stage, args.json, global).await;
    stage.strike().await;
    result
}

async fn play(stage: &Stage, json: bool, global: &Global) -> Result<ExitCode, CliError> {
    let zone = global.zone()?;
    let source =
        SourceUrl::file(&stage.video).map_err(|error| CliError::internal(error.to_string()))?;
    let programme = Programme::plain(video::movie(&source, &MovieOptions::default()).await?);
    let client = Client::open(stage.region.data_dir())?;
    let air_time = whole_second(Utc::now() + AHEAD);
    let request = CreateRequest {
        title: Some("The sample".to_owned()),
        source: source.into(),
        destinations: vec![DestinationRequest {
            ingest: Some(stage.ingest.url("live")),
            name: Some("rehearsal".to_owned()),
            ..DestinationRequest::with_key(stage.key.clone())
        }],
        air_time: Some(air_time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        time_zone: Some(zone.name().to_owned()),
        lead_seconds: Some(LEAD_SECONDS),
        ..CreateRequest::default()
    };
    let broadcast = client.create(&request).await?;
    if !json {
        say(format!(
            "A region is up at {}, an RTMP ingest at {}.",
            stage.region.endpoint(),
            stage.ingest.url("live"),
        ));
        say(format!(
            "{} ({:.0} s) is scheduled as {} for {}.\n",
            broadcast.title,
            programme.duration().as_secs_f64(),
            broadcast.id,
            local_time::with_zone(broadcast.air_time, zone),
        ));
    }
    let code = watch::watch(&client, &broadcast.id, zone, json).await?;
    let broadcast = client.show(&broadcast.id).await?;
    if !broadcast.status.is_settled() {
        // Ctrl-C.
        return Ok(code);
    }
    let received = compare::received(&stage.ingest);
    let difference = compare::difference(&compare::held(&programme).await?, &received);
    let publishes = stage.ingest.publishes();
    let shown = publishes.iter().filter(|publish| publish.packets() > 0);
    let report = Report::new(
        &broadcast,
        shown
            .clone()
            .filter_map(|publish| publish.first_media)
            .map(|first| first.wall)
            .min(),
        compare::sums(&received),
        difference,
        shown
            .filter_map(|publish| publish.recording.clone())
            .collect(),
    );
    if json {
        let line = serde_json::to_string(&report)
            .map_err(|error| CliError::internal(format!("cannot write JSON: {error}")))?;
        say(line);
    } else {
        say(format!("\n{}", report.table(zone)));
        for recording in &report.recordings {
            say(format!("Recording: {}", recording.display()));
        }
    }
    match (broadcast.status, report.difference) {
        (Status::Aired, None) => Ok(ExitCode::SUCCESS),
        (Status::Aired, Some(difference)) => Err(CliError::new(
            FailureKind::Internal,
            format!("what was received is not what was sent: {difference}"),
        )),
        _ => Ok(code),
    }
}

/// The next whole second: what people schedule for.
fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(0)
        .map_or(at, |second| second + TimeDelta::seconds(1))
}
