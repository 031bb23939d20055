//! The command line: one subcommand, one module.

use std::{path::PathBuf, process::ExitCode};

use chrono_tz::Tz;
use clap::{
    Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    act, aws::AwsOptions, check, cost, demo, error::CliError, key, list, local_time, log, play,
    schedule, show, up, upload,
};

/// Takes a recorded video live at an exact date and time.
#[derive(Parser, Debug)]
#[command(
    name = "matinee",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: docs/exit-codes.md, or 0 done, 64 wrong usage, 65 and 66 the video, \
                  69 and 76 the ingest, 75 stopped, 77 the stream key."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Global {
    /// Where `matinee up` keeps everything [default: matinee in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, global = true, env = "MATINEE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The time zone in which times are read and shown [default: this machine's]
    #[arg(long = "tz", global = true, value_name = "ZONE")]
    time_zone: Option<String>,

    #[command(flatten)]
    pub(crate) aws: AwsOptions,
}

#[derive(Subcommand, Debug)]
enum Command {
    Up(up::Args),
    Schedule(schedule::Args),
    Upload(upload::Args),
    List(list::Args),
    Show(show::Args),
    Retry(act::RetryArgs),
    Cancel(act::CancelArgs),
    Stop(act::StopArgs),
    Key(key::Args),
    Check(check::Args),
    Play(play::Args),
    Cost(cost::Args),
    Demo(demo::Args),
    /// The streamer, as the task that `matinee up` runs
    #[command(hide = true)]
    Streamer,
}

impl Command {
    /// Refuses what cannot be done where it is asked for.
    fn check(&self, global: &Global) -> Result<(), CliError> {
        let here = match self {
            Self::Up(_) => "up",
            Self::Play(_) => "play",
            Self::Demo(_) => "demo",
            // Its --region is that of the prices.
            Self::Cost(_) | Self::Streamer => return Ok(()),
            Self::Check(_)
            | Self::Schedule(_)
            | Self::Upload(_)
            | Self::List(_)
            | Self::Show(_)
            | Self::Retry(_)
            | Self::Cancel(_)
            | Self::Stop(_)
            | Self::Key(_) => return global.aws.check(),
        };
        if global.aws.are_given() {
            return Err(CliError::usage(format!(
                "`matinee {here}` runs on this machine; leave --aws out (or unset MATINEE_AWS)"
            )));
        }
        global.aws.check()
    }
}

impl Global {
    /// The data directory, which need not be there yet.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CliError> {
        if let Some(dir) = &self.data_dir {
            return Ok(dir.clone());
        }
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .map(|dir| dir.join("matinee"))
            .ok_or_else(|| {
                CliError::usage("neither HOME nor XDG_DATA_HOME is set; give --data-dir DIR")
            })
    }

    /// The zone of the one at the keyboard.
    pub(crate) fn zone(&self) -> Result<Tz, CliError> {
        local_time::zone(self.time_zone.as_deref())
    }
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> Result<ExitCode, CliError> {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = without_keys(error);
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            return Ok(if error.use_stderr() {
                ExitCode::from(broadcast::FailureKind::BadRequest.exit_code())
            } else {
                ExitCode::SUCCESS
            });
        }
    };
    command.check(&global)?;
    let volume = match command {
        Command::Up(_) | Command::Streamer => log::Volume::Events,
        Command::Play(_) => log::Volume::Errors,
        _ => log::Volume::Warnings,
    };
    let reader = match &command {
        Command::Up(args) if args.json => log::Reader::Program,
        _ => log::Reader::Person,
    };
    log::begin(volume, reader);
    // Beside videos these keep a region, of which all is to be written down before they leave.
    let keeps_a_region = matches!(command, Command::Up(_) | Command::Demo(_));
    let mut runtime = match command {
        // What a show does in a second takes a few milliseconds, and threads that wake one another
        // would double that.
        Command::Play(_) | Command::Streamer => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| CliError::internal(format!("cannot start threads: {error}")))?;
    let work = async {
        match command {
            Command::Up(args) => up::run(args, &global).await,
            Command::Schedule(args) => schedule::run(args, &global).await,
            Command::Upload(args) => upload::run(args, &global).await,
            Command::List(args) => list::run(args, &global).await,
            Command::Show(args) => show::run(args, &global).await,
            Command::Retry(args) => act::retry(args, &global).await,
            Command::Cancel(args) => act::cancel(args, &global).await,
            Command::Stop(args) => act::stop(args, &global).await,
            Command::Key(args) => key::run(args, &global).await,
            Command::Check(args) => check::run(args, &global).await,
            Command::Play(args) => play::run(args, &global).await,
            Command::Cost(args) => cost::run(args).await,
            Command::Demo(args) => demo::run(args, &global).await,
            Command::Streamer => Ok(streamer::task::run().await),
        }
    };
    match keeps_a_region {
        true => runtime.block_on(work),
        false => streamer::run_time::block_on(runtime, work),
    }
}

/// The same refusal without a text that may be a stream key in the wrong place.
fn without_keys(mut error: clap::Error) -> clap::Error {
    let mut typed = vec![ContextKind::InvalidValue, ContextKind::InvalidSubcommand];
    // Elsewhere this is the name of an option that is known.
    if error.kind() == ErrorKind::UnknownArgument {
        typed.push(ContextKind::InvalidArg);
    }
    for kind in typed {
        let hidden = match error.get(kind) {
            Some(ContextValue::String(text)) => {
                !text.starts_with('-') && api::echo(text) != format!("{text:?}")
            }
            _ => false,
        };
        if hidden {
            let words = "(not repeated here: it may be a stream key)";
            error.insert(kind, ContextValue::String(words.to_owned()));
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        for line in [
            "show k3fz FB-SECRETKEY999-0",
            "SECR-ETKE-Y999-mnop",
            "list --all live_123_SECRETKEY",
            "play v.mp4 --to twitch --head FB-SECRETKEY999",
            "play v.mp4 --to twitch --on-drop FB-SECRETKEY999",
        ] {
            let words = std::iter::once("matinee").chain(line.split(' '));
            let error = without_keys(Cli::try_parse_from(words).unwrap_err()).to_string();
            assert!(error.contains("not repeated"), "{error}");
            assert!(!error.contains("SECR"), "{error}");
        }
        let typed = Cli::try_parse_from(["matinee", "play", "v.mp4", "--hed", "3s"]);
        let error = without_keys(typed.unwrap_err()).to_string();
        assert!(
            error.contains("--hed") && error.contains("--head"),
            "{error}"
        );
    }
}
