//! `matinee check`: opens a video, judges it, says what is wrong with it.

use std::{process::ExitCode, time::Duration};

use broadcast::{FailureKind, Platform};
use clap::ValueEnum;
use streamer::{
    check::{CheckOptions, check},
    source::Source,
};

use super::shown;
use crate::{
    args::Global, arrangement::ArrangementArgs, aws, error::CliError, screen::say, show, video,
};

/// Check a video before the show: what the platforms refuse, what will look wrong, and the ffmpeg
/// command that mends it
///
/// Reads the index and a few samples, a few megabytes of an hour. Nothing is sent to anyone.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee check talk.mp4
  matinee check talk.mp4 --for facebook --for youtube
  matinee check s3://videos/talk.mp4 --for twitch
  matinee --aws --profile work check s3://videos/talk.mp4
  matinee check talk.mov --json | jq -r '.findings[] | select(.severity == \"error\") | .what'

Exit code: 0 without errors, whatever the warnings; 64 when it is asked for wrongly, as with a
sound track that is not there; 65 with errors; 66 or 74 when the video cannot be read. All limits, with where they are from: docs/preflight.md")]
pub(crate) struct Args {
    /// A file, s3://bucket/key or https://…
    video: String,

    /// For whom: what it publishes as its limits counts. Custom is what every ingest needs
    /// [default: all of them]
    #[arg(long = "for", value_enum, value_name = "PLATFORM")]
    platforms: Vec<PlatformArg>,

    #[command(flatten)]
    arrangement: ArrangementArgs,

    /// The custom ingest takes HEVC and AV1 (Enhanced RTMP)
    #[arg(long)]
    enhanced: bool,

    /// Print the whole report for programs
    #[arg(long)]
    json: bool,
}

/// For whom a video is checked.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum PlatformArg {
    Facebook,
    Youtube,
    Twitch,
    Custom,
}

/// Nothing is on air: whoever waits for a report wants to hear soon that a server is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let url = video::source(&args.video)?;
    let mut options = video::source_options();
    options.opening.give_up_after = PATIENCE;
    options.retry.give_up_after = PATIENCE;
    if global.aws.are_given() {
        options.aws = Some(aws::configuration(&global.aws).await);
    }
    let source = Source::open(&url, options).await?;
    let platforms: Vec<Platform> = args.platforms.into_iter().map(Into::into).collect();
    let options = CheckOptions {
        audio_track: args.arrangement.audio_track,
        arrangement: args.arrangement.arrangement(),
        enhanced: args.enhanced,
        // As it was typed: the command is given where this one was.
        name: (!args.video.contains("://")).then(|| args.video.clone()),
        begins: None,
    };
    let report = check(source, &options, &platforms).await?;
    if args.json {
        show::print_json(&report)?;
    } else {
        say(shown::report(&report));
    }
    Ok(match report.has_errors() {
        true => ExitCode::from(FailureKind::UnsupportedMedia.exit_code()),
        false => ExitCode::SUCCESS,
    })
}

impl From<PlatformArg> for Platform {
    fn from(arg: PlatformArg) -> Self {
        match arg {
            PlatformArg::Facebook => Self::Facebook,
            PlatformArg::Youtube => Self::Youtube,
            PlatformArg::Twitch => Self::Twitch,
            PlatformArg::Custom => Self::Custom,
        }
    }
}
