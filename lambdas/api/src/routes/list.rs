//! `GET /broadcasts`

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use broadcast::Status;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;

use super::table_problem;
use crate::{
    Api, Problem,
    view::{BroadcastList, BroadcastView},
};

/// How far back one looks unless the request says otherwise.
const BACK: TimeDelta = TimeDelta::days(31);
/// How far ahead; nothing is scheduled further away.
const AHEAD: TimeDelta = TimeDelta::days(367);
/// Each month is a query of its own.
const LONGEST: TimeDelta = TimeDelta::days(5 * 366);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    from: Option<String>,
    to: Option<String>,
    status: Option<String>,
}

/// Lists broadcasts by air time.
pub(crate) async fn list(
    State(api): State<Api>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<BroadcastList>, Problem> {
    let Query(filter) = filter.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let now = Utc::now();
    let from = bound("from", filter.from.as_deref())?.unwrap_or(now - BACK);
    let to = bound("to", filter.to.as_deref())?.unwrap_or(now + AHEAD);
    if to - from > LONGEST {
        return Err(Problem::bad_request(
            "from and to are more than five years apart",
        ));
    }
    let statuses = statuses(filter.status.as_deref())?;
    let broadcasts = api.table.list(from, to).await.map_err(table_problem)?;
    Ok(Json(BroadcastList {
        broadcasts: broadcasts
            .into_iter()
            .filter(|broadcast| statuses.is_empty() || statuses.contains(&broadcast.status))
            .map(|broadcast| BroadcastView::of(broadcast, &api.config))
            .collect(),
    }))
}

/// A date, which is its first instant in UTC, or an instant.
fn bound(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let date = || {
        let date: NaiveDate = text.parse().ok()?;
        Some(date.and_time(NaiveTime::MIN).and_utc())
    };
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
        .or_else(date)
        .map(Some)
        .ok_or_else(|| {
            Problem::bad_request(format!(
                "{name} {text:?} is neither a date like 2026-12-01 nor RFC 3339"
            ))
        })
}

fn statuses(text: Option<&str>) -> Result<Vec<Status>, Problem> {
    text.unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            name.parse()
                .map_err(|error: String| Problem::bad_request(error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let read = |text| bound("from", Some(text)).map(|at| at.map(|at| at.to_rfc3339()));
        assert_eq!(
            read("2026-12-01"),
            Ok(Some("2026-12-01T00:00:00+00:00".to_owned()))
        );
        assert_eq!(
            read("2026-12-01T19:30:00+02:00"),
            Ok(Some("2026-12-01T17:30:00+00:00".to_owned()))
        );
        assert!(read("december").is_err());
    }

    #[test]
    fn several_statuses() {
        assert_eq!(
            statuses(Some("on_air,failed")).unwrap(),
            [Status::OnAir, Status::Failed]
        );
        assert!(statuses(Some("live")).is_err());
    }
}
