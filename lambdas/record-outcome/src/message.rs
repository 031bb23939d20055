//! How a broadcast went, in words for its owner. Pure.

use std::fmt::Write;

use broadcast::{
    Broadcast, DestinationProgress, Failure, FailureKind, MediaTime, Outcome, Status,
    when::span_in_words,
};
use chrono::TimeDelta;

/// The longest subject that is sent, in ASCII: SNS takes less than 100 characters.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const SUBJECT: usize = 99;

/// The deployment that `matinee --aws` asks unless told otherwise.
const DEFAULT_NAME: &str = "matinee";

/// What the owner of a broadcast is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Whose broadcast it is, for one who reads of it anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deployment<'a> {
    /// Its name; none on one machine.
    pub(crate) name: Option<&'a str>,
    /// The AWS region that it is in.
    pub(crate) region: Option<&'a str>,
}

impl Deployment<'_> {
    /// How a command begins that asks this deployment.
    fn command(self) -> String {
        let mut command = "matinee".to_owned();
        let Some(name) = self.name else {
            return command;
        };
        command.push_str(" --aws");
        if let Some(region) = self.region {
            command.push_str(" --region ");
            command.push_str(region);
        }
        if name != DEFAULT_NAME {
            command.push_str(" --deployment ");
            command.push_str(name);
        }
        command
    }
}

/// What is told of a settled broadcast. `execution` is the ARN of what ran it, if it is known.
pub(crate) fn message(
    broadcast: &Broadcast,
    outcome: &Outcome,
    deployment: Deployment<'_>,
    execution: Option<&str>,
) -> Message {
    let mut text = String::new();
    // Writing to a String never fails.
    let _ = write(&mut text, broadcast, outcome, deployment, execution);
    Message {
        subject: subject(broadcast),
        text,
    }
}

fn write(
    text: &mut String,
    broadcast: &Broadcast,
    outcome: &Outcome,
    deployment: Deployment<'_>,
    execution: Option<&str>,
) -> std::fmt::Result {
    let Broadcast { id, title, .. } = broadcast;
    let what = match broadcast.status {
        Status::Aired => "was shown to its end",
        Status::Failed => "failed and was given up",
        Status::Missed => "was missed: its time passed and nothing could start it",
        Status::Cancelled => "was called off",
        _ => "is under way",
    };
    writeln!(text, "\"{title}\" {what}.\n")?;
    let air_time = broadcast.air_time.with_timezone(&broadcast.time_zone);
    writeln!(text, "Broadcast:  {id}")?;
    if let Some(name) = deployment.name {
        writeln!(text, "Deployment: {name}")?;
    }
    let air_time = air_time.format("%a %Y-%m-%d %H:%M:%S");
    writeln!(text, "Air time:   {air_time} {}", broadcast.time_zone)?;
    if let Some(error) = outcome.on_air_error_ms {
        writeln!(text, "On air:     {}", punctuality(error))?;
    } else if !was_on_air(outcome) {
        writeln!(text, "On air:     never")?;
    }
    writeln!(text, "Attempts:   {}", outcome.attempts)?;
    if let Some(failure) = &outcome.failure {
        writeln!(text, "Reason:     {} ({})", failure.message, failure.kind)?;
    }
    if !outcome.destinations.is_empty() {
        writeln!(text, "\nDestinations")?;
        for destination in &outcome.destinations {
            writeln!(text, "  {}: {}", destination.name, came(destination))?;
        }
    }
    writeln!(text, "\nWhat to do next")?;
    for step in next_steps(broadcast, outcome, &deployment.command(), execution) {
        writeln!(text, "  {step}")?;
    }
    Ok(())
}

/// `Aired: A talk (20261201-1930-abcd)`, in ASCII and short enough.
fn subject(broadcast: &Broadcast) -> String {
    let what = match broadcast.status {
        Status::Aired => "Aired",
        Status::Failed => "Failed",
        Status::Missed => "Missed",
        Status::Cancelled => "Called off",
        _ => "Under way",
    };
    let id = format!(" ({})", broadcast.id);
    let room = SUBJECT - what.len() - ": ".len() - id.len();
    let mut title: String = broadcast
        .title
        .chars()
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .collect();
    if title.len() > room {
        title.truncate(room - 3);
        title.push_str("...");
    }
    format!("{what}: {title}{id}")
}

/// How late or early the first media message was.
fn punctuality(error_ms: f64) -> String {
    let side = if error_ms < 0.0 { "early" } else { "late" };
    let ms = error_ms.abs();
    if ms < 1_000.0 {
        return format!("{ms:.0} ms {side}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of at most some days"
    )]
    let span = TimeDelta::milliseconds(ms as i64);
    format!("{} {side}", span_in_words(span))
}

fn was_on_air(outcome: &Outcome) -> bool {
    outcome
        .destinations
        .iter()
        .any(|destination| destination.position > MediaTime::ZERO)
}

/// How far a destination came.
fn came(destination: &DestinationProgress) -> String {
    if destination.finished {
        let reconnects = match destination.reconnects {
            0 => String::new(),
            1 => ", after one reconnect".to_owned(),
            n => format!(", after {n} reconnects"),
        };
        return format!("to the end{reconnects}");
    }
    let how_far = match destination.position {
        MediaTime::ZERO => "nothing was sent".to_owned(),
        position => format!("broke off at {position}"),
    };
    match &destination.failure {
        Some(failure) => format!("{how_far}; {} ({})", failure.message, failure.kind),
        None => how_far,
    }
}

fn next_steps(
    broadcast: &Broadcast,
    outcome: &Outcome,
    matinee: &str,
    execution: Option<&str>,
) -> Vec<String> {
    let id = &broadcast.id;
    let failed = || outcome.destinations.iter().filter(|one| !one.finished);
    match broadcast.status {
        Status::Aired if failed().next().is_none() => vec!["Nothing.".to_owned()],
        Status::Aired => vec![
            "The destinations that failed get no second try by themselves.".to_owned(),
            "If the show is wanted there too, schedule it anew for them.".to_owned(),
        ],
        Status::Failed => {
            let mut steps = Vec::new();
            for name in rejected(broadcast, outcome) {
                steps.push(format!("{matinee} key set {id} {name}"));
            }
            steps.push(format!(
                "{matinee} retry {id}    goes on where the show stopped, within 14 days"
            ));
            if let Some(execution) = execution {
                steps.push(format!(
                    "The same from the console of Step Functions: redrive {execution}"
                ));
            }
            steps
        }
        Status::Missed => vec![format!("{matinee} retry {id}    starts it now")],
        _ => vec!["Schedule it anew to show it; its stream keys are deleted.".to_owned()],
    }
}

/// The destinations whose key was refused: those that are known, else all of them.
fn rejected<'a>(broadcast: &'a Broadcast, outcome: &'a Outcome) -> Vec<&'a str> {
    let is_rejection = |failure: Option<&Failure>| {
        failure.is_some_and(|failure| failure.kind == FailureKind::TokenRejected)
    };
    let known: Vec<&str> = outcome
        .destinations
        .iter()
        .filter(|destination| is_rejection(destination.failure.as_ref()))
        .map(|destination| &*destination.name)
        .collect();
    if known.is_empty() && is_rejection(outcome.failure.as_ref()) {
        return broadcast
            .destinations
            .iter()
            .map(|one| &*one.name)
            .collect();
    }
    known
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
