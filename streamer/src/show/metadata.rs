//! `onMetaData` as AMF0.

use crate::{
    media::{
        Programme,
        flv::{self, MetadataValue},
    },
    rtmp::amf0::Value,
};

/// What the stream says of itself.
pub(super) fn metadata(programme: &Programme) -> Vec<(String, Value)> {
    flv::metadata(programme)
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                MetadataValue::Number(number) => Value::Number(number),
                MetadataValue::Boolean(boolean) => Value::Boolean(boolean),
                MetadataValue::String(text) => Value::String(text),
            };
            (name.to_owned(), value)
        })
        .collect()
}
