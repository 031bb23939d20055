//! `matinee list`

use std::process::ExitCode;

use api::{BroadcastList, BroadcastView};
use broadcast::Status;
use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use comfy_table::{Table, presets};

use crate::{args::Global, client::Client, error::CliError, local_time, screen::say, show};

/// How far back one looks: what is older is history.
const RECENT: TimeDelta = TimeDelta::days(7);
/// As far back as broadcasts are kept.
const ALL: TimeDelta = TimeDelta::days(400);

/// List broadcasts by air time: what is to come, what is on, and what was in the last week
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  matinee list\n  matinee list --all --tz America/New_York\n  matinee --aws list\n  \
    matinee list --json | jq '.broadcasts[] | select(.status == \"failed\") | .id'"
)]
pub(crate) struct Args {
    /// All that is kept: 400 days
    #[arg(long)]
    all: bool,
    /// Print what the API answers (times in UTC)
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let zone = global.zone()?;
    let back = if args.all { ALL } else { RECENT };
    let client = Client::of(global).await?;
    let broadcasts = client.list(Utc::now() - back).await?;
    if args.json {
        show::print_json(&BroadcastList { broadcasts })?;
    } else if broadcasts.is_empty() {
        say("No broadcasts. `matinee schedule --help` tells how to make one.");
    } else {
        say(table(&broadcasts, zone));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(broadcasts: &[BroadcastView], zone: Tz) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "ID".to_owned(),
        format!("AIR TIME ({})", zone.name()),
        "STATUS".to_owned(),
        "TITLE".to_owned(),
        "TO".to_owned(),
    ]);
    for broadcast in broadcasts {
        let names: Vec<&str> = broadcast
            .destinations
            .iter()
            .map(|destination| &*destination.name)
            .collect();
        table.add_row([
            broadcast.id.to_string(),
            local_time::plain(broadcast.air_time, zone),
            status(broadcast),
            broadcast.title.clone(),
            names.join(", "),
        ]);
    }
    table
}

/// The status, and why where that is the question.
fn status(broadcast: &BroadcastView) -> String {
    let failure = broadcast
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.failure.as_ref());
    match (broadcast.status, failure) {
        (Status::Failed, Some(failure)) => format!("failed: {}", failure.kind),
        (status, _) => status.to_string(),
    }
}
