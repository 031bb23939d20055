//! Checks what can be checked here, asks for the keys, and hands the rest to the API.

use std::process::ExitCode;

use api::{BroadcastView, CreateRequest, DestinationRequest};
use broadcast::SourceUrl;
use chrono::{SecondsFormat, Utc};
use chrono_tz::Tz;

use super::Args;
use crate::{
    args::Global, client::Client, destination, error::CliError, local_time, screen::say, show,
    video, watch,
};

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    args.keys.refuse_key()?;
    let zone = global.zone()?;
    // Refused before a key is asked for.
    args.twice.resolve(&args.at, zone, Utc::now())?;
    let destinations = destination::named(&args.to)?;
    let source = video::source(&args.video)?;
    let client = Client::open(&global.data_dir()?)?;
    if let SourceUrl::File(_) = source {
        // What lies elsewhere may not be there yet; a file that is bad now stays bad.
        for warning in video::open(&source).await?.warnings {
            eprintln!("warning: {warning}");
        }
    }
    for warning in destination::warnings(&destinations) {
        eprintln!("warning: {warning}");
    }
    let names: Vec<&str> = destinations.iter().map(|one| &*one.name).collect();
    let keys = args.keys.read(&names)?;
    // To type keys takes its time, and `+10m` is ten minutes from when all is said.
    let air_time = args.twice.resolve(&args.at, zone, Utc::now())?;
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
            })
            .collect(),
        air_time: air_time.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        time_zone: Some(zone.name().to_owned()),
        lead_seconds: args.lead,
        on_drop: Some(args.on_drop.into()),
        spot: None,
    };
    let broadcast = client.create(&request).await?;
    match (args.json, args.watch) {
        (true, false) => show::print_json(&broadcast)?,
        (true, true) => {}
        (false, _) => say(scheduled(&broadcast, zone, args.watch)),
    }
    if args.watch {
        return watch::watch(&client, &broadcast.id, zone, args.json).await;
    }
    Ok(ExitCode::SUCCESS)
}

fn scheduled(broadcast: &BroadcastView, zone: Tz, watched: bool) -> String {
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
    if !watched {
        text.push_str(&format!(
            "\n  `matinee up` must run then. Follow it with: matinee show {id} --watch"
        ));
    }
    text
}
