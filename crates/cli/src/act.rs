//! `matinee retry`, `matinee cancel`, `matinee stop`

use std::process::ExitCode;

use api::BroadcastView;
use broadcast::Status;

use crate::{args::Global, client::Client, error::CliError, screen::say, show, watch};

/// Try a broadcast again that failed, from where it was, or that was missed
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  matinee retry k3fz\n  matinee key set k3fz facebook && matinee \
    retry k3fz --watch\n  matinee --aws retry k3fz"
)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    common: Common,
    /// Follow it until it is over
    #[arg(long)]
    watch: bool,
}

/// Call a broadcast off, before it starts or while it is on air
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  matinee cancel k3fz\n  matinee --aws cancel k3fz")]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    common: Common,
}

/// End a broadcast that is on air
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  matinee stop k3fz\n  matinee --aws stop k3fz")]
pub(crate) struct StopArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Common {
    /// The broadcast: its id, or the beginning or end of it
    id: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// `matinee retry`
pub(crate) async fn retry(args: RetryArgs, global: &Global) -> Result<ExitCode, CliError> {
    let (client, broadcast) = act(&args.common, global, "retry").await?;
    if args.watch {
        return watch::watch_again(&client, &broadcast, global.zone()?, args.common.json).await;
    }
    tell(&args.common, &client, &broadcast, "is tried again")
}

/// `matinee cancel`
pub(crate) async fn cancel(args: CancelArgs, global: &Global) -> Result<ExitCode, CliError> {
    let (client, broadcast) = act(&args.common, global, "cancel").await?;
    let done = match broadcast.status.is_settled() {
        true => "is cancelled",
        false => "is being ended",
    };
    tell(&args.common, &client, &broadcast, done)
}

/// `matinee stop`
pub(crate) async fn stop(args: StopArgs, global: &Global) -> Result<ExitCode, CliError> {
    let (client, broadcast) = act(&args.common, global, "stop").await?;
    tell(&args.common, &client, &broadcast, "is being ended")
}

async fn act(
    common: &Common,
    global: &Global,
    action: &str,
) -> Result<(Client, BroadcastView), CliError> {
    let client = Client::of(global).await?;
    let id = client.resolve(&common.id).await?;
    let broadcast = client.act(&id, action).await?;
    Ok((client, broadcast))
}

fn tell(
    common: &Common,
    client: &Client,
    broadcast: &BroadcastView,
    done: &str,
) -> Result<ExitCode, CliError> {
    if common.json {
        show::print_json(broadcast)?;
    } else {
        let id = &broadcast.id;
        // One that is tried again is still told as failed.
        match broadcast.status {
            Status::Cancelled => say(format!("{id} {done}.")),
            _ => say(format!(
                "{id} {done}. Follow it with: {} show {id} --watch",
                client.command()
            )),
        }
    }
    Ok(ExitCode::SUCCESS)
}
