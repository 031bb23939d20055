mod control;
mod opening;
mod recorded;
mod refusals;

use broadcast::StreamKey;

use super::*;
use crate::rtmp::{
    amf0,
    event::{Refusal, RefusalKind},
    target::Goal,
};

const KEY: &str = "FB-1?s_bl=1&a=secret/part";

fn target() -> PublishTarget {
    PublishTarget::new(
        &"rtmps://ingest.test:443/rtmp/".parse().unwrap(),
        StreamKey::new(KEY),
    )
}

/// What a server would say, as messages and as bytes.
struct Server {
    writer: ChunkWriter,
    reader: ChunkReader,
}

impl Server {
    fn new() -> Self {
        Self {
            writer: ChunkWriter::new(),
            reader: ChunkReader::new(),
        }
    }

    fn message(&mut self, kind: u8, payload: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        let header = Header {
            timestamp: 0,
            kind,
            stream_id: 0,
        };
        self.writer
            .write(&mut out, ChunkStream::Command, header, &[payload])
            .unwrap();
        out
    }

    fn command(&mut self, values: &[Value]) -> BytesMut {
        self.message(kind::COMMAND_AMF0, &encoded(values))
    }

    fn status(&mut self, level: &str, code: &str, description: &str) -> BytesMut {
        self.command(&[
            string("onStatus"),
            Value::Number(0.0),
            Value::Null,
            information(level, code, description),
        ])
    }

    /// The messages that a publisher sent since the last time: their kinds, and commands' names.
    fn read(&mut self, publisher: &mut Publisher) -> Vec<String> {
        let output = publisher.output().to_vec();
        publisher.sent(output.len());
        self.reader.feed(&output);
        let mut seen = Vec::new();
        while let Some(message) = self.reader.next().unwrap() {
            seen.push(match message.header.kind {
                kind::COMMAND_AMF0 => {
                    let values = amf0::decode(&message.payload).unwrap();
                    let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                    format!("{}@{}", texts.join(" "), message.header.stream_id)
                }
                kind => format!(
                    "{kind}:{}",
                    message
                        .payload
                        .iter()
                        .map(|b| format!("{b:02x}"))
                        .collect::<String>()
                ),
            });
        }
        seen
    }
}

fn encoded(values: &[Value]) -> Vec<u8> {
    let mut payload = Vec::new();
    for value in values {
        amf0::encode(&mut payload, value);
    }
    payload
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn information(level: &str, code: &str, description: &str) -> Value {
    Value::Object(vec![
        ("level".to_owned(), string(level)),
        ("code".to_owned(), string(code)),
        ("description".to_owned(), string(description)),
    ])
}

fn result(number: f64, answer: Value) -> [Value; 4] {
    [
        string("_result"),
        Value::Number(number),
        Value::Null,
        answer,
    ]
}

fn events(publisher: &mut Publisher) -> Vec<Event> {
    std::iter::from_fn(|| publisher.poll_event()).collect()
}

/// A publisher after the handshake, and its server.
fn after_handshake(target: PublishTarget) -> (Publisher, Server) {
    let mut publisher = Publisher::new(target, 7);
    assert_eq!(publisher.output().len(), 1537);
    publisher.sent(1537);
    publisher.feed(&[3]).unwrap();
    publisher.feed(&[9; 1536]).unwrap();
    assert_eq!(publisher.output(), [9; 1536]);
    publisher.sent(1536);
    publisher.feed(&[8; 1536]).unwrap();
    let mut server = Server::new();
    assert_eq!(server.read(&mut publisher), ["connect@0"]);
    (publisher, server)
}

/// A publisher that may send media, and its server.
fn published() -> (Publisher, Server) {
    let (mut publisher, mut server) = after_handshake(target());
    let answer = server.command(&result(1.0, information("status", "ok", "")));
    publisher.feed(&answer).unwrap();
    server.read(&mut publisher);
    let answer = server.command(&result(4.0, Value::Number(1.0)));
    publisher.feed(&answer).unwrap();
    server.read(&mut publisher);
    let answer = server.status("status", "NetStream.Publish.Start", "go");
    publisher.feed(&answer).unwrap();
    assert_eq!(events(&mut publisher), [Event::Connected, Event::Published]);
    (publisher, server)
}
