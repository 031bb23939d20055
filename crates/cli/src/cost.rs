//! `matinee cost`

use std::{process::ExitCode, time::Duration};

use broadcast::SourceUrl;
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use cost::{Archive, Archived, Bill, FreeTier, Origin, PriceList, Usage, bill, text};
use streamer::{
    address::AddressPolicy,
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::{error::CliError, schedule, screen::say, show, video};

/// Where prices are best known.
const HOME_REGION: &str = "us-east-1";

/// Print what shows cost on AWS, line by line: at list prices, nothing is asked of AWS
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee cost talk.mp4
  matinee cost talk.mp4 --shows 8 --destinations 2
  matinee cost --hours 8 --gb 20
  matinee cost --hours 1 --mbit 6 --shows 24 --no-free-tier
  matinee cost s3://videos/talk.mp4 --keep 365 --archive-after 30
  matinee cost talk.mp4 --json | jq .per_hour

What is counted and what is assumed: docs/costs.md")]
pub(crate) struct Args {
    /// A file, s3://bucket/key or https://…: its length and size count
    video: Option<String>,

    /// Instead of a video, the hours that it would be on air
    #[arg(long, value_name = "HOURS", value_parser = positive, conflicts_with = "video")]
    hours: Option<f64>,

    /// With --hours: the size of the file, in GB of 1,000,000,000 bytes
    #[arg(long, value_name = "GB", value_parser = positive, conflicts_with_all = ["video", "mbit"])]
    gb: Option<f64>,

    /// With --hours: the bit rate, in Mbit/s, sound included
    #[arg(long, value_name = "MBIT", value_parser = positive, conflicts_with = "video")]
    mbit: Option<f64>,

    /// Such shows in a month
    #[arg(long, value_name = "N", default_value_t = 1)]
    shows: u32,

    /// Ingests that each goes to
    #[arg(long, value_name = "N", default_value_t = 1)]
    destinations: u32,

    /// The AWS region [default: us-east-1]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// On Fargate Spot, at the smallest discount
    #[arg(long)]
    spot: bool,

    /// How long before the air time the streamer starts, as in 90s or 4m (at most 1h) [default: 4m]
    #[arg(long, value_name = "SPAN", value_parser = schedule::seconds)]
    lead: Option<u64>,

    /// Days for which a video is kept in S3
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    keep: u32,

    /// Days after which it is archived; a deployment does so after 30 [default: never]
    #[arg(long, value_name = "DAYS")]
    archive_after: Option<u32>,

    /// Where it is archived
    #[arg(
        long,
        value_enum,
        value_name = "CLASS",
        default_value = "glacier-instant",
        requires = "archive_after"
    )]
    archive_class: ArchiveClass,

    /// As if something else in the account used the free tiers up
    #[arg(long)]
    no_free_tier: bool,

    /// List trifles, too
    #[arg(long)]
    all: bool,

    /// Print the bill for programs
    #[arg(long)]
    json: bool,
}

/// Where a video is archived.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum ArchiveClass {
    /// From here it can be broadcast again at once.
    GlacierInstant,
    /// From here it takes hours and a request to have it back.
    DeepArchive,
}

/// Does it.
pub(crate) async fn run(args: Args) -> Result<ExitCode, CliError> {
    let list = PriceList::embedded().map_err(|error| CliError::internal(error.to_string()))?;
    let region = args.region.as_deref().unwrap_or(HOME_REGION);
    let prices = list
        .in_region(region)
        .map_err(|error| CliError::usage(format!("{error}; say one with --region")))?;
    let usage = usage(&args).await?;
    usage
        .validate()
        .map_err(|error| CliError::usage(error.to_string()))?;
    let (asked, other) = if args.no_free_tier {
        (FreeTier::Spent, FreeTier::Counted)
    } else {
        (FreeTier::Counted, FreeTier::Spent)
    };
    let asked = bill(&usage, &prices, asked);
    if args.json {
        show::print_json(&asked)?;
    } else {
        say(in_words(&asked, &bill(&usage, &prices, other), args.all));
    }
    Ok(ExitCode::SUCCESS)
}

