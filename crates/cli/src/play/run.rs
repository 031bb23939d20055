//! Opens the video, asks for the keys, and runs the show in this process.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use broadcast::Failure;
use chrono::{DateTime, Utc};
use serde_json::json;
use streamer::{
    address::AddressPolicy,
    ingest::DialPolicy,
    media::Programme,
    show::{self, Codecs, Show, ShowDestination, Summary, Update},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lines::Narrator;
use crate::{
    args::Global,
    arrangement::ArrangementArgs,
    check::{Before, CheckArgs, before},
    delivery::DeliveryArgs,
    destination,
    error::CliError,
    schedule::{OnDropArg, TwiceArgs, seconds},
    show as shown,
    signals::Signals,
    stream_keys::{KeyArgs, refuse_surplus},
    video,
};

/// The exit code of a process that was interrupted by Ctrl-C, by convention.
const SIGINT: u8 = 130;
/// Play a video to its destinations from here: no `matinee up`, no retries once it ended
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee play talk.mp4 --to rtmp://127.0.0.1:1935/live
  matinee play talk.mp4 --to facebook --to youtube --at \"today 19:30\"
  matinee play talk.mp4 --to twitch < twitch.key
  matinee play talk.mp4 --to youtube --backup youtube --head 15s --tail 15s
  matinee play talk.mp4 --to rtmps://ingest.lan/live --ingest-ca-file ca.pem --enhanced

Ctrl-C ends the show cleanly. The exit code tells how it went: 0 when it reached its end at \
one destination at least, else docs/exit-codes.md.")]
pub(crate) struct Args {
    /// A file, s3://bucket/key or https://… (MP4 or MOV with H.264 and AAC; HEVC or AV1 for those
    /// who take it)
    video: String,

    /// Refused with the reason: mostly a stream key.
    #[arg(hide = true, num_args = 0..)]
    surplus: Vec<String>,

    /// facebook, youtube, twitch, or an address like rtmps://host/app without the key; NAME=… gives
    /// it a name. Several make one show on all of them
    #[arg(long = "to", value_name = "DEST", required = true)]
    to: Vec<String>,

    /// The air time, as in `matinee schedule`
    #[arg(long, value_name = "WHEN", default_value = "now")]
    at: String,

    #[command(flatten)]
    twice: TwiceArgs,

    #[command(flatten)]
    keys: KeyArgs,

    /// After a lost connection: resume where it was, or skip what was lost and keep to the clock
    #[arg(long, value_enum, value_name = "POLICY", default_value = "resume")]
    on_drop: OnDropArg,

    #[command(flatten)]
    arrangement: ArrangementArgs,

    #[command(flatten)]
    delivery: DeliveryArgs,

    #[command(flatten)]
    check: CheckArgs,

    /// How long after the air time an ingest may be away before it is given up, as in 30s
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = seconds)]
    patience: u64,

    /// Certificates (PEM) to trust for ingests of your own, beside those that the system trusts
    #[arg(long, env = "INGEST_CA_FILE", value_name = "FILE")]
    ingest_ca_file: Option<PathBuf>,

    /// Print how it went as JSON when it is over, and nothing before
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    args.keys.refuse_key()?;
    refuse_surplus(&args.surplus)?;
    let zone = global.zone()?;
    // Refused before a key is asked for.
    let begins = args.twice.resolve(&args.at, zone, Utc::now())?;
    let mut destinations = destination::named(&args.to)?;
    args.delivery.apply(&mut destinations)?;
    if let Some(after) = args.delivery.backup_after
        && after >= args.patience
    {
        return Err(CliError::usage(format!(
            "--backup-after {after}s comes when the ingest is given up already (--patience {}s); \
             make it shorter, or the patience longer",
            args.patience
        )));
    }
    let dial = DialPolicy {
        ca_file: args.ingest_ca_file,
        ..DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    };
    dial.check_certificates()?;
    let source = video::source(&args.video)?;
    let movie = video::movie(&source, &args.arrangement.movie_options()).await?;
    let show = Before {
        video: &args.video,
        destinations: &destinations,
        arrangement: args.arrangement.arrangement(),
        begins: Some(begins.unwrap_or_else(Utc::now)),
    };
    before(&movie, show, args.check).await?;
    for warning in destination::warnings(&destinations) {
        eprintln!("warning: {warning}");
    }
    let programme = Programme::new(movie, args.arrangement.arrangement()).await?;
    let names: Vec<&str> = destinations.iter().map(|one| &*one.name).collect();
    let keys = args.keys.read(&names)?;
    // To type keys takes its time, and `+10m` is ten minutes from when all is said.
    let air_time = args.twice.resolve(&args.at, zone, Utc::now())?;
    let destinations = destinations
        .into_iter()
        .zip(keys)
        .map(|(to, key)| ShowDestination {
            backup: to.backup,
            timestamps: to.timestamps,
            codecs: Codecs::of(to.platform, to.enhanced),
            ..ShowDestination::new(to.name, to.ingest, key)
        })
        .collect();
    let air_time = air_time.unwrap_or_else(Utc::now);
    let show = Show {
        on_drop: args.on_drop.into(),
        patience: Duration::from_secs(args.patience),
        ..Show::new(programme, destinations, air_time, dial)
    };
    let mut narrator = Narrator::new(zone, args.json);
    let (result, last) = follow(show, air_time, &mut narrator).await?;
    narrator.end(&last);
    if args.json {
        shown::print_json(&json!({
            "duration": last.duration,
            "destinations": last.destinations,
        }))?;
    }
    result?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the show and tells of it; the first Ctrl-C ends the show, the second the process.
async fn follow(
    show: Show,
    air_time: DateTime<Utc>,
    narrator: &mut Narrator,
) -> Result<(Result<Summary, Failure>, Update), CliError> {
    let (updates, mut seen) = watch::channel(Update::default());
    let stop = CancellationToken::new();
    let mut signals = Signals::new()?;
    let mut playing = tokio::spawn(show::run(show, updates, stop.clone()));
    loop {
        tokio::select! {
            ended = &mut playing => {
                let result = ended
                    .map_err(|error| CliError::internal(format!("the show broke off: {error}")))?;
                let last = seen.borrow_and_update().clone();
                return Ok((result, last));
            }
            Ok(()) = seen.changed() => {
                let update = seen.borrow_and_update().clone();
                narrator.update(&update, air_time);
            }
            () = signals.next() => {
                if stop.is_cancelled() {
                    std::process::exit(i32::from(SIGINT));
                }
                stop.cancel();
                narrator.say("ending the show");
            }
        }
    }
}
