//! What the ends of the destinations make of the show.

use broadcast::{Failure, FailureKind, MediaTime};

/// How one destination ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) name: String,
    pub(super) position: MediaTime,
    pub(super) result: Result<(), Failure>,
}

/// The show is well when it was sent to its end at one destination and none could have gone on.
/// Otherwise its failure is the one that tells most, and the position is where to go on.
pub(super) fn conclude(ends: &[End]) -> Result<(), Failure> {
    let interrupted = || {
        ends.iter().filter_map(|end| match &end.result {
            Err(failure) if failure.kind == FailureKind::Interrupted => Some((end, failure)),
            _ => None,
        })
    };
    if let Some(position) = interrupted().map(|(end, _)| end.position).min() {
        let message = interrupted()
            .map(|(_, failure)| failure.message.clone())
            .next()
            .unwrap_or_default();
        return Err(Failure::new(FailureKind::Interrupted, message).at(position));
    }
    if ends.iter().any(|end| end.result.is_ok()) {
        return Ok(());
    }
    let failures = || {
        ends.iter()
            .filter_map(|end| Some((end, end.result.as_ref().err()?)))
    };
    let kind = failures()
        .map(|(_, failure)| failure.kind)
        .min_by_key(|kind| rank(*kind))
        .unwrap_or(FailureKind::Internal);
    let message = match ends {
        [_] => failures()
            .map(|(_, failure)| failure.message.clone())
            .collect(),
        _ => failures()
            .map(|(end, failure)| format!("{}: {}", end.name, failure.message))
            .collect::<Vec<_>>()
            .join("; "),
    };
    let failure = Failure::new(kind, message);
    // Where the one that came least far stands: going on from there, none misses anything.
    Err(match ends.iter().map(|end| end.position).min() {
        Some(position) if position > MediaTime::ZERO => failure.at(position),
        _ => failure,
    })
}

/// What a destination with two ingests fails with: both say why, and the kind is that of the one
/// that tells less, for it may be the one that can be reached another time.
pub(super) fn of_both(first: Option<Failure>, backup: Option<Failure>) -> Option<Failure> {
    let (first, backup) = match (first, backup) {
        (Some(first), Some(backup)) => (first, backup),
        (one, other) => return one.or(other),
    };
    let message = format!("{}; {}", first.message, backup.message);
    let kind = if rank(first.kind) < rank(backup.kind) {
        backup.kind
    } else {
        first.kind
    };
    Some(Failure::new(kind, message))
}

/// The less, the more it tells: first what someone can set right, last what may be weather.
fn rank(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Superseded => 0,
        FailureKind::BadRequest => 1,
        FailureKind::UnsupportedMedia => 2,
        FailureKind::SourceMissing => 3,
        FailureKind::SourceUnreadable => 4,
        FailureKind::TokenRejected => 5,
        FailureKind::IngestProtocol => 6,
        FailureKind::IngestUnreachable => 7,
        FailureKind::Interrupted => 8,
        FailureKind::Internal => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(name: &str, seconds: i64, result: Result<(), FailureKind>) -> End {
        End {
            name: name.to_owned(),
            position: MediaTime::from_millis(seconds * 1000),
            result: result.map_err(|kind| Failure::new(kind, format!("{kind} it was"))),
        }
    }

    #[track_caller]
    fn check(ends: &[End], expected: Result<(), (FailureKind, &str, Option<i64>)>) {
        let result = conclude(ends).map_err(|failure| {
            let position = failure.position.map(|position| position.as_millis() / 1000);
            (failure.kind, failure.message, position)
        });
        let expected =
            expected.map_err(|(kind, message, position)| (kind, message.to_owned(), position));
        assert_eq!(result, expected);
    }

    #[test]
    fn one_that_ended_well_is_enough() {
        use FailureKind::TokenRejected;
        check(
            &[end("a", 9, Ok(())), end("b", 0, Err(TokenRejected))],
            Ok(()),
        );
    }

    #[test]
    fn the_failure_that_tells_most_is_the_shows() {
        use FailureKind::{IngestUnreachable, TokenRejected};
        check(
            &[
                end("a", 0, Err(IngestUnreachable)),
                end("b", 0, Err(TokenRejected)),
            ],
            Err((
                TokenRejected,
                "a: IngestUnreachable it was; b: TokenRejected it was",
                None,
            )),
        );
        check(
            &[end("a", 7, Err(IngestUnreachable))],
            Err((IngestUnreachable, "IngestUnreachable it was", Some(7))),
        );
    }

    #[test]
    fn two_ingests_fail_as_the_one_that_may_come_back() {
        use FailureKind::{IngestUnreachable, TokenRejected};
        let failure = |kind, message: &str| Some(Failure::new(kind, message));
        let away = failure(IngestUnreachable, "away");
        let refused = failure(TokenRejected, "on the backup ingest b: refused");
        assert_eq!(of_both(None, None), None);
        assert_eq!(of_both(away.clone(), None), away);
        assert_eq!(of_both(None, refused.clone()), refused);
        assert_eq!(
            of_both(away, refused),
            failure(IngestUnreachable, "away; on the backup ingest b: refused")
        );
    }

    #[test]
    fn an_interruption_says_where_to_go_on() {
        use FailureKind::{Interrupted, TokenRejected};
        check(
            &[
                end("a", 9, Err(Interrupted)),
                end("b", 8, Err(Interrupted)),
                end("c", 3, Err(TokenRejected)),
                end("d", 20, Ok(())),
            ],
            Err((Interrupted, "Interrupted it was", Some(8))),
        );
    }
}
