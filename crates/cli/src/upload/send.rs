//! Uploads a file to a deployment's bucket, with what one sees meanwhile.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use broadcast::{FailureKind, SourceUrl, aws::words, when};
use chrono::{DateTime, TimeDelta, Utc};
use s3::{LocalFile, Progress, Retry, Settings, UploadError, Uploaded};

use super::{
    object,
    report::{Report, bytes},
};
use crate::{
    aws::{self, Deployment},
    error::CliError,
    signals::Signals,
};

/// How often one looks how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A home's connection comes back within minutes, and what is there stays anyway.
const PATIENCE: Settings = Settings {
    retry: Retry {
        first_pause: Duration::from_millis(500),
        longest_pause: Duration::from_secs(15),
        give_up_after: Duration::from_secs(300),
    },
    connect_timeout: Duration::from_secs(10),
    stall_timeout: Duration::from_secs(30),
};

/// What an upload came to.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) source: SourceUrl,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// Bytes that were sent now; less than all where some or all of it was there.
    pub(crate) sent: u64,
}

/// Uploads a file unless it is there already. With an air time, warns when the upload will not be
/// done by then.
pub(crate) async fn send(
    deployment: &Deployment,
    path: &Path,
    air_time: Option<DateTime<Utc>>,
) -> Result<Sent, CliError> {
    // From here on Ctrl-C tells what becomes of the parts.
    let mut signals = Signals::new()?;
    let failed = |error: UploadError| told(&error, path, deployment);
    let file = LocalFile::open(path).await.map_err(failed)?;
    let key = object::key(&file.identity().await.map_err(failed)?, path);
    let bucket = deployment.videos_bucket();
    let client = s3::Client::with_settings(&deployment.sdk, bucket, PATIENCE)
        .map_err(|error| aws::s3_failed(&error, &error, deployment))?;
    let source = SourceUrl::s3(bucket, &key).map_err(|error| CliError::usage(error.to_string()))?;

    let progress = Progress::default();
    let content_type = object::content_type(path);
    let started = Instant::now();
    let mut report = Report::new(file.length());
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let mut warned = false;
    let uploaded = {
        let mut upload = std::pin::pin!(s3::upload(&client, &file, &key, content_type, &progress));
        loop {
            tokio::select! {
                uploaded = &mut upload => break uploaded,
                _ = ticks.tick() => {
                    let left = report.look(&progress);
                    if let Some(late) = air_time.zip(left).and_then(|(at, left)| late(at, left))
                        && !warned
                    {
                        warned = true;
                        report.line(&late);
                    }
                }
                () = signals.next() => {
                    report.clear();
                    return Err(stopped(&progress, file.length()));
                }
            }
        }
    };
    report.clear();
    let name = path.display();
    match uploaded.map_err(failed)? {
        Uploaded::Before => eprintln!("{name} is in the bucket already."),
        Uploaded::Now => eprintln!("{}", done(&progress, &name.to_string(), started.elapsed())),
    }
    Ok(Sent {
        source,
        bytes: file.length(),
        sent: progress.sent(),
    })
}

/// `Uploaded talk.mp4: 2.50 GB in 3 min 20 s (12.5 MB/s)`.
fn done(progress: &Progress, name: &str, elapsed: Duration) -> String {
    let sent = progress.sent();
    let speed = (sent as f64 / elapsed.as_secs_f64().max(0.001)) as u64;
    let mut text = format!(
        "Uploaded {name}: {} in {} ({}/s)",
        bytes(sent),
        in_words(elapsed),
        bytes(speed)
    );
    if progress.kept() > 0 {
        text.push_str(&format!("; {} was there", bytes(progress.kept())));
    }
    text
}

fn stopped(progress: &Progress, length: u64) -> CliError {
    CliError::new(
        FailureKind::Interrupted,
        format!(
            "stopped with about {} of {} uploaded; it stays, and the same command goes on from \
             there",
            bytes(progress.kept() + progress.sent()),
            bytes(length)
        ),
    )
}

/// The warning that it will be too late.
fn late(air_time: DateTime<Utc>, left: Duration) -> Option<String> {
    let end = Utc::now() + TimeDelta::from_std(left).ok()?;
    (end > air_time).then(|| {
        format!(
            "warning: at this speed the upload takes {} more, past the air time",
            in_words(left)
        )
    })
}

fn in_words(span: Duration) -> String {
    match TimeDelta::from_std(span) {
        Ok(span) if span >= TimeDelta::seconds(1) => when::span_in_words(span),
        _ => format!("{:.1} s", span.as_secs_f64()),
    }
}

fn told(error: &UploadError, path: &Path, deployment: &Deployment) -> CliError {
    let name = path.display();
    match error {
        UploadError::S3 { error: inner, .. } => aws::s3_failed(inner, error, deployment),
        UploadError::Changed => CliError::new(
            FailureKind::SourceUnreadable,
            format!(
                "{name} changed while it was being uploaded; wait until it is complete and try \
                 again"
            ),
        ),
        UploadError::Empty => {
            CliError::new(FailureKind::UnsupportedMedia, format!("{name} is empty"))
        }
        UploadError::NotAFile => {
            CliError::new(FailureKind::SourceMissing, format!("{name} is not a file"))
        }
        UploadError::TooLarge => CliError::new(
            FailureKind::UnsupportedMedia,
            format!("{name} is larger than an object in S3 can be"),
        ),
        UploadError::Ended => CliError::unavailable(format!(
            "the upload of {name} was ended by somebody else, or by the bucket's rules; try again"
        )),
        UploadError::File(_) => CliError::new(
            FailureKind::SourceUnreadable,
            format!("cannot read {name}: {}", words(error)),
        ),
    }
}
