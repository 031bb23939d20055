//! A `Publish` request, with its limits.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use std::collections::BTreeMap;

use crate::{arn, error::AwsError, query::Form};

/// Subject and message attributes count too, but a subject is short.
const MESSAGE_BYTES: usize = 256 * 1024;
const SUBJECT_CHARACTERS: usize = 100;

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publication {
    /// The topic's name.
    pub(super) topic: String,
    pub(super) subject: Option<String>,
    pub(super) message: String,
    pub(super) attributes: BTreeMap<String, Attribute>,
}

/// A message attribute. Binary ones are not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) data_type: String,
    pub(super) value: String,
}

impl Publication {
    pub(super) fn read(form: &Form) -> Result<Self, AwsError> {
        let topic = form
            .get("TopicArn")
            .or_else(|| form.get("TargetArn"))
            .ok_or_else(|| {
                invalid("TopicArn or TargetArn Reason: no value for required parameter")
            })?;
        let message = form.get("Message").unwrap_or_default();
        if message.is_empty() {
            return Err(invalid("Empty message"));
        }
        let attributes = attributes(form)?;
        let size: usize = attributes
            .iter()
            .map(|(name, one)| name.len() + one.data_type.len() + one.value.len())
            .sum();
        if message.len() + size > MESSAGE_BYTES {
            return Err(invalid("Message too long"));
        }
        let subject = form.get("Subject");
        if subject.is_some_and(|subject| !is_subject(subject)) {
            return Err(invalid("Subject"));
        }
        Ok(Self {
            topic: name(topic)?.to_owned(),
            subject: subject.map(str::to_owned),
            message: message.to_owned(),
            attributes,
        })
    }
}

/// The name in the ARN of a topic of this account and region.
fn name(topic: &str) -> Result<&str, AwsError> {
    if topic.split(':').count() != 6 || !topic.starts_with("arn:") {
        let reason = "TopicArn Reason: An ARN must have at least 6 elements";
        return Err(invalid(reason));
    }
    topic
        .strip_prefix(arn::topic("").as_str())
        .ok_or_else(not_found)
}

pub(super) fn not_found() -> AwsError {
    AwsError::new("NotFound", "Topic does not exist").status(http::StatusCode::NOT_FOUND)
}

/// "ASCII text that begins with a letter, number, or punctuation mark; must not include line
/// breaks or control characters; and must be less than 100 characters long"; 100 are taken.
fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_CHARACTERS).contains(&text.len())
        && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
        && !text.starts_with(' ')
}

fn attributes(form: &Form) -> Result<BTreeMap<String, Attribute>, AwsError> {
    let mut attributes = BTreeMap::new();
    for number in 1.. {
        let member = |member: &str| form.get(&format!("MessageAttributes.entry.{number}.{member}"));
        let Some(name) = member("Name") else { break };
        let data_type = member("Value.DataType").unwrap_or_default();
        let base = data_type.split('.').next().unwrap_or_default();
        if !matches!(base, "String" | "Number") {
            return Err(unusable(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of \
                 supported type prefixes is Binary, Number, and String."
            )));
        }
        let value = member("Value.StringValue").unwrap_or_default();
        if value.is_empty() {
            return Err(unusable(format!(
                "The message attribute '{name}' must contain non-empty message attribute value \
                 for message attribute type '{data_type}'."
            )));
        }
        let attribute = Attribute {
            data_type: data_type.to_owned(),
            value: value.to_owned(),
        };
        attributes.insert(name.to_owned(), attribute);
    }
    Ok(attributes)
}

fn invalid(what: &str) -> AwsError {
    AwsError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn unusable(message: String) -> AwsError {
    AwsError::new("ParameterValueInvalid", message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(form: &str) -> Result<Publication, String> {
        let form = Form::read(&Bytes::from(form.to_owned()));
        Publication::read(&form).map_err(|error| format!("{}: {}", error.code, error.message))
    }

    fn with(more: &str) -> String {
        format!("Action=Publish&TopicArn={}{more}", arn::topic("t"))
    }

    #[test]
    fn what_is_published() {
        let form = with(
            "&Message=It+is+over.&Subject=Aired%3A%20A%20talk\
             &MessageAttributes.entry.1.Name=status\
             &MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=aired",
        );
        let status = Attribute {
            data_type: "String".to_owned(),
            value: "aired".to_owned(),
        };
        assert_eq!(
            read(&form),
            Ok(Publication {
                topic: "t".to_owned(),
                subject: Some("Aired: A talk".to_owned()),
                message: "It is over.".to_owned(),
                attributes: BTreeMap::from([("status".to_owned(), status)]),
            })
        );
    }

    #[track_caller]
    fn check(form: &str, refusal: &str) {
        let refused = read(form).unwrap_err();
        assert!(refused.starts_with(refusal), "{refused}");
    }

    #[test]
    fn limits() {
        let subject = |subject: &str| with(&format!("&Message=m&Subject={subject}"));
        assert!(read(&subject(&"x".repeat(100))).is_ok());
        for wrong in ["", "+x", "x%0A", "%C3%A4", &"x".repeat(101)] {
            check(
                &subject(wrong),
                "InvalidParameter: Invalid parameter: Subject",
            );
        }
        let message = |length| with(&format!("&Message={}", "x".repeat(length)));
        assert!(read(&message(256 * 1024)).is_ok());
        check(
            &message(0),
            "InvalidParameter: Invalid parameter: Empty message",
        );
        let long = "InvalidParameter: Invalid parameter: Message too long";
        check(&message(256 * 1024 + 1), long);
        let attribute = with("&Message=m&MessageAttributes.entry.1.Name=a");
        check(
            &attribute,
            "ParameterValueInvalid: The message attribute 'a' has an invalid",
        );
        let empty = format!("{attribute}&MessageAttributes.entry.1.Value.DataType=String");
        check(
            &empty,
            "ParameterValueInvalid: The message attribute 'a' must contain",
        );
        check(
            "TopicArn=t&Message=m",
            "InvalidParameter: Invalid parameter: TopicArn",
        );
        check(
            "Message=m",
            "InvalidParameter: Invalid parameter: TopicArn or",
        );
        let elsewhere = "TopicArn=arn:aws:sns:eu-west-1:1:t&Message=m";
        check(elsewhere, "NotFound: Topic does not exist");
    }
}
