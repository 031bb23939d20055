//! The check that precedes a show: `matinee schedule`, `play` and `upload`.

use broadcast::FailureKind;
use chrono::{DateTime, Utc};
use streamer::{
    check::{CheckOptions, Finding, Report, Severity, audience, check_movie},
    media::{Arrangement, Movie},
};

use crate::{destination::Destination, error::CliError};

/// What is done about errors.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct CheckArgs {
    /// Go on although `matinee check` finds errors: a limit may have changed, or not matter to you
    #[arg(long)]
    pub(crate) force: bool,
}

/// What the check has to know of the show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'a> {
    /// The video as it was typed.
    pub(crate) video: &'a str,
    /// Where it goes; nowhere yet: only what every ingest needs counts.
    pub(crate) destinations: &'a [Destination],
    /// What is added to it.
    pub(crate) arrangement: Arrangement,
    /// When it begins, if that is known.
    pub(crate) begins: Option<DateTime<Utc>>,
}

/// Checks an opened video, says on standard error what is wrong with it, and returns that.
///
/// # Errors
/// `UnsupportedMedia` if there are errors, unless they are to be ignored.
pub(crate) async fn before(
    movie: &Movie,
    show: Before<'_>,
    args: CheckArgs,
) -> Result<Vec<Finding>, CliError> {
    let destinations = show.destinations.iter();
    let (platforms, enhanced) = audience(destinations.map(|one| (one.platform, one.enhanced)));
    let options = CheckOptions {
        arrangement: show.arrangement,
        enhanced,
        name: (!show.video.contains("://")).then(|| show.video.to_owned()),
        begins: show.begins,
        ..CheckOptions::default()
    };
    let report = check_movie(movie, &options, &platforms).await?;
    tell(&report.findings, &[]);
    match report.has_errors() && !args.force {
        // What a web address has behind its path may be a signature.
        true => Err(refused(
            &report,
            options.name.as_deref().unwrap_or(&report.source),
        )),
        false => Ok(report.findings),
    }
}

/// Prints errors and warnings that are not told yet, and that a video was not checked. What is only
/// good to know is for `matinee check`.
pub(crate) fn tell(findings: &[Finding], told: &[Finding]) {
    for found in findings {
        let counts = found.severity != Severity::Note || found.rule == "checked";
        if counts && !told.contains(found) {
            eprintln!("{}: {found}", found.severity);
        }
    }
}

fn refused(report: &Report, video: &str) -> CliError {
    let mend = match &report.command {
        Some(command) => format!("\nThis makes a file that is taken:\n  {command}"),
        None => String::new(),
    };
    CliError::new(
        FailureKind::UnsupportedMedia,
        format!(
            "{video} will not be taken as it is; --force goes on all the same, and `matinee check` \
             tells more{mend}"
        ),
    )
}
