//! What `matinee check` finds in the video of a request, before anything is written.

use std::time::Duration;

use broadcast::FailureKind;
use chrono::{DateTime, TimeDelta, Utc};
use streamer::{
    check::{self, CheckOptions, Finding, Report, Severity},
    source::{Retry, Source, SourceOptions},
};

use super::NewBroadcast;
use crate::{Api, Problem};

/// An index is read in a second or two, and whoever schedules waits for it.
const LIMIT: Duration = Duration::from_secs(10);
/// A show for now does not wait that long: what is found would come too late for it.
const LIMIT_FOR_NOW: Duration = Duration::from_secs(2);
/// Whoever schedules a show that is no further away wants it now.
const NOW: TimeDelta = TimeDelta::minutes(1);
/// How long a fault is borne on the way.
const PATIENCE: Duration = Duration::from_secs(3);

/// Checks the video for the platforms that it goes to.
///
/// A video that cannot be read now is no reason to refuse: it may be there when the show begins.
/// That it was not checked is a finding, then.
///
/// # Errors
/// There are errors, and nobody said that they do not matter.
pub(crate) async fn preflight(api: &Api, new: &NewBroadcast) -> Result<Vec<Finding>, Problem> {
    if !api.config.check_videos {
        return Ok(Vec::new());
    }
    let limit = limit(new.air_time, Utc::now());
    let report = match tokio::time::timeout(limit, report(api, new)).await {
        Ok(Ok(report)) => report,
        // A sound track that is not there: that is in the request, not in the video.
        Ok(Err(failure)) if failure.kind == FailureKind::BadRequest => return Err(failure.into()),
        Ok(Err(failure)) => return Ok(vec![not_checked(failure.message)]),
        Err(_) => {
            let why = format!("reading its index took longer than {} s", limit.as_secs());
            return Ok(vec![not_checked(why)]);
        }
    };
    tracing::info!(
        source = report.source,
        findings = report.findings.len(),
        bytes_read = report.bytes_read,
        requests = report.requests,
        "checked"
    );
    match report.has_errors() && !new.force {
        true => Err(refused(report)),
        false => Ok(report.findings),
    }
}

/// How long the check may take.
fn limit(air_time: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    match air_time - now < NOW {
        true => LIMIT_FOR_NOW,
        false => LIMIT,
    }
}

async fn report(api: &Api, new: &NewBroadcast) -> Result<Report, broadcast::Failure> {
    let local = api.config.local_sources;
    let defaults = SourceOptions::default();
    let options = SourceOptions {
        addresses: api.config.addresses(),
        allow_plain_http: local,
        retry: Retry {
            give_up_after: PATIENCE,
            ..defaults.retry
        },
        // On one machine the clients here lead to its own region, which has no S3; the streamer
        // takes what the environment says, too.
        aws: (!local).then(|| api.sdk.clone()),
        ..defaults
    };
    let source = Source::open(&new.source, options).await?;
    let destinations = new.destinations.iter();
    let (platforms, enhanced) =
        check::audience(destinations.map(|one| (one.platform, one.enhanced)));
    let options = CheckOptions {
        audio_track: new.audio_track,
        arrangement: new.arrangement(),
        enhanced,
        name: None,
        begins: Some(new.air_time),
    };
    check::check(source, &options, &platforms).await
}

fn not_checked(why: String) -> Finding {
    Finding {
        severity: Severity::Note,
        rule: "checked".to_owned(),
        platform: None,
        what: format!("the video was not checked: {why}"),
        limit: "a video that can be read when it is scheduled".to_owned(),
        source: None,
        fixable: false,
    }
}

fn refused(report: Report) -> Problem {
    let errors: Vec<String> = report
        .of(Severity::Error)
        .map(ToString::to_string)
        .collect();
    let command = match &report.command {
        Some(command) => format!("; this makes a file that is taken: {command}"),
        None => String::new(),
    };
    let problem = Problem::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        FailureKind::UnsupportedMedia,
        format!(
            "{} will not be taken as it is: {}{command}; \"force\": true schedules it all the same",
            report.source,
            errors.join("; ")
        ),
    );
    Problem {
        findings: report.findings,
        ..problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_show_for_now_waits_two_seconds_at_most() {
        let now = Utc::now();
        for (seconds, wanted) in [(-5, 2), (0, 2), (59, 2), (60, 10), (3_600, 10)] {
            let limit = limit(now + TimeDelta::seconds(seconds), now);
            assert_eq!(limit, Duration::from_secs(wanted), "{seconds}");
        }
    }
}
