//! Renders the definition with placeholders that are read from standard input as JSON:
//! `{"cluster_arn": "arn:…", "subnet_ids": ["subnet-…"], …}`.

use std::{error::Error, io};

use serde_json::Value;
use state_machines::{Placeholders, render};

fn main() -> Result<(), Box<dyn Error>> {
    let given: Value = serde_json::from_reader(io::stdin())?;
    let text = |name: &str| -> Result<String, String> {
        let value = given[name].as_str();
        Ok(value.ok_or_else(|| format!("no text {name}"))?.to_owned())
    };
    let texts = |name: &str| -> Result<Vec<String>, Box<dyn Error>> {
        serde_json::from_value(given[name].clone())
            .map_err(|error| format!("{name}: {error}").into())
    };
    let rendered = render(&Placeholders {
        validate_token_function_arn: text("validate_token_function_arn")?,
        persist_function_arn: text("persist_function_arn")?,
        record_outcome_function_arn: text("record_outcome_function_arn")?,
        cluster_arn: text("cluster_arn")?,
        task_definition_arn: text("task_definition_arn")?,
        container_name: text("container_name")?,
        subnet_ids: texts("subnet_ids")?,
        security_group_ids: texts("security_group_ids")?,
    })?;
    print!("{rendered}");
    Ok(())
}
