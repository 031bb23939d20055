use rml_rtmp::{
    chunk_io::ChunkSerializer, messages::RtmpMessage, rml_amf0::Amf0Value,
    sessions::ServerSessionError, time::RtmpTimestamp,
};

use crate::Words;

/// The chunk size of what the ingest says, in bytes.
pub(crate) const CHUNK_SIZE: u32 = 4096;

/// Message type 32 without a body. Its chunk stream is its own, so that the headers that follow on
/// others mean what they meant.
pub(crate) const GO_AWAY: [u8; 12] = [7, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0];

pub(crate) fn bad_name(description: &str) -> Words {
    Words {
        code: "NetStream.Publish.BadName".to_owned(),
        description: description.to_owned(),
    }
}

/// `onStatus` of level `error`, which `rml_rtmp`'s server cannot send. The connection is closed
/// behind it.
pub(crate) fn refused(words: &Words) -> Result<Vec<u8>, ServerSessionError> {
    // Publishers use one stream, and the session numbers them from 1.
    const STREAM: u32 = 1;
    let status = object([
        ("level", text("error")),
        ("code", text(&words.code)),
        ("description", text(&words.description)),
    ]);
    command("onStatus", 0.0, Amf0Value::Null, status, STREAM)
}

/// The answer to `connect` that announces codecs, in place of `rml_rtmp`'s own: on the same chunk
/// stream, because later headers refer to it.
pub(crate) fn connected(codecs: &[String]) -> Result<Vec<u8>, ServerSessionError> {
    const CONNECT: f64 = 1.0;
    let list = codecs.iter().map(|codec| text(codec)).collect();
    let properties = object([
        ("fmsVer", text("FMS/3,0,1,1233")),
        ("capabilities", Amf0Value::Number(31.0)),
        ("fourCcList", Amf0Value::StrictArray(list)),
    ]);
    let information = object([
        ("level", text("status")),
        ("code", text("NetConnection.Connect.Success")),
        ("description", text("Connection succeeded.")),
    ]);
    command("_result", CONNECT, properties, information, 0)
}

/// A command with a whole header, which does not depend on what the session sent before.
fn command(
    name: &str,
    transaction: f64,
    object: Amf0Value,
    argument: Amf0Value,
    stream: u32,
) -> Result<Vec<u8>, ServerSessionError> {
    let message = RtmpMessage::Amf0Command {
        command_name: name.to_owned(),
        transaction_id: transaction,
        command_object: object,
        additional_arguments: vec![argument],
    };
    let mut serializer = ChunkSerializer::new();
    // The peer knows this chunk size from the session's own announcement.
    serializer.set_max_chunk_size(CHUNK_SIZE, RtmpTimestamp::new(0))?;
    let payload = message.into_message_payload(RtmpTimestamp::new(0), stream)?;
    Ok(serializer.serialize(&payload, true, false)?.bytes)
}

fn object<const N: usize>(properties: [(&str, Amf0Value); N]) -> Amf0Value {
    let properties = properties.map(|(name, value)| (name.to_owned(), value));
    Amf0Value::Object(properties.into())
}

fn text(text: &str) -> Amf0Value {
    Amf0Value::Utf8String(text.to_owned())
}
