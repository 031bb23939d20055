//! JSON with `{% expressions %}` at any depth.

use serde_json::{Map, Value};

use crate::jsonata::{Expression, Scope};

/// A payload template: JSON in which every string between `{%` and `%}` is an expression.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    Literal(Value),
    Expression(Expression),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TemplateError {
    /// The field, such as `Arguments/Payload/id`.
    pub(crate) location: String,
    /// Step Functions' sentence about the expression.
    pub(crate) message: String,
}

impl Template {
    /// Compiles `value`; `report` is told the path below this value and the reason of each
    /// expression that does not compile.
    pub(crate) fn parse(value: &Value, path: &str, report: &mut dyn FnMut(&str, String)) -> Self {
        match value {
            Value::String(text) => match expression_source(text) {
                None => Self::Literal(value.clone()),
                Some(source) => match Expression::compile(source) {
                    Ok(expression) => Self::Expression(expression),
                    Err(reason) => {
                        report(path, reason);
                        Self::Literal(Value::Null)
                    }
                },
            },
            Value::Array(items) => Self::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| Self::parse(item, &format!("{path}[{i}]"), report))
                    .collect(),
            ),
            Value::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(name, field)| {
                        let field = Self::parse(field, &format!("{path}/{name}"), report);
                        (name.clone(), field)
                    })
                    .collect(),
            ),
            other => Self::Literal(other.clone()),
        }
    }

    /// The value in `scope`. `location` is the name of the field that holds the template.
    pub(crate) fn evaluate(&self, scope: &Scope, location: &str) -> Result<Value, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => evaluate(expression, scope, location),
            Self::Array(items) => items
                .iter()
                .enumerate()
                .map(|(i, item)| item.evaluate(scope, &format!("{location}[{i}]")))
                .collect(),
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| {
                    let value = field.evaluate(scope, &format!("{location}/{name}"))?;
                    Ok((name.clone(), value))
                });
                Ok(Value::Object(fields.collect::<Result<Map<_, _>, _>>()?))
            }
        }
    }

    /// The value, which must be of the JSON type that `accept` takes and `expected` names.
    pub(crate) fn evaluate_as<T>(
        &self,
        scope: &Scope,
        location: &str,
        expected: &str,
        accept: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, TemplateError> {
        let value = self.evaluate(scope, location)?;
        accept(&value).ok_or_else(|| TemplateError {
            location: location.to_owned(),
            message: format!(
                "{} returned an unexpected result type. Expected '{expected}', but was '{}' for value: {value}",
                self.subject(location),
                type_name(&value),
            ),
        })
    }

    /// Changes the error of a value that has the right type but is out of range.
    pub(crate) fn out_of_range(&self, location: &str, rule: &str, value: &Value) -> TemplateError {
        TemplateError {
            location: location.to_owned(),
            message: format!(
                "{} returned a value out of range: {value}. {rule}",
                self.subject(location)
            ),
        }
    }

    fn subject(&self, location: &str) -> String {
        match self {
            Self::Expression(expression) => subject(expression, location),
            _ => format!("The value specified for the field '{location}'"),
        }
    }
}

fn evaluate(
    expression: &Expression,
    scope: &Scope,
    location: &str,
) -> Result<Value, TemplateError> {
    let reason = match expression.evaluate(scope) {
        Ok(Some(value)) => return Ok(value),
        Ok(None) => "returned nothing (undefined).".to_owned(),
        Err(error) => format!("threw an error during evaluation. {error}"),
    };
    Err(TemplateError {
        location: location.to_owned(),
        message: format!("{} {reason}", subject(expression, location)),
    })
}

fn subject(expression: &Expression, location: &str) -> String {
    format!(
        "The JSONata expression '{}' specified for the field '{location}'",
        expression.source()
    )
}

/// The text between the delimiters. They must be the first and the last characters: with a
/// space before `{%` the string is literal.
pub(crate) fn expression_source(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}

/// The name of a value's JSON type in the messages of Step Functions.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::random::Random;

    fn evaluate(template: &Value) -> Result<Value, TemplateError> {
        let scope = Scope::new(json!({"input": {"a": 1}}), &Map::new(), 0, Random::new(0));
        let template = Template::parse(template, "", &mut |path, reason| {
            panic!("{path}: {reason}");
        });
        template.evaluate(&scope, "Output")
    }

    #[test]
    fn expressions_are_evaluated_at_any_depth() {
        assert_eq!(
            evaluate(
                &json!({"x": ["{% $states.input.a + 1 %}", {"y": "{%$states.input%}"}], "z": 1})
            ),
            Ok(json!({"x": [2, {"y": {"a": 1}}], "z": 1}))
        );
    }

    #[test]
    fn other_strings_are_literal() {
        for text in [" {% 1 %}", "{% 1 %} ", "{%", "%}", "$states.input", ""] {
            assert_eq!(evaluate(&json!(text)), Ok(json!(text)));
        }
    }

    #[test]
    fn errors_carry_the_location() {
        let error = evaluate(&json!({"x": [1, "{% $no %}"]})).unwrap_err();
        assert_eq!(error.location, "Output/x[1]");
        assert_eq!(
            error.message,
            "The JSONata expression '$no' specified for the field 'Output/x[1]' returned nothing (undefined)."
        );
    }

    #[test]
    fn bad_expressions_are_reported_with_their_path() {
        let mut reports = Vec::new();
        Template::parse(&json!({"x": ["{% 1 + %}"]}), "/Output", &mut |path, _| {
            reports.push(path.to_owned());
        });
        assert_eq!(reports, ["/Output/x[0]"]);
    }
}
