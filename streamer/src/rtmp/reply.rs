//! What a server's command says.

use super::{
    amf0::{self, Value},
    announced::AnnouncedCodecs,
    error::ProtocolError,
};

/// A command of the server, as far as it can be read.
///
/// A value that AMF0 does not know ends the reading, no more: what precedes it, which is the name
/// and mostly all that counts, is used.
pub(crate) struct Reply {
    values: Vec<Value>,
}

/// The words of a status. Empty where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    pub level: &'a str,
    pub code: &'a str,
    pub description: &'a str,
}

impl Reply {
    /// Reads the payload of a command.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, ProtocolError> {
        let (values, error) = amf0::decode_leading(payload);
        match (values.first(), error) {
            (None | Some(Value::String(_)), None) | (Some(Value::String(_)), Some(_)) => {
                Ok(Self { values })
            }
            (_, Some(error)) => Err(ProtocolError::Command(error)),
            // A command without a name is none.
            (Some(_), None) => Ok(Self { values: Vec::new() }),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.values.first().and_then(Value::as_str).unwrap_or("")
    }

    /// The number of the command that is answered.
    pub(crate) fn transaction(&self) -> f64 {
        self.values
            .get(1)
            .and_then(Value::as_number)
            .unwrap_or_default()
    }

    /// The first value of the answer.
    pub(crate) fn answer(&self) -> Option<&Value> {
        self.values.get(3)
    }

    /// Code and description, wherever among the values they are. Some servers give their reason as
    /// a mere text.
    pub(crate) fn status(&self) -> Status<'_> {
        let values = self.values.get(2..).unwrap_or_default();
        let says = |value: &&Value| {
            let has = |name| value.get(name).and_then(Value::as_str).is_some();
            has("code") || has("description") || has("level")
        };
        match values.iter().find(says) {
            Some(object) => {
                let text = |name| object.get(name).and_then(Value::as_str).unwrap_or("");
                Status {
                    level: text("level"),
                    code: text("code"),
                    description: match text("description") {
                        // Wowza and red5 have it under other names.
                        "" => [text("details"), text("message")]
                            .into_iter()
                            .find(|text| !text.is_empty())
                            .unwrap_or(""),
                        description => description,
                    },
                }
            }
            None => Status {
                description: values.iter().find_map(Value::as_str).unwrap_or(""),
                ..Status::default()
            },
        }
    }

    /// What an answer to `connect` says of codecs.
    pub(crate) fn announced_codecs(&self) -> AnnouncedCodecs {
        AnnouncedCodecs::of(self.values.get(2..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(values: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in values {
            amf0::encode(&mut bytes, value);
        }
        bytes
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn object(properties: &[(&str, &str)]) -> Value {
        let properties = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), text(value)));
        Value::EcmaArray(properties.collect())
    }

    #[track_caller]
    fn check(values: &[Value], level: &str, code: &str, description: &str) {
        let mut bytes = encoded(&[text("_error"), Value::Number(1.0)]);
        bytes.extend(encoded(values));
        let expected = Status {
            level,
            code,
            description,
        };
        assert_eq!(Reply::read(&bytes).unwrap().status(), expected);
    }

    #[test]
    fn a_status_is_found_wherever_it_is() {
        let status = object(&[("level", "error"), ("code", "A.B"), ("description", "why")]);
        check(&[Value::Null, status.clone()], "error", "A.B", "why");
        check(std::slice::from_ref(&status), "error", "A.B", "why");
        check(&[object(&[("fmsVer", "x")]), status], "error", "A.B", "why");
        check(
            &[Value::Null, object(&[("description", "why")])],
            "",
            "",
            "why",
        );
        check(
            &[object(&[("code", "A.B"), ("details", "why")])],
            "",
            "A.B",
            "why",
        );
        check(&[Value::Null, text("no room")], "", "", "no room");
        check(&[Value::Null], "", "", "");
        check(&[], "", "", "");
    }

    #[test]
    fn what_amf0_does_not_know_ends_the_reading_and_no_more() {
        let mut bytes = encoded(&[text("_result"), Value::Number(1.0), Value::Null]);
        // AMF3 from here on.
        bytes.extend([0x11, 0x0a, 0x0b, 0x01]);
        let reply = Reply::read(&bytes).unwrap();
        assert_eq!((reply.name(), reply.transaction()), ("_result", 1.0));
        assert_eq!(reply.answer(), None);
    }

    #[test]
    fn what_has_no_name_is_no_command() {
        assert!(Reply::read(&[0x11, 1]).is_err());
        assert!(Reply::read(&[2, 0, 9, b'c']).is_err());
        assert_eq!(Reply::read(&[]).unwrap().name(), "");
        assert_eq!(Reply::read(&[5]).unwrap().name(), "");
    }
}
