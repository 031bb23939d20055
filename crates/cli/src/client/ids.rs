//! Ids, of which the beginning or the end is enough.

use broadcast::BroadcastId;
use chrono::{TimeDelta, Utc};

use super::Client;
use crate::error::CliError;

/// Broadcasts are kept this long after their air time.
const KEPT: TimeDelta = TimeDelta::days(400);

impl Client {
    /// The broadcast that is meant by a whole id, its beginning or its end.
    pub(crate) async fn resolve(&self, text: &str) -> Result<BroadcastId, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let ids = self.list(Utc::now() - KEPT).await?;
        meant(text, ids.into_iter().map(|broadcast| broadcast.id))
    }
}

fn meant(text: &str, ids: impl Iterator<Item = BroadcastId>) -> Result<BroadcastId, CliError> {
    let text = text.trim().to_ascii_lowercase();
    let mut found: Vec<BroadcastId> = ids
        .filter(|id| {
            !text.is_empty() && (id.as_str().starts_with(&text) || id.as_str().ends_with(&text))
        })
        .collect();
    match (found.pop(), found.len()) {
        (Some(id), 0) => Ok(id),
        (None, _) => Err(CliError::usage(format!(
            "no broadcast has an id that begins or ends with {}; `matinee list --all` shows them",
            api::echo(&text)
        ))),
        (Some(last), _) => {
            found.push(last);
            let names: Vec<&str> = found.iter().map(BroadcastId::as_str).take(5).collect();
            Err(CliError::usage(format!(
                "{text:?} may mean {} broadcasts ({}{}); type more of the id",
                found.len(),
                names.join(", "),
                if found.len() > names.len() {
                    ", …"
                } else {
                    ""
                }
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(text: &str) -> Result<String, String> {
        let ids = [
            "20261201-1930-abcd",
            "20261201-1930-bbcd",
            "20261224-1800-zzzz",
        ];
        let ids = ids.into_iter().map(|id| id.parse().unwrap());
        meant(text, ids)
            .map(|id| id.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_beginning_or_the_end_is_enough() {
        assert_eq!(among("abcd").as_deref(), Ok("20261201-1930-abcd"));
        assert_eq!(among("ZZ").as_deref(), Ok("20261224-1800-zzzz"));
        assert_eq!(among("20261224").as_deref(), Ok("20261224-1800-zzzz"));
        assert!(among("bcd").unwrap_err().contains("may mean 2 broadcasts"));
        assert!(among("").unwrap_err().contains("no broadcast"));
        assert!(among("x").unwrap_err().contains("no broadcast"));
        for key in ["FB-SECRETKEY", "live_1_secretkey", "secr-etke-yabc-defg"] {
            let fault = among(key).unwrap_err();
            assert!(!fault.to_lowercase().contains("secr"), "{fault}");
        }
    }
}
