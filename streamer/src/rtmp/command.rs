//! The commands that a publisher sends, encoded (RTMP 1.0, section 7.2, and FMLE's
//! `releaseStream`, `FCPublish` and `FCUnpublish`, which ingests expect).
//!
//! They are written value by value, so that the key never lies in a value that can be printed.

use broadcast::StreamKey;

use super::{
    amf0::{self, Value},
    target::PublishTarget,
};

/// What ingests take for a known encoder; some refuse others.
const FLASH_VERSION: &str = concat!(
    "FMLE/3.0 (compatible; Matinee/",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Transaction numbers, by which answers find their commands.
pub(crate) mod transaction {
    pub(crate) const CONNECT: f64 = 1.0;
    pub(crate) const RELEASE_STREAM: f64 = 2.0;
    pub(crate) const FC_PUBLISH: f64 = 3.0;
    pub(crate) const CREATE_STREAM: f64 = 4.0;
    pub(crate) const PUBLISH: f64 = 5.0;
    pub(crate) const FC_UNPUBLISH: f64 = 6.0;
    pub(crate) const DELETE_STREAM: f64 = 7.0;
}

/// What we send beside H.264, as FourCC.
const CODECS: [&str; 2] = ["hvc1", "av01"];
/// Of `videoFourCcInfoMap`: we make streams of the codec.
const CAN_ENCODE: f64 = 2.0;

pub(crate) fn connect(target: &PublishTarget) -> Vec<u8> {
    let text = |text: &str| Value::String(text.to_owned());
    let mut out = command("connect", transaction::CONNECT);
    amf0::encode(
        &mut out,
        &Value::Object(vec![
            ("app".to_owned(), text(&target.app)),
            ("type".to_owned(), text("nonprivate")),
            ("flashVer".to_owned(), text(FLASH_VERSION)),
            ("swfUrl".to_owned(), text(&target.tc_url)),
            ("tcUrl".to_owned(), text(&target.tc_url)),
            // Facebook's "RTMP Go Away": we come back at a key frame when told to.
            ("supportsGoAway".to_owned(), Value::Boolean(true)),
            // Enhanced RTMP: first as version 1 wants it, then as version 2 does.
            (
                "fourCcList".to_owned(),
                Value::StrictArray(CODECS.map(text).into()),
            ),
            (
                "videoFourCcInfoMap".to_owned(),
                Value::Object(
                    CODECS
                        .map(|codec| (codec.to_owned(), Value::Number(CAN_ENCODE)))
                        .into(),
                ),
            ),
        ]),
    );
    out
}

pub(crate) fn release_stream(key: &StreamKey) -> Vec<u8> {
    with_key("releaseStream", transaction::RELEASE_STREAM, key)
}

pub(crate) fn fc_publish(key: &StreamKey) -> Vec<u8> {
    with_key("FCPublish", transaction::FC_PUBLISH, key)
}

pub(crate) fn fc_unpublish(key: &StreamKey) -> Vec<u8> {
    with_key("FCUnpublish", transaction::FC_UNPUBLISH, key)
}

pub(crate) fn create_stream() -> Vec<u8> {
    let mut out = command("createStream", transaction::CREATE_STREAM);
    amf0::encode(&mut out, &Value::Null);
    out
}

pub(crate) fn publish(key: &StreamKey) -> Vec<u8> {
    let mut out = with_key("publish", transaction::PUBLISH, key);
    amf0::encode_str(&mut out, "live");
    out
}

pub(crate) fn delete_stream(stream_id: u32) -> Vec<u8> {
    let mut out = command("deleteStream", transaction::DELETE_STREAM);
    amf0::encode(&mut out, &Value::Null);
    amf0::encode_number(&mut out, f64::from(stream_id));
    out
}

/// The data message that describes the stream.
pub(crate) fn set_data_frame(metadata: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    amf0::encode_str(&mut out, "@setDataFrame");
    amf0::encode_str(&mut out, "onMetaData");
    amf0::encode(&mut out, &Value::EcmaArray(metadata.to_vec()));
    out
}

fn command(name: &str, transaction: f64) -> Vec<u8> {
    let mut out = Vec::new();
    amf0::encode_str(&mut out, name);
    amf0::encode_number(&mut out, transaction);
    out
}

fn with_key(name: &str, transaction: f64, key: &StreamKey) -> Vec<u8> {
    let mut out = command(name, transaction);
    amf0::encode(&mut out, &Value::Null);
    amf0::encode_str(&mut out, key.expose());
    out
}
