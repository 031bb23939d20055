//! Starting, describing and listing executions.

use std::sync::Arc;

use asl::{Execution, StartInput};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    actor::{Message, history_rows},
    arguments::{Arguments, check_name, no_execution, no_machine},
    engine::Shared,
    execution_rows, machine_rows,
    machines::being_deleted,
    paging,
    record::{ExecutionRecord, MachineRecord, seconds},
    status_event, validation,
};
use crate::{arn, error::AwsError, store::StoreError};

pub(super) async fn start(shared: &Arc<Shared>, arguments: &Arguments) -> Result<Value, AwsError> {
    let machine_name = arguments.state_machine()?.to_owned();
    let name = match arguments.optional("name")? {
        Some(name) => name.to_owned(),
        None => Uuid::new_v4().to_string(),
    };
    check_name(&name)?;
    let input = arguments.optional("input")?.unwrap_or("{}").to_owned();
    let parsed = parse_input(&input)?;

    let key = machine_name.clone();
    let machine = shared.seams.store.transaction(move |transaction| {
        machine_rows::get(transaction, &key).map_err(StoreError::from)
    });
    let machine = machine
        .await?
        .ok_or_else(|| no_machine(&arn::state_machine(&machine_name)))?;
    if machine.deleting {
        return Err(being_deleted(&machine));
    }
    let record = begin(shared, &machine, name, input, parsed).await?;
    Ok(json!({"executionArn": record.arn, "startDate": seconds(record.started_at)}))
}

fn parse_input(text: &str) -> Result<Value, AwsError> {
    if text.len() > asl::limits::PAYLOAD_BYTES {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to {}",
            asl::limits::PAYLOAD_BYTES
        )));
    }
    serde_json::from_str(text).map_err(|error| {
        AwsError::new(
            "InvalidExecutionInput",
            format!("Invalid State Machine Execution Input: '{error}'"),
        )
    })
}

/// Starts an execution, or answers with the one that is running already with this name and input.
async fn begin(
    shared: &Arc<Shared>,
    machine: &MachineRecord,
    name: String,
    input: String,
    parsed: Value,
) -> Result<ExecutionRecord, AwsError> {
    let definition = validation::definition(&machine.definition)?;
    let now = shared.seams.clock.now();
    let start = StartInput {
        execution_arn: arn::execution(&machine.name, &name),
        name: name.clone(),
        role_arn: machine.role_arn.clone(),
        state_machine_arn: machine.arn(),
        state_machine_name: machine.name.clone(),
        input: parsed.clone(),
    };
    let mut record = ExecutionRecord {
        arn: start.execution_arn.clone(),
        name,
        state_machine: machine.name.clone(),
        status: String::new(),
        started_at: now,
        stopped_at: None,
        input,
        output: None,
        error: None,
        cause: None,
        events: 0,
        redrive_count: 0,
        redriven_at: None,
        redrive_token: None,
    };
    let random = Uuid::new_v4().as_u64_pair().0;
    let started =
        tokio::task::spawn_blocking(move || Execution::start(&definition, start, now, random));
    let (execution, step) = started.await.map_err(|error| AwsError::internal(&error))?;
    let internal = |error: serde_json::Error| AwsError::internal(&error);
    let state = serde_json::to_string(&execution).map_err(internal)?;
    let history = history_rows(&step).map_err(internal)?;
    record.update(&execution, now);

    let (revision, events) = (machine.revision.clone(), shared.seams.events.clone());
    let (mut record, is_new) = shared
        .seams
        .store
        .transaction(move |transaction| {
            execution_rows::prune(transaction, now)?;
            if let Some(earlier) = execution_rows::get(transaction, &record.arn)? {
                let same =
                    serde_json::from_str(&earlier.input).is_ok_and(|input: Value| input == parsed);
                return if earlier.is_running() && same {
                    Ok((earlier, false))
                } else {
                    Err(AwsError::new(
                        "ExecutionAlreadyExists",
                        format!("Execution Already Exists: '{}'", earlier.arn),
                    ))
                };
            }
            execution_rows::insert(transaction, &record, &revision, &state)?;
            execution_rows::update(transaction, &record, &state)?;
            execution_rows::append_history(transaction, &record.arn, &history)?;
            let mut running = record.clone();
            asl::Status::Running.name().clone_into(&mut running.status);
            (running.stopped_at, running.output) = (None, None);
            (running.error, running.cause) = (None, None);
            events.execution_status_change(transaction, &status_event::detail(&running, now))?;
            if !record.is_running() {
                events.execution_status_change(transaction, &status_event::detail(&record, now))?;
            }
            Ok::<_, AwsError>((record, true))
        })
        .await?;
    if is_new && record.is_running() {
        shared.tell(&record.arn, Message::Go);
    }
    record.redrive_token = None;
    Ok(record)
}

pub(super) async fn describe(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let arn = arguments.execution()?.to_owned();
    let include_data = arguments.optional("includedData")? != Some("METADATA_ONLY");
    let key = arn.clone();
    let record = shared.seams.store.transaction(move |transaction| {
        execution_rows::get(transaction, &key).map_err(StoreError::from)
    });
    let record = record.await?.ok_or_else(|| no_execution(&arn))?;
    Ok(record.describe(include_data, shared.seams.clock.now()))
}

pub(super) async fn list(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let page = arguments.max_results()?;
    let name = arguments.state_machine()?.to_owned();
    let filter = execution_rows::Filter {
        state_machine: name.clone(),
        status: arguments.optional("statusFilter")?.map(str::to_owned),
        redriven: arguments
            .optional("redriveFilter")?
            .map(|text| text == "REDRIVEN"),
        after: paging::position(arguments)?,
        limit: paging::rows(page),
    };
    let records = shared.seams.store.transaction(move |transaction| {
        if machine_rows::get(transaction, &filter.state_machine)?.is_none() {
            return Ok::<_, StoreError>(None);
        }
        let records = execution_rows::list(transaction, &filter)?;
        Ok(Some(records))
    });
    let records = records
        .await?
        .ok_or_else(|| no_machine(&arn::state_machine(&name)))?;
    let (records, token) = paging::cut(records, page, |last| {
        (last.started_at.timestamp_millis(), last.arn.clone())
    })?;
    let executions: Vec<Value> = records
        .iter()
        .map(|record| Value::Object(record.summary()))
        .collect();
    let mut answer = json!({"executions": executions});
    if let Some(token) = token {
        answer["nextToken"] = json!(token);
    }
    Ok(answer)
}
