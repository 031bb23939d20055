//! AMF0, the encoding of commands and metadata ("Action Message Format -- AMF 0", 2007).
//!
//! Decoding allocates in proportion to its input and no more: counts that the input claims are
//! never trusted.

/// How deep values may nest; servers' answers have three levels.
const MAX_DEPTH: usize = 16;

/// One AMF0 value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A double.
    Number(f64),
    /// A boolean.
    Boolean(bool),
    /// A string, short or long.
    String(String),
    /// An anonymous or typed object: names and values in their order.
    Object(Vec<(String, Value)>),
    /// Null.
    Null,
    /// Undefined, "unsupported", or a reference, which none of the commands we read need.
    Undefined,
    /// An associative array.
    EcmaArray(Vec<(String, Value)>),
    /// A list.
    StrictArray(Vec<Value>),
    /// Milliseconds since 1970. The time zone is reserved and always written as zero.
    Date(f64),
}

impl Value {
    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A property of an object or of an associative array.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(properties) | Self::EcmaArray(properties) => properties
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Why bytes are not AMF0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Amf0Error {
    /// The input ends inside a value.
    #[error("an AMF0 value is cut short")]
    Truncated,
    /// A type that AMF0 has no value for.
    #[error("AMF0 type {0:#04x} is unknown")]
    UnknownType(u8),
    /// Nested too deep.
    #[error("AMF0 values nest deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// Decodes all values of a message.
///
/// Text that is not UTF-8 is read with replacement characters: some servers send descriptions in
/// other encodings, and a description is no reason to fail.
///
/// # Errors
/// When the bytes are not AMF0.
pub fn decode(input: &[u8]) -> Result<Vec<Value>, Amf0Error> {
    match decode_leading(input) {
        (values, None) => Ok(values),
        (_, Some(error)) => Err(error),
    }
}

/// Decodes values up to the first that is none; also says what was wrong with it.
pub(crate) fn decode_leading(mut input: &[u8]) -> (Vec<Value>, Option<Amf0Error>) {
    let mut values = Vec::new();
    while !input.is_empty() {
        match decode_value(&mut input, 0) {
            Ok(value) => values.push(value),
            Err(error) => return (values, Some(error)),
        }
    }
    (values, None)
}

/// Appends a value.
///
/// A property whose name is longer than 65,535 bytes is left out: AMF0 cannot hold it.
pub fn encode(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Number(number) => encode_number(out, *number),
        Value::Boolean(boolean) => out.extend_from_slice(&[BOOLEAN, u8::from(*boolean)]),
        Value::String(text) => encode_str(out, text),
        Value::Object(properties) => {
            out.push(OBJECT);
            encode_properties(out, properties);
        }
        Value::Null => out.push(NULL),
        Value::Undefined => out.push(UNDEFINED),
        Value::EcmaArray(properties) => {
            out.push(ECMA_ARRAY);
            out.extend_from_slice(&count(properties.len()).to_be_bytes());
            encode_properties(out, properties);
        }
        Value::StrictArray(values) => {
            out.push(STRICT_ARRAY);
            out.extend_from_slice(&count(values.len()).to_be_bytes());
            for value in values {
                encode(out, value);
            }
        }
        Value::Date(millis) => {
            out.push(DATE);
            out.extend_from_slice(&millis.to_be_bytes());
            out.extend_from_slice(&[0, 0]);
        }
    }
}

/// Appends a number.
pub(crate) fn encode_number(out: &mut Vec<u8>, number: f64) {
    out.push(NUMBER);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends a string without making a [`Value`] of it, which could be printed.
pub(crate) fn encode_str(out: &mut Vec<u8>, text: &str) {
    if let Ok(length) = u16::try_from(text.len()) {
        out.push(STRING);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(LONG_STRING);
        out.extend_from_slice(&count(text.len()).to_be_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}

const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const OBJECT: u8 = 3;
const NULL: u8 = 5;
const UNDEFINED: u8 = 6;
const REFERENCE: u8 = 7;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: u8 = 9;
const STRICT_ARRAY: u8 = 10;
const DATE: u8 = 11;
const LONG_STRING: u8 = 12;
const UNSUPPORTED: u8 = 13;
const XML_DOCUMENT: u8 = 15;
const TYPED_OBJECT: u8 = 16;

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn encode_properties(out: &mut Vec<u8>, properties: &[(String, Value)]) {
    for (name, value) in properties {
        let Ok(length) = u16::try_from(name.len()) else {
            continue;
        };
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(name.as_bytes());
        encode(out, value);
    }
    out.extend_from_slice(&[0, 0, OBJECT_END]);
}

fn decode_value(input: &mut &[u8], depth: usize) -> Result<Value, Amf0Error> {
    if depth > MAX_DEPTH {
        return Err(Amf0Error::TooDeep);
    }
    let [kind] = take(input)?;
    Ok(match kind {
        NUMBER => Value::Number(f64::from_be_bytes(take(input)?)),
        BOOLEAN => {
            let [byte] = take(input)?;
            Value::Boolean(byte != 0)
        }
        STRING => Value::String(short_text(input)?),
        LONG_STRING | XML_DOCUMENT => {
            let length = u32::from_be_bytes(take(input)?);
            Value::String(text(input, length as usize)?)
        }
        OBJECT => Value::Object(decode_properties(input, depth)?),
        TYPED_OBJECT => {
            short_text(input)?;
            Value::Object(decode_properties(input, depth)?)
        }
        NULL => Value::Null,
        UNDEFINED | UNSUPPORTED => Value::Undefined,
        REFERENCE => {
            let _index: [u8; 2] = take(input)?;
            Value::Undefined
        }
        ECMA_ARRAY => {
            // The count is a hint; the end marker decides.
            let _count: [u8; 4] = take(input)?;
            Value::EcmaArray(decode_properties(input, depth)?)
        }
        STRICT_ARRAY => {
            let count = u32::from_be_bytes(take(input)?);
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(decode_value(input, depth + 1)?);
            }
            Value::StrictArray(values)
        }
        DATE => {
            let millis = f64::from_be_bytes(take(input)?);
            let _zone: [u8; 2] = take(input)?;
            Value::Date(millis)
        }
        other => return Err(Amf0Error::UnknownType(other)),
    })
}

fn decode_properties(input: &mut &[u8], depth: usize) -> Result<Vec<(String, Value)>, Amf0Error> {
    let mut properties = Vec::new();
    loop {
        let name = short_text(input)?;
        if name.is_empty() && input.first() == Some(&OBJECT_END) {
            *input = &input[1..];
            return Ok(properties);
        }
        properties.push((name, decode_value(input, depth + 1)?));
    }
}

fn short_text(input: &mut &[u8]) -> Result<String, Amf0Error> {
    let length = u16::from_be_bytes(take(input)?);
    text(input, usize::from(length))
}

fn text(input: &mut &[u8], length: usize) -> Result<String, Amf0Error> {
    let (text, rest) = input.split_at_checked(length).ok_or(Amf0Error::Truncated)?;
    *input = rest;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Amf0Error> {
    let (bytes, rest) = input.split_first_chunk().ok_or(Amf0Error::Truncated)?;
    *input = rest;
    Ok(*bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<Vec<Value>, Amf0Error>) {
        assert_eq!(decode(bytes), expected);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<f64>()
                .prop_filter("NaN is never equal", |number| !number.is_nan())
                .prop_map(Value::Number),
            any::<bool>().prop_map(Value::Boolean),
            ".{0,20}".prop_map(Value::String),
            Just(Value::Null),
            Just(Value::Undefined),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            let properties = prop::collection::vec(("[a-z]{1,8}", inner.clone()), 0..5);
            prop_oneof![
                properties.clone().prop_map(Value::Object),
                properties.prop_map(Value::EcmaArray),
                prop::collection::vec(inner, 0..5).prop_map(Value::StrictArray),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(values in prop::collection::vec(values(), 0..6)) {
            let mut bytes = Vec::new();
            for value in &values {
                encode(&mut bytes, value);
            }
            prop_assert_eq!(decode(&bytes), Ok(values));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_long_string_has_a_long_length() {
        let text = "k".repeat(70_000);
        let mut bytes = Vec::new();
        encode_str(&mut bytes, &text);
        assert_eq!(bytes[..5], [LONG_STRING, 0, 1, 0x11, 0x70]);
        check(&bytes, Ok(vec![Value::String(text)]));
    }

    #[test]
    fn a_claimed_count_allocates_nothing() {
        check(
            &[STRICT_ARRAY, 0xff, 0xff, 0xff, 0xff, NULL],
            Err(Amf0Error::Truncated),
        );
        check(
            &[LONG_STRING, 0xff, 0xff, 0xff, 0xff, b'a'],
            Err(Amf0Error::Truncated),
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let bytes: Vec<u8> = [STRICT_ARRAY, 0, 0, 0, 1].repeat(10_000);
        check(&bytes, Err(Amf0Error::TooDeep));
    }

    #[test]
    fn an_unknown_type_is_named() {
        check(&[0x2a], Err(Amf0Error::UnknownType(0x2a)));
    }
}