async fn usage(args: &Args) -> Result<Usage, CliError> {
    let (duration, bytes, origin) = match &args.video {
        Some(video) => measure(&video::source(video)?).await?,
        None => imagine(args)?,
    };
    let lead = Duration::from_secs(args.lead.unwrap_or(broadcast::DEFAULT_LEAD.as_secs()));
    if lead > broadcast::MAX_LEAD {
        return Err(CliError::usage("the lead can be 1h at most"));
    }
    Ok(Usage {
        shows: args.shows,
        origin,
        destinations: args.destinations,
        lead,
        spot: args.spot,
        kept_days: args.keep,
        archive: args.archive_after.map(|after_days| Archive {
            after_days,
            class: args.archive_class.into(),
        }),
        ..Usage::one(duration, bytes)
    })
}

/// The length and the size of a video.
async fn measure(url: &SourceUrl) -> Result<(Duration, u64, Origin), CliError> {
    let options = SourceOptions {
        // It is the machine of the one who asks.
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    };
    let source = Source::open(url, options).await?;
    let bytes = source.length();
    let movie = Movie::open(source, &MovieOptions::default()).await?;
    let origin = match url {
        SourceUrl::File(_) => Origin::Upload,
        SourceUrl::S3 { .. } => Origin::S3,
        SourceUrl::Web(_) => Origin::Web,
    };
    Ok((movie.duration.to_duration(), bytes, origin))
}

/// What a video is said to be.
fn imagine(args: &Args) -> Result<(Duration, u64, Origin), CliError> {
    let Some(hours) = args.hours else {
        return Err(CliError::usage(
            "say what is broadcast: a VIDEO, or --hours with --gb or --mbit",
        ));
    };
    let seconds = hours * 3_600.0;
    let duration = Duration::try_from_secs_f64(seconds)
        .map_err(|_| CliError::usage("--hours is longer than any show"))?;
    let bytes = match (args.gb, args.mbit) {
        (Some(gigabytes), _) => gigabytes * 1e9,
        (None, Some(megabits)) => megabits * 1e6 / 8.0 * seconds,
        (None, None) => {
            return Err(CliError::usage(
                "--hours says how long the video is; say with --gb or --mbit how large",
            ));
        }
    };
    Ok((duration, bytes.round() as u64, Origin::Upload))
}

fn in_words(bill: &Bill, other: &Bill, all: bool) -> String {
    let usage = &bill.usage;
    let plural = |count: u32| if count == 1 { "" } else { "s" };
    let megabits = usage.video_bytes as f64 * 8e-6 / usage.duration.as_secs_f64();
    let otherwise = match other.free_tier {
        FreeTier::Counted => "With the account's free tiers",
        FreeTier::Spent => "Where something else uses up the account's free tiers",
    };
    format!(
        "{} show{} a month of {}, {} ({megabits:.1} Mbit/s), to {} destination{}\n\n{}\n\n\
         {} for an hour on air, all in.\n\
         {otherwise}: {}, {} an hour.\n\
         List prices of {} in {}, in US dollars. Here a GB is 2^30 bytes.",
        usage.shows,
        plural(usage.shows),
        text::length(usage.duration),
        text::size(usage.video_bytes),
        usage.destinations,
        plural(usage.destinations),
        table(bill, all),
        text::about(bill.per_hour),
        text::about(other.total),
        text::about(other.per_hour),
        bill.price_list,
        bill.region,
    )
}

