//! The options of `matinee schedule`, some of which `matinee play` has too.

use broadcast::{
    MAX_LEAD, OnDrop, Probe,
    when::{self, Ambiguity},
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::ValueEnum;

use crate::{
    arrangement::ArrangementArgs, check::CheckArgs, delivery::DeliveryArgs, error::CliError,
    stream_keys::KeyArgs,
};

/// Schedule a video: it goes live at the air time, on the second
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  matinee schedule talk.mp4 --to facebook --at \"today 19:30\"
  matinee schedule talk.mp4 --to facebook --to youtube --at \"2026-12-01 19:30\" --tz Europe/London
  matinee schedule s3://videos/talk.mp4 --to main=rtmps://ingest.example/live --at +1h30m --watch
  matinee schedule talk.mp4 --to twitch --at now < twitch.key
  matinee schedule talk.mp4 --to youtube --backup youtube --at \"today 19:30\" --head 15s --tail 15s
  matinee schedule mute.mp4 --to facebook --at \"today 19:30\" --silence
  matinee --aws schedule talk.mp4 --to facebook --at \"sunday 19:30\" --spot

You are asked for each stream key without echo; see --key-file for other ways. Never put a key \
into the command line.

With --aws a file is uploaded first, in parts; if that is interrupted, the same command goes on \
where it was.")]
pub(crate) struct Args {
    /// A file, s3://bucket/key or https://… (MP4 or MOV with H.264 and AAC; HEVC or AV1 for those
    /// who take it)
    pub(super) video: String,

    /// Refused with the reason: mostly a stream key.
    #[arg(hide = true, num_args = 0..)]
    pub(super) surplus: Vec<String>,

    /// facebook, youtube, twitch, or an address like rtmps://host/app without the key; NAME=… gives
    /// it a name. Several make one show on all of them
    #[arg(long = "to", value_name = "DEST", required = true)]
    pub(super) to: Vec<String>,

    /// The air time: "2026-12-01 19:30", "today 19:30", "sunday 19:30", 19:30, +10m, now, or with
    /// its offset 2026-12-01T19:30:00+01:00
    #[arg(long, value_name = "WHEN")]
    pub(super) at: String,

    #[command(flatten)]
    pub(super) twice: TwiceArgs,

    /// What people call it [default: the file's name]
    #[arg(long)]
    pub(super) title: Option<String>,

    /// How long before the air time the streamer starts, as in 90s or 4m (at most 1h) [default: 4m]
    #[arg(long, value_name = "SPAN", value_parser = lead)]
    pub(super) lead: Option<u64>,

    #[command(flatten)]
    pub(super) keys: KeyArgs,

    /// After a lost connection: resume where it was, or skip what was lost and keep to the clock
    #[arg(long, value_enum, value_name = "POLICY", default_value = "resume")]
    pub(super) on_drop: OnDropArg,

    #[command(flatten)]
    pub(super) arrangement: ArrangementArgs,

    #[command(flatten)]
    pub(super) delivery: DeliveryArgs,

    #[command(flatten)]
    pub(super) check: CheckArgs,

    /// How far the keys are tried before the show [default: publish]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) probe: Option<ProbeArg>,

    /// Stream the first attempt on spare capacity (Fargate Spot), which costs a third and may be
    /// taken away; whatever follows it is on demand. On one machine it changes nothing
    #[arg(long)]
    pub(super) spot: bool,

    /// Follow it until it is over
    #[arg(long)]
    pub(super) watch: bool,

    /// Print what the API answers (times in UTC); with --watch a line at each change of status
    #[arg(long)]
    pub(super) json: bool,
}

/// Which of two times that the clocks show alike.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct TwiceArgs {
    /// Of a time that the clocks show twice, the first
    #[arg(long, conflicts_with = "later")]
    earlier: bool,

    /// Of a time that the clocks show twice, the second
    #[arg(long)]
    later: bool,
}

/// What happens to the media of the time in which a connection was lost.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum OnDropArg {
    /// Nothing is lost; the show ends later.
    Resume,
    /// The show keeps to the clock; what fell into the gap is lost.
    Skip,
}

/// How far keys are tried before the show.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(super) enum ProbeArg {
    /// Up to the answer to publish, without any media.
    Publish,
    /// Up to the answer to connect: tells that the ingest is there.
    Connect,
    /// Not at all.
    None,
}

impl TwiceArgs {
    /// The instant that is meant by `at`; none for as soon as possible.
    pub(crate) fn resolve(
        self,
        at: &str,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, CliError> {
        if at.trim().eq_ignore_ascii_case("now") {
            return Ok(None);
        }
        let ambiguity = match (self.earlier, self.later) {
            (true, _) => Some(Ambiguity::Earlier),
            (_, true) => Some(Ambiguity::Later),
            (false, false) => None,
        };
        when::parse(at, zone, now, ambiguity)
            .map(Some)
            .map_err(|error| match error {
                when::WhenError::Repeated { .. } => CliError::usage(
                    error
                        .to_string()
                        .replace("say earlier", "say --earlier")
                        .replace("or later", "or --later"),
                ),
                when::WhenError::Past { .. } => {
                    CliError::usage(format!("{error}; give a time that is to come, or now"))
                }
                when::WhenError::Unreadable(ref text) if api::looks_like_key(text) => {
                    CliError::usage(
                        error
                            .to_string()
                            .replace(&format!("{text:?}"), &api::echo(text)),
                    )
                }
                _ => CliError::usage(error.to_string()),
            })
    }
}

impl From<OnDropArg> for OnDrop {
    fn from(arg: OnDropArg) -> Self {
        match arg {
            OnDropArg::Resume => Self::Resume,
            OnDropArg::Skip => Self::Skip,
        }
    }
}

impl From<ProbeArg> for Probe {
    fn from(arg: ProbeArg) -> Self {
        match arg {
            ProbeArg::Publish => Self::Publish,
            ProbeArg::Connect => Self::Connect,
            ProbeArg::None => Self::None,
        }
    }
}

/// A lead, in seconds.
fn lead(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        long if long > MAX_LEAD.as_secs() => Err("at most 1h is allowed".to_owned()),
        seconds => Ok(seconds),
    }
}

/// A span, in whole seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    when::span(text)
        .or_else(|| (text == "0").then(TimeDelta::zero))
        .and_then(|span| u64::try_from(span.num_seconds()).ok())
        .ok_or_else(|| "it looks like 90s, 4m or 1h".to_owned())
}
