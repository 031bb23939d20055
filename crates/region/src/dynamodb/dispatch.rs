//! From an operation's name and JSON to the embedded database and back.
//!
//! The database's own HTTP server listens on a port of its own and lets everybody in, so its
//! typed calls are used instead.

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

/// Marks by which the database's request types say which error a bad value is, see its
/// `serde_errors`.
const SERIALIZATION_MARKS: [&str; 2] = ["SERIALIZATION_AS_READ:", "SERIALIZATION:"];
const VALIDATION_MARKS: [&str; 3] = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"];

/// The response's JSON; `None` for an operation that is not known.
pub(super) fn dispatch(
    database: &Database,
    operation: &str,
    body: &str,
) -> Result<Option<String>, DynoxideError> {
    macro_rules! operations {
        ($($name:literal => $method:ident,)*) => {
            match operation {
                $($name => database.$method(read(body)?).and_then(|response| write(&response)).map(Some),)*
                _ => Ok(None),
            }
        };
    }
    let answered = operations! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    };
    answered.map_err(|error| enveloped(operation, error))
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(body).map_err(|error| {
        let text = error.to_string();
        let marked = |marks: &[&str]| {
            let rest = marks.iter().find_map(|mark| text.strip_prefix(mark))?;
            Some(without_position(rest).to_owned())
        };
        if let Some(text) = marked(&SERIALIZATION_MARKS) {
            DynoxideError::SerializationException(text)
        } else if let Some(text) = marked(&VALIDATION_MARKS) {
            DynoxideError::ValidationException(text)
        } else if error.is_data() && !text.starts_with("invalid type") {
            DynoxideError::ValidationException(without_position(&text).to_owned())
        } else {
            DynoxideError::SerializationException(without_position(&text).to_owned())
        }
    })
}

fn write(response: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// serde_json's text without its " at line 1 column 42".
fn without_position(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

/// The three writes word a refused value as "1 validation error detected: …".
fn enveloped(operation: &str, error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(text) => {
            DynoxideError::ValidationException(match operation {
                "PutItem" | "UpdateItem" | "DeleteItem" => {
                    format!("1 validation error detected: {text}")
                }
                _ => text,
            })
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(database: &Database, operation: &str, body: &str) -> String {
        match dispatch(database, operation, body) {
            Ok(Some(body)) => body,
            Ok(None) => "unknown".to_owned(),
            Err(error) => error.to_json(),
        }
    }

    fn table() -> Database {
        let database = Database::memory().unwrap();
        let created = call(
            &database,
            "CreateTable",
            r#"{"TableName": "things", "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST"}"#,
        );
        assert!(created.contains("TableDescription"), "{created}");
        database
    }

    #[track_caller]
    fn check(operation: &str, body: &str, expected: &str) {
        let answer = call(&table(), operation, body);
        assert!(answer.contains(expected), "{answer}");
    }

    #[test]
    fn answers_and_errors() {
        check("ListTables", "{}", r#"["things"]"#);
        check("Nonsense", "{}", "unknown");
        check("PutItem", "{", "SerializationException");
        check("PutItem", r#"{"TableName": 1}"#, "SerializationException");
        check(
            "PutItem",
            r#"{"TableName": "things"}"#,
            "ValidationException",
        );
        check(
            "GetItem",
            r#"{"TableName": "none", "Key": {"PK": {"S": "a"}}}"#,
            "ResourceNotFoundException",
        );
        check(
            "PutItem",
            r#"{"TableName": "things", "Item": {"PK": {"S": "a"}}, "ConditionExpression": "attribute_exists(PK)"}"#,
            "ConditionalCheckFailedException",
        );
    }
}
