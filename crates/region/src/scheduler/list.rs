//! `ListSchedules` and `ListScheduleGroups`.

use serde_json::{Value, json};

use super::{api::summary, groups, rows};
use crate::{
    error::AwsError,
    front::Call,
    page::{Page, page},
    store::Store,
};

pub(super) async fn schedules(store: &Store, call: &Call) -> Result<Value, AwsError> {
    let group = call.query("ScheduleGroup").map(str::to_owned);
    let mut schedules = store
        .transaction(move |transaction| {
            if let Some(group) = &group {
                groups::check_exists(transaction, group)?;
            }
            let mut schedules = rows::all(transaction)?;
            schedules
                .retain(|schedule| group.as_ref().is_none_or(|group| *group == schedule.group));
            Ok::<_, AwsError>(schedules)
        })
        .await?;
    let prefix = call.query("NamePrefix").unwrap_or_default();
    schedules.retain(|schedule| schedule.name.starts_with(prefix));
    if let Some(state) = call.query("State") {
        schedules.retain(|schedule| json!(schedule.definition.state) == state);
    }
    let page = page(
        schedules,
        page_size(call)?,
        call.query("NextToken"),
        |schedule| {
            // Sorted as the table is: by group, then by name. A name holds no NUL.
            format!("{}\0{}", schedule.group, schedule.name)
        },
    )?;
    Ok(listed("Schedules", page, summary))
}

pub(super) async fn groups(store: &Store, call: &Call) -> Result<Value, AwsError> {
    let mut groups = store
        .transaction(|transaction| {
            let groups = transaction
                .prepare_cached("SELECT name, created_at FROM schedule_group ORDER BY name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(String, i64)>, _>>()?;
            Ok::<_, AwsError>(groups)
        })
        .await?;
    let prefix = call.query("NamePrefix").unwrap_or_default();
    groups.retain(|(name, _)| name.starts_with(prefix));
    let page = page(
        groups,
        page_size(call)?,
        call.query("NextToken"),
        |(name, _)| name.clone(),
    )?;
    Ok(listed("ScheduleGroups", page, |(name, created_at)| {
        groups::description(name, *created_at)
    }))
}

fn page_size(call: &Call) -> Result<usize, AwsError> {
    let size = call.query("MaxResults").map_or(Ok(100), str::parse);
    size.ok()
        .filter(|size| (1..=100).contains(size))
        .ok_or_else(|| AwsError::validation("MaxResults must be from 1 to 100"))
}

fn listed<T>(name: &str, page: Page<T>, describe: impl Fn(&T) -> Value) -> Value {
    let mut answer = json!({});
    answer[name] = page.items.iter().map(describe).collect();
    if let Some(next) = page.next {
        answer["NextToken"] = json!(next);
    }
    answer
}