fn table(bill: &Bill, all: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["ITEM", "QUANTITY", "PRICE", "AMOUNT"]);
    for row in text::rows(bill, all) {
        table.add_row([row.label, row.quantity, row.price, row.amount]);
    }
    for (label, amount) in [
        ("The shows", bill.shows),
        ("The deployment, shows or not", bill.deployment),
        ("Total", bill.total),
    ] {
        table.add_row([label, "", "", &text::dollars(amount)]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

impl From<ArchiveClass> for Archived {
    fn from(class: ArchiveClass) -> Self {
        match class {
            ArchiveClass::GlacierInstant => Self::GlacierInstant,
            ArchiveClass::DeepArchive => Self::DeepArchive,
        }
    }
}

/// A number above nothing.
fn positive(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| "it has to be a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use broadcast::Broadcast;
    use cost::measures;
    use serde_json::{Value, json};

    use super::*;

    fn usage_of(hours: f64, shows: u32) -> Usage {
        Usage {
            shows,
            ..Usage::one(Duration::from_secs_f64(hours * 3_600.0), 2_500_000_000)
        }
    }

    #[test]
    fn it_fits_a_terminal() {
        let list = PriceList::embedded().unwrap();
        let prices = list.in_region(HOME_REGION).unwrap();
        for usage in [usage_of(1.0, 1), usage_of(8.0, 1_000)] {
            for free in [FreeTier::Counted, FreeTier::Spent] {
                let bill = bill(&usage, &prices, free);
                for line in in_words(&bill, &bill, true).lines() {
                    assert!(line.trim_end().chars().count() <= 80, "{line}");
                }
            }
        }
    }

    /// What a broadcast takes in the table, at most: JSON has more around each value than DynamoDB
    /// counts, except for the keys of table and index.
    fn item_bytes(destinations: usize) -> usize {
        let id = "20261201-1930-abcd";
        let name = |i: usize| format!("youtube-backup-{i}");
        let broadcast: Broadcast = serde_json::from_value(json!({
            "id": id,
            "title": "The evening talk, first part: how it began (rehearsed).mp4",
            "source": "s3://matinee-videos-123456789012-us-east-1/videos/0123456789abcdef/\
                       the-evening-talk-first-part.mp4",
            "destinations": (0..destinations).map(|i| json!({
                "name": name(i),
                "platform": "youtube",
                "ingest": "rtmps://b.rtmps.youtube.com/live2",
                "key_parameter": format!("/matinee/{id}/{}", name(i)),
                "probe": "publish",
            })).collect::<Vec<Value>>(),
            "air_time": "2026-12-01T19:30:00Z",
            "time_zone": "America/Argentina/ComodRivadavia",
            "lead_seconds": 240,
            "status": "on_air",
            "attempts": 1,
            "created_at": "2026-11-23T12:00:00.123456789Z",
            "progress": {
                "attempt": 1,
                "phase": "on_air",
                "duration": 28_800_000_000_i64,
                "heartbeat": "2026-12-01T19:30:00.123456789Z",
                "destinations": (0..destinations).map(|i| json!({
                    "name": name(i),
                    "connected": true,
                    "finished": false,
                    "position": 28_799_999_999_i64,
                    "video_frames": 864_000,
                    "audio_frames": 1_350_000,
                    "bytes": 21_600_000_000_u64,
                    "bitrate": 6_123_456,
                    "reconnects": 12,
                    "on_air_error_ms": 4.123_456_789,
                    "on_air_at": "2026-12-01T19:30:00.004123456Z",
                })).collect::<Vec<Value>>(),
            },
        }))
        .unwrap();
        let keys = "PKBROADCAST#SKBROADCASTGSI1PKMONTH#2026-12GSI1SK#expires_at1234567890streamer";
        let streamer = 36 + 24 + 2 * id.len();
        serde_json::to_string(&broadcast).unwrap().len() + keys.len() + streamer
    }

    #[test]
    fn a_broadcast_is_as_large_as_the_bill_says() {
        for destinations in [1, 2, 5] {
            let said = measures::ITEM_BYTES as usize
                + destinations * measures::ITEM_BYTES_PER_DESTINATION as usize;
            let is = item_bytes(destinations);
            assert!(is <= said && said <= is * 5 / 4, "{is} bytes, not {said}");
        }
    }

    #[test]
    fn the_lead_is_the_usual_one() {
        assert_eq!(measures::LEAD, broadcast::DEFAULT_LEAD);
    }
}
