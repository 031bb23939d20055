//! ECS says `taskArn`, Step Functions says `TaskArn` of the same thing.

use serde_json::{Map, Value};

/// The value with every object key beginning in upper case.
pub(crate) fn capitalised(value: &Value) -> Value {
    keys(value, &|first| first.to_ascii_uppercase())
}

/// The value with every object key beginning in lower case.
pub(crate) fn decapitalised(value: &Value) -> Value {
    keys(value, &|first| first.to_ascii_lowercase())
}

/// The name beginning in lower case.
pub(crate) fn decapitalised_name(name: &str) -> String {
    first_letter(name, &|first| first.to_ascii_lowercase())
}

fn first_letter(name: &str, first: &impl Fn(char) -> char) -> String {
    let mut letters = name.chars();
    let head = letters.next().map(first);
    head.into_iter().chain(letters).collect()
}

fn keys(value: &Value, first: &impl Fn(char) -> char) -> Value {
    match value {
        Value::Object(members) => {
            let renamed: Map<String, Value> = members
                .iter()
                .map(|(key, value)| (first_letter(key, first), keys(value, first)))
                .collect();
            Value::Object(renamed)
        }
        Value::Array(items) => items.iter().map(|item| keys(item, first)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let api = json!({"overrides": {"containerOverrides": [{"environment": [{"name": "A", "value": "b"}]}]}});
        let states = json!({"Overrides": {"ContainerOverrides": [{"Environment": [{"Name": "A", "Value": "b"}]}]}});
        assert_eq!(capitalised(&api), states);
        assert_eq!(decapitalised(&states), api);
        assert_eq!(decapitalised(&api), api);
    }
}
