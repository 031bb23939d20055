//! `matinee key set`

use std::process::ExitCode;

use broadcast::Status;
use clap::Subcommand;

use crate::{
    args::Global,
    client::Client,
    error::CliError,
    show,
    stream_keys::{self, KeyArgs},
};

/// Replace the stream key of a destination
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Replace the stream key of a destination; it is used the next time something connects
    #[command(
        after_help = "Examples:\n  matinee key set k3fz facebook\n  matinee key set k3fz \
        facebook --key-file facebook.key\n  matinee --aws key set k3fz facebook"
    )]
    Set {
        /// The broadcast: its id, or the beginning or end of it
        id: String,
        /// The destination's name, as `matinee show` tells it
        destination: String,
        #[command(flatten)]
        keys: KeyArgs,
        /// Print the broadcast as the API shows it
        #[arg(long)]
        json: bool,
        /// Refused with the reason.
        #[arg(hide = true, num_args = 0.., allow_hyphen_values = true)]
        key_on_the_command_line: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, CliError> {
    let Command::Set {
        id,
        destination,
        keys,
        json,
        key_on_the_command_line,
    } = args.command;
    keys.refuse_key()?;
    if !key_on_the_command_line.is_empty() {
        return Err(stream_keys::refused());
    }
    api::legal_name(&destination).map_err(CliError::usage)?;
    let client = Client::of(global).await?;
    let id = client.resolve(&id).await?;
    // Asked before the key is: nobody wants to type a key for nothing.
    let broadcast = client.show(&id).await?;
    if matches!(broadcast.status, Status::Aired | Status::Cancelled) {
        return Err(CliError::usage(format!(
            "broadcast {id} is {}; it needs no key any more",
            broadcast.status
        )));
    }
    if !broadcast
        .destinations
        .iter()
        .any(|one| one.name == destination)
    {
        let names: Vec<&str> = broadcast
            .destinations
            .iter()
            .map(|one| &*one.name)
            .collect();
        return Err(CliError::usage(format!(
            "broadcast {id} has no destination {}; it has {}",
            api::echo(&destination),
            names.join(", ")
        )));
    }
    for key in keys.read(&[&destination])? {
        client.set_key(&id, &destination, key).await?;
    }
    if json {
        show::print_json(&broadcast)?;
        return Ok(ExitCode::SUCCESS);
    }
    print!("The key of {destination} is replaced.");
    if broadcast.retryable {
        print!(" Now: {} retry {id}", client.command());
    }
    println!();
    Ok(ExitCode::SUCCESS)
}
