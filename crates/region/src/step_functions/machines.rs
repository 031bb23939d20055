//! State machines.

use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    arguments::{Arguments, check_name, no_execution, no_machine},
    engine::Shared,
    machine_rows, paging,
    record::{MachineRecord, seconds},
    validation,
};
use crate::{arn, error::AwsError, store::StoreError};

/// Makes the state machine what the program brings. Running executions keep their revision.
pub(super) fn register(
    transaction: &Transaction<'_>,
    name: &str,
    definition: String,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    check_name(name)?;
    validation::definition(&definition)?;
    let earlier = machine_rows::get(transaction, name)?;
    let machine = match earlier {
        Some(earlier) if earlier.definition == definition => return Ok(()),
        Some(earlier) => revised(earlier, now, Some(definition), None),
        None => new(name, definition, arn::role(name), now),
    };
    machine_rows::put(transaction, &machine)?;
    Ok(())
}

fn new(name: &str, definition: String, role_arn: String, now: DateTime<Utc>) -> MachineRecord {
    MachineRecord {
        name: name.to_owned(),
        revision: Uuid::new_v4().to_string(),
        updated: false,
        deleting: false,
        created_at: now,
        updated_at: now,
        definition,
        role_arn,
    }
}

fn revised(
    earlier: MachineRecord,
    now: DateTime<Utc>,
    definition: Option<String>,
    role_arn: Option<String>,
) -> MachineRecord {
    MachineRecord {
        revision: Uuid::new_v4().to_string(),
        updated: true,
        updated_at: now,
        definition: definition.unwrap_or(earlier.definition),
        role_arn: role_arn.unwrap_or(earlier.role_arn),
        ..earlier
    }
}

pub(super) async fn create(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let name = arguments.required("name")?.to_owned();
    check_name(&name)?;
    let definition = arguments.required("definition")?.to_owned();
    let role_arn = role(arguments.required("roleArn")?)?;
    match arguments.optional("type")? {
        None | Some("STANDARD") => {}
        Some(other) => {
            return Err(AwsError::new(
                "StateMachineTypeNotSupported",
                format!("the type {other} is not supported on this machine"),
            ));
        }
    }
    refuse_versions(arguments)?;
    validation::definition(&definition)?;
    let now = shared.seams.clock.now();
    let machine = new(&name, definition, role_arn, now);
    let created = shared.seams.store.transaction(move |transaction| {
        match machine_rows::get(transaction, &machine.name)? {
            None => {
                machine_rows::put(transaction, &machine)?;
                Ok(machine)
            }
            Some(earlier) if earlier.deleting => Err(being_deleted(&earlier)),
            // Creating the same once more is not an error.
            Some(earlier)
                if earlier.definition == machine.definition
                    && earlier.role_arn == machine.role_arn =>
            {
                Ok(earlier)
            }
            Some(earlier) => Err(AwsError::new(
                "StateMachineAlreadyExists",
                format!("State Machine Already Exists: '{}'", earlier.arn()),
            )),
        }
    });
    let machine = created.await?;
    Ok(json!({"stateMachineArn": machine.arn(), "creationDate": seconds(machine.created_at)}))
}

pub(super) async fn update(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let name = arguments.state_machine()?.to_owned();
    refuse_versions(arguments)?;
    let definition = arguments.optional("definition")?.map(str::to_owned);
    let role_arn = arguments.optional("roleArn")?.map(role).transpose()?;
    let others = ["loggingConfiguration", "tracingConfiguration"];
    if definition.is_none()
        && role_arn.is_none()
        && others.iter().all(|member| arguments.0[member].is_null())
    {
        return Err(AwsError::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        ));
    }
    if let Some(definition) = &definition {
        validation::definition(definition)?;
    }
    let now = shared.seams.clock.now();
    let updated = shared.seams.store.transaction(move |transaction| {
        let Some(earlier) = machine_rows::get(transaction, &name)? else {
            return Err(no_machine(&arn::state_machine(&name)));
        };
        if earlier.deleting {
            return Err(being_deleted(&earlier));
        }
        let same = |new: &Option<String>, old: &str| new.as_ref().is_none_or(|new| new == old);
        if same(&definition, &earlier.definition) && same(&role_arn, &earlier.role_arn) {
            return Ok(earlier);
        }
        let machine = revised(earlier, now, definition, role_arn);
        machine_rows::put(transaction, &machine)?;
        Ok(machine)
    });
    let machine = updated.await?;
    Ok(json!({"updateDate": seconds(now), "revisionId": machine.revision}))
}

pub(super) async fn delete(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let name = arguments.state_machine()?.to_owned();
    let deleted = shared.seams.store.transaction(move |transaction| {
        machine_rows::mark_deleting(transaction, &name)?;
        machine_rows::remove_if_idle(transaction, &name)?;
        Ok::<_, StoreError>(())
    });
    deleted.await?;
    Ok(json!({}))
}

pub(super) async fn describe(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let name = arguments.state_machine()?.to_owned();
    let key = name.clone();
    let machine = shared.seams.store.transaction(move |transaction| {
        machine_rows::get(transaction, &key).map_err(StoreError::from)
    });
    let machine = machine.await?;
    let machine = machine.ok_or_else(|| no_machine(&arn::state_machine(&name)))?;
    Ok(machine.describe())
}

pub(super) async fn describe_for_execution(
    shared: &Shared,
    arguments: &Arguments,
) -> Result<Value, AwsError> {
    let execution = arguments.execution()?.to_owned();
    let key = execution.clone();
    let machine = shared.seams.store.transaction(move |transaction| {
        machine_rows::of_execution(transaction, &key).map_err(StoreError::from)
    });
    let machine = machine.await?.ok_or_else(|| no_execution(&execution))?;
    Ok(machine.describe_for_execution())
}

pub(super) async fn list(shared: &Shared, arguments: &Arguments) -> Result<Value, AwsError> {
    let page = arguments.max_results()?;
    let after: Option<String> = paging::position(arguments)?;
    let machines = shared.seams.store.transaction(move |transaction| {
        let after = after.unwrap_or_default();
        machine_rows::list(transaction, &after, paging::rows(page)).map_err(StoreError::from)
    });
    let (machines, token) = paging::cut(machines.await?, page, |last| last.name.clone())?;
    let machines: Vec<Value> = machines.iter().map(MachineRecord::summary).collect();
    let mut answer = json!({"stateMachines": machines});
    if let Some(token) = token {
        answer["nextToken"] = json!(token);
    }
    Ok(answer)
}

pub(super) fn being_deleted(machine: &MachineRecord) -> AwsError {
    AwsError::new(
        "StateMachineDeleting",
        format!("State Machine is being deleted: '{}'", machine.arn()),
    )
}

/// Roles are named in ARNs but not checked here: everything runs as this machine's user.
fn role(arn: &str) -> Result<String, AwsError> {
    if arn.starts_with("arn:") {
        Ok(arn.to_owned())
    } else {
        Err(AwsError::new(
            "InvalidArn",
            format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"),
        ))
    }
}

fn refuse_versions(arguments: &Arguments) -> Result<(), AwsError> {
    if arguments.flag("publish")? == Some(true) {
        return Err(AwsError::validation(
            "versions of state machines are not supported on this machine",
        ));
    }
    Ok(())
}
