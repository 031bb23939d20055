//! What is found out about each destination, and what follows for the broadcast. Pure.

use broadcast::{Failure, FailureKind};
use serde::{Deserialize, Serialize};

/// What was found out about one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The destination's name.
    pub name: String,
    /// Why it cannot be published to; none when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether its backup ingest can be published to; none when there is none, or it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupVerdict>,
}

/// What was found out about the backup ingest of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupVerdict {
    /// Why it cannot be published to; none when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Verdict {
    pub(crate) fn new(name: &str, tried: Result<(), Failure>) -> Self {
        let failure = tried.err();
        Self {
            name: name.to_owned(),
            kind: failure.as_ref().map(|failure| failure.kind),
            reason: failure.map(|failure| failure.message),
            backup: None,
        }
    }

    /// Why the show cannot go there: its ingest's reason and its backup's.
    fn reasons(&self) -> String {
        let first = self.reason.as_deref().unwrap_or_default();
        let backup = self.backup.as_ref();
        match backup.and_then(|backup| backup.failure.as_ref()) {
            Some(failure) => format!("{}: {first}; its backup: {}", self.name, failure.message),
            None => format!("{}: {first}", self.name),
        }
    }

    /// Whether the show can go there: its backup stands in for an ingest that cannot be used.
    fn is_good(&self) -> bool {
        let backup = self.backup.as_ref();
        self.kind.is_none() || backup.is_some_and(|backup| backup.failure.is_none())
    }
}

/// Which kind stands for several: the one that has the best hope to pass by itself comes first.
const BY_HOPE: [FailureKind; 5] = [
    FailureKind::IngestUnreachable,
    FailureKind::IngestProtocol,
    FailureKind::Internal,
    FailureKind::TokenRejected,
    FailureKind::BadRequest,
];

/// A broadcast goes on when at least one destination can be published to; otherwise its failure
/// names each destination and its reason.
pub(crate) fn weigh(verdicts: &[Verdict]) -> Result<(), Failure> {
    if verdicts.is_empty() {
        return Err(Failure::new(
            FailureKind::BadRequest,
            "the broadcast has no destination",
        ));
    }
    if verdicts.iter().any(Verdict::is_good) {
        return Ok(());
    }
    let kinds: Vec<FailureKind> = verdicts.iter().filter_map(|verdict| verdict.kind).collect();
    let kind = BY_HOPE
        .into_iter()
        .find(|kind| kinds.contains(kind))
        .or_else(|| kinds.first().copied())
        .unwrap_or(FailureKind::Internal);
    let reasons: Vec<String> = verdicts.iter().map(Verdict::reasons).collect();
    Err(Failure::new(kind, reasons.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, kind: FailureKind) -> Verdict {
        Verdict::new(name, Err(Failure::new(kind, format!("says {kind}"))))
    }

    #[test]
    fn a_good_backup_stands_in_and_a_bad_one_does_no_harm() {
        let away = || Some(Failure::new(FailureKind::IngestUnreachable, "away"));
        let with = |verdict: Verdict, failure| Verdict {
            backup: Some(BackupVerdict { failure }),
            ..verdict
        };
        let first = || refused("a", FailureKind::IngestUnreachable);
        assert_eq!(weigh(&[with(first(), None)]), Ok(()));
        assert_eq!(
            weigh(&[with(first(), away())]).unwrap_err().message,
            "a: says IngestUnreachable; its backup: away"
        );
        assert_eq!(weigh(&[with(Verdict::new("a", Ok(())), away())]), Ok(()));
    }

    #[test]
    fn one_good_destination_is_enough() {
        let verdicts = [
            refused("facebook", FailureKind::TokenRejected),
            Verdict::new("youtube", Ok(())),
        ];
        assert_eq!(weigh(&verdicts), Ok(()));
    }

    #[test]
    fn what_may_pass_by_itself_stands_for_all() {
        let verdicts = [
            refused("facebook", FailureKind::TokenRejected),
            refused("youtube", FailureKind::IngestUnreachable),
        ];
        let failure = weigh(&verdicts).unwrap_err();
        assert_eq!(failure.kind, FailureKind::IngestUnreachable);
        assert_eq!(
            failure.message,
            "facebook: says TokenRejected; youtube: says IngestUnreachable"
        );
    }

    #[test]
    fn nowhere_to_go_is_no_broadcast() {
        assert_eq!(weigh(&[]).unwrap_err().kind, FailureKind::BadRequest);
    }
}
