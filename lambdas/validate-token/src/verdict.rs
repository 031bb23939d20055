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
}

impl Verdict {
    pub(crate) fn accepted(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: None,
            reason: None,
        }
    }

    pub(crate) fn refused(name: &str, failure: &Failure) -> Self {
        Self {
            name: name.to_owned(),
            kind: Some(failure.kind),
            reason: Some(failure.message.clone()),
        }
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
    let kinds: Vec<FailureKind> = verdicts.iter().filter_map(|verdict| verdict.kind).collect();
    if verdicts.is_empty() {
        return Err(Failure::new(
            FailureKind::BadRequest,
            "the broadcast has no destination",
        ));
    }
    if kinds.len() < verdicts.len() {
        return Ok(());
    }
    let kind = BY_HOPE
        .into_iter()
        .find(|kind| kinds.contains(kind))
        .unwrap_or(kinds[0]);
    let reasons: Vec<String> = verdicts
        .iter()
        .map(|verdict| {
            format!(
                "{}: {}",
                verdict.name,
                verdict.reason.as_deref().unwrap_or("")
            )
        })
        .collect();
    Err(Failure::new(kind, reasons.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, kind: FailureKind) -> Verdict {
        Verdict::refused(name, &Failure::new(kind, format!("says {kind}")))
    }

    #[test]
    fn one_good_destination_is_enough() {
        let verdicts = [
            refused("facebook", FailureKind::TokenRejected),
            Verdict::accepted("youtube"),
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
