//! The program.

use std::{env, process::ExitCode};

use broadcast::{Failure, FailureKind};
use tokio_util::sync::CancellationToken;

use super::{Settings, attempt, logs, signals};

/// Runs the attempt that the environment names. Logs to standard output and answers the exit code:
/// 0, or the one of the failure's kind.
pub async fn run() -> ExitCode {
    logs::start();
    match play().await {
        Ok(()) => {
            tracing::info!("aired");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tracing::error!(
                kind = failure.kind.name(),
                position = failure.position.map(tracing::field::display),
                reason = failure.message,
                "ended"
            );
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

async fn play() -> Result<(), Failure> {
    let settings = Settings::from_variables(|name| env::var(name).ok())
        .map_err(|error| Failure::new(FailureKind::BadRequest, error.to_string()))?;
    let stop = CancellationToken::new();
    // First of all, for a process with the number 1, as a container's is, ignores signals that it
    // does not listen for.
    signals::watch(stop.clone()).map_err(|error| {
        Failure::new(
            FailureKind::Internal,
            format!("cannot listen for signals: {error}"),
        )
    })?;
    tracing::info!(broadcast = %settings.broadcast, attempt = settings.attempt, "begins");
    attempt::play(&settings, stop).await
}
