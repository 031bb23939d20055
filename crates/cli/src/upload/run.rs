//! `matinee upload`

use std::process::ExitCode;

use broadcast::SourceUrl;
use serde::Serialize;
use streamer::media::{Arrangement, MovieOptions};

use super::{Sent, send};
use crate::{
    args::Global,
    check::{Before, CheckArgs, before},
    client::Client,
    error::CliError,
    screen::say,
    show, video,
};

/// Upload a video to the bucket of a deployment on AWS, and print its s3:// address
///
/// It is sent in parts and goes on where it was: after Ctrl-C, a lost connection or a crash, give
/// the same command again. A video that is in the bucket is not sent again.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee --aws upload talk.mp4
  video=$(matinee --aws upload talk.mp4) && matinee --aws schedule \"$video\" --to facebook --at \"sunday 19:30\"
  matinee --aws --profile work --region eu-west-1 upload talk.mp4 --json | jq -r .source

`matinee --aws schedule talk.mp4 …` does this too, so it is needed only to have the video there \
ahead of time. Exit code 75 if it was stopped.")]
pub(crate) struct Args {
    /// A file (MP4 or MOV with H.264, HEVC or AV1, and AAC)
    video: String,

    /// Print what became of it as JSON: the address, the bytes in it and the bytes sent now
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Printed {
    source: SourceUrl,
    bytes: u64,
    sent: u64,
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    if !global.aws.are_given() {
        return Err(CliError::usage(
            "upload is for a deployment on AWS: say --aws; on one machine a video is read where \
             it is",
        ));
    }
    let source = video::source(&args.video)?;
    let SourceUrl::File(path) = &source else {
        return Err(CliError::usage(
            "only a file of this machine is uploaded; s3:// and https:// are scheduled as they are",
        ));
    };
    let client = Client::of(global).await?;
    let Some(deployment) = client.deployment() else {
        return Err(CliError::internal("there is no deployment".to_owned()));
    };
    let movie = video::movie(&source, &MovieOptions::default()).await?;
    let show = Before {
        video: &args.video,
        destinations: &[],
        arrangement: Arrangement::default(),
        begins: None,
    };
    // Where it will go is not known yet.
    before(&movie, show, CheckArgs { force: true }).await?;
    let Sent {
        source,
        bytes,
        sent,
    } = send(deployment, path, None).await?;
    if args.json {
        show::print_json(&Printed {
            source,
            bytes,
            sent,
        })?;
    } else {
        say(String::from(source));
    }
    Ok(ExitCode::SUCCESS)
}
