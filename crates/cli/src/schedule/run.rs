//! Checks what can be checked here, asks for the keys, uploads what has to be uploaded, and hands
//! the rest to the API.

use std::process::ExitCode;

use api::{BackupRequest, BroadcastView, CreateRequest, DestinationRequest};
use broadcast::SourceUrl;
use chrono::{SecondsFormat, Utc};
use chrono_tz::Tz;
use streamer::media::Programme;

use super::Args;
use crate::{
    args::Global,
    check::{Before, before, tell},
    client::Client,
    destination,
    error::CliError,
    local_time,
    screen::say,
    show,
    stream_keys::refuse_surplus,
    upload, video, watch,
};

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    args.keys.refuse_key()?;
    refuse_surplus(&args.surplus)?;
    let zone = global.zone()?;
    // Refused before a key is asked for.
    let air_time = args.twice.resolve(&args.at, zone, Utc::now())?;
    let mut destinations = destination::named(&args.to)?;
    args.delivery.apply(&mut destinations)?;
    let mut source = video::source(&args.video)?;
    let client = Client::of(global).await?;
    let mut told = Vec::new();
    if let SourceUrl::File(_) = source {
        // Before a key is asked for and anything is uploaded. What lies elsewhere, the API checks.
        let movie = video::movie(&source, &args.arrangement.movie_options()).await?;
        let show = Before {
            video: &args.video,
            destinations: &destinations,
            arrangement: args.arrangement.arrangement(),
            // A file is there at any time.
            begins: None,
        };
        told = before(&movie, show, args.check).await?;
        Programme::new(movie, args.arrangement.arrangement()).await?;
    }
    for warning in destination::warnings(&destinations) {
        eprintln!("warning: {warning}");
    }
    if client.deployment().is_some() {
        // Whoever may not schedule hears of it before a key is asked for and anything is uploaded.
        client.list(Utc::now()).await?;
    }
    let names: Vec<&str> = destinations.iter().map(|one| &*one.name).collect();
    // Before the upload: nobody waits at a prompt that comes after twenty minutes.
    let keys = args.keys.read(&names)?;
    let mut uploaded = None;
    if let (Some(deployment), SourceUrl::File(path)) = (client.deployment(), &source) {
        source = upload::send(deployment, path, air_time).await?.source;
        uploaded = Some(String::from(source.clone()));
    }
    // To type keys and to upload takes its time, and `+10m` is ten minutes from when all is said.
    let air_time = args
        .twice
        .resolve(&args.at, zone, Utc::now())
        .map_err(|error| after_upload(error, uploaded.as_deref()))?;
    let probe = args.probe.map(Into::into);
    let request = CreateRequest {
        title: args.title,
        source: source.into(),
        destinations: destinations
            .into_iter()
            .zip(keys)
            .map(|(destination, key)| DestinationRequest {
                platform: Some(destination.platform.name().to_owned()),
                ingest: Some(destination.ingest.as_str().to_owned()),
                name: Some(destination.name),
                key,
                probe,
                backup: destination.backup.map(|backup| BackupRequest {
                    ingest: backup.ingest.into(),
                    after_seconds: Some(backup.after_seconds),
                }),
                // What is as it is by default is left out: an API that is older takes it.
                timestamps: (destination.timestamps != destination.platform.timestamps())
                    .then_some(destination.timestamps),
                enhanced: destination.enhanced.then_some(true),
            })
            .collect(),
        air_time: air_time.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        time_zone: Some(zone.name().to_owned()),
        lead_seconds: args.lead,
        on_drop: Some(args.on_drop.into()),
        spot: args.spot.then_some(true),
        audio_track: args.arrangement.audio_track,
        silence: args.arrangement.silence.then_some(true),
        head_seconds: args.arrangement.head,
        tail_seconds: args.arrangement.tail,
        force: args.check.force.then_some(true),
    };
    let broadcast = client
        .create(&request)
        .await
        .map_err(|error| after_upload(error, uploaded.as_deref()))?;
    tell(&broadcast.findings, &told);
    match (args.json, args.watch) {
        (true, false) => show::print_json(&broadcast)?,
        (true, true) => {}
        (false, _) => say(scheduled(&broadcast, &client, zone, args.watch)),
    }
    if args.watch {
        return watch::watch(&client, &broadcast.id, zone, args.json).await;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was uploaded is not lost.
fn after_upload(error: CliError, uploaded: Option<&str>) -> CliError {
    match uploaded {
        Some(source) => error.and(&format!(
            "the video is uploaded as {source}; the same command does not upload it again"
        )),
        None => error,
    }
}

fn scheduled(broadcast: &BroadcastView, client: &Client, zone: Tz, watched: bool) -> String {
    let id = &broadcast.id;
    let names: Vec<&str> = broadcast
        .destinations
        .iter()
        .map(|one| &*one.name)
        .collect();
    let now = Utc::now();
    let mut text = format!(
        "Scheduled {id}: {} to {}\n  on air {} ({}); the streamer starts {}",
        broadcast.title,
        names.join(", "),
        local_time::with_zone(broadcast.air_time, zone),
        local_time::from_now(broadcast.air_time, now),
        local_time::from_now(broadcast.start_time, now),
    );
    let link = client
        .deployment()
        .and_then(|deployment| deployment.execution_link(id));
    if let Some(link) = link {
        text.push_str(&format!("\n  from then on its workflow is at {link}"));
    }
    if !watched {
        text.push_str(match client.deployment() {
            Some(_) => "\n  ",
            None => "\n  `matinee up` must run then. ",
        });
        text.push_str(&format!(
            "Follow it with: {} show {id} --watch",
            client.command()
        ));
    }
    text
}
