use broadcast::StreamKey;
use proptest::prelude::*;

use super::*;

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
        let mut payload = Vec::new();
        for value in values {
            amf0::encode(&mut payload, value);
        }
        self.message(kind::COMMAND_AMF0, &payload)
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

#[test]
fn it_goes_to_publish_by_itself() {
    let (mut publisher, mut server) = after_handshake(target());
    let answer = server.command(&result(
        1.0,
        information("status", "NetConnection.Connect.Success", ""),
    ));
    publisher.feed(&answer).unwrap();
    assert_eq!(
        server.read(&mut publisher),
        [
            "5:00008000".to_owned(),
            "1:00001000".to_owned(),
            format!("releaseStream {KEY}@0"),
            format!("FCPublish {KEY}@0"),
            "createStream@0".to_owned(),
        ]
    );
    let answer = server.command(&[string("_error"), Value::Number(2.0), Value::Null]);
    publisher.feed(&answer).unwrap();
    let answer = server.command(&result(4.0, Value::Number(5.0)));
    publisher.feed(&answer).unwrap();
    assert_eq!(
        server.read(&mut publisher),
        [format!("publish {KEY} live@5")]
    );
    assert!(!publisher.is_published());
    let answer = server.status("status", "NetStream.Publish.Start", "go");
    publisher.feed(&answer).unwrap();
    assert!(publisher.is_published());

    publisher.send_audio(0, &[&[0xaf, 1], b"sound"]).unwrap();
    publisher.finish();
    assert_eq!(
        server.read(&mut publisher),
        [
            "8:af01736f756e64".to_owned(),
            format!("FCUnpublish {KEY}@0"),
            "deleteStream@0".to_owned(),
        ]
    );
}

#[test]
fn connect_names_the_application_and_never_the_key() {
    let payload = command::connect(&target());
    let values = amf0::decode(&payload).unwrap();
    let property = |name: &str| values[2].get(name).cloned();
    assert_eq!(property("app"), Some(string("rtmp")));
    assert_eq!(
        property("tcUrl"),
        Some(string("rtmps://ingest.test:443/rtmp"))
    );
    assert_eq!(property("supportsGoAway"), Some(Value::Boolean(true)));
    assert!(!payload.windows(6).any(|window| window == b"secret"));
}

#[test]
fn it_stops_at_connect_when_that_is_the_goal() {
    let mut target = target();
    target.goal = Goal::Connect;
    let (mut publisher, mut server) = after_handshake(target);
    let answer = server.command(&result(1.0, Value::Null));
    publisher.feed(&answer).unwrap();
    assert_eq!(events(&mut publisher), [Event::Connected]);
    assert_eq!(server.read(&mut publisher), Vec::<String>::new());
}

#[test]
fn pings_are_answered_and_bandwidth_too() {
    let (mut publisher, mut server) = published();
    let ping = server.message(kind::USER_CONTROL, &[0, 6, 1, 2, 3, 4]);
    publisher.feed(&ping).unwrap();
    let bandwidth = server.message(kind::SET_PEER_BANDWIDTH, &[0, 0, 0x10, 0, 2]);
    publisher.feed(&bandwidth).unwrap();
    assert_eq!(
        server.read(&mut publisher),
        ["4:000701020304", "5:00001000"]
    );
}

#[test]
fn what_is_received_is_acknowledged() {
    let (mut publisher, mut server) = published();
    let window = server.message(kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &[0, 0, 0, 20]);
    publisher.feed(&window).unwrap();
    server.read(&mut publisher);
    let ping = server.message(kind::USER_CONTROL, &[0, 0, 0, 0, 0, 1]);
    publisher.feed(&ping).unwrap();
    let sent = server.read(&mut publisher);
    assert!(sent[0].starts_with("3:0000"), "{sent:?}");
}

#[test]
fn acknowledgements_and_go_away_are_passed_on() {
    let (mut publisher, mut server) = published();
    let acknowledgement = server.message(kind::ACKNOWLEDGEMENT, &3100u32.to_be_bytes());
    publisher.feed(&acknowledgement).unwrap();
    let go_away = server.message(kind::GO_AWAY, &[]);
    publisher.feed(&go_away).unwrap();
    assert_eq!(
        events(&mut publisher),
        [Event::Acknowledged(3100), Event::GoAway]
    );
}

#[track_caller]
fn check_refusal(answer: &[Value], expected: RefusalKind, shown: &str) {
    let (mut publisher, mut server) = after_handshake(target());
    let accepted = server.command(&result(1.0, Value::Null));
    publisher.feed(&accepted).unwrap();
    let created = server.command(&result(4.0, Value::Number(1.0)));
    publisher.feed(&created).unwrap();
    let answer = server.command(answer);
    publisher.feed(&answer).unwrap();
    match &events(&mut publisher)[..] {
        [Event::Connected, Event::Refused(refusal)] => {
            assert_eq!(refusal.kind, expected);
            assert_eq!(refusal.to_string(), shown);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusals_carry_the_servers_words_without_the_key() {
    let status = |level, code, description| {
        [
            string("onStatus"),
            Value::Number(0.0),
            Value::Null,
            information(level, code, description),
        ]
    };
    let repeated = format!("no stream {KEY}");
    check_refusal(
        &status("error", "NetStream.Publish.BadName", &repeated),
        RefusalKind::Rejected,
        "NetStream.Publish.BadName: no stream …",
    );
    check_refusal(
        &status("error", "NetStream.Publish.BadName", "Already publishing"),
        RefusalKind::Busy,
        "NetStream.Publish.BadName: Already publishing",
    );
    check_refusal(
        &status("status", "NetStream.Publish.Denied", ""),
        RefusalKind::Rejected,
        "NetStream.Publish.Denied",
    );
    check_refusal(
        &[
            string("_error"),
            Value::Number(5.0),
            Value::Null,
            information("error", "NetStream.Failed", "disk full"),
        ],
        RefusalKind::Failed,
        "NetStream.Failed: disk full",
    );
}

#[test]
fn a_refused_connect_is_told() {
    let (mut publisher, mut server) = after_handshake(target());
    let answer = server.command(&[
        string("_error"),
        Value::Number(1.0),
        Value::Null,
        information("error", "NetConnection.Connect.Rejected", "code=403"),
    ]);
    publisher.feed(&answer).unwrap();
    assert!(matches!(
        &events(&mut publisher)[..],
        [Event::Refused(Refusal {
            kind: RefusalKind::Rejected,
            ..
        })]
    ));
}

/// What a real server said after its handshake, recorded.
#[track_caller]
fn check_captured(said: &[u8], expected: &[Event]) {
    for piece in [1, 100, said.len()] {
        let target = PublishTarget::new(
            &"rtmp://127.0.0.1/live".parse().unwrap(),
            StreamKey::new("testkey"),
        );
        let mut publisher = Publisher::new(target, 7);
        publisher.feed(&[3]).unwrap();
        publisher.feed(&[0; 2 * 1536]).unwrap();
        for bytes in said.chunks(piece) {
            publisher.feed(bytes).unwrap();
        }
        assert_eq!(events(&mut publisher), expected);
    }
}

#[test]
fn what_nginx_rtmp_says_is_understood() {
    // Its acknowledgement is of bytes that were not sent here, and is not believed.
    check_captured(
        include_bytes!("../../tests/fixtures/rtmp/nginx-rtmp-published.bin"),
        &[Event::Connected, Event::Published],
    );
    check_captured(
        include_bytes!("../../tests/fixtures/rtmp/nginx-rtmp-busy.bin"),
        &[
            Event::Connected,
            Event::Refused(Refusal {
                kind: RefusalKind::Busy,
                code: "NetStream.Publish.BadName".to_owned(),
                description: "Already publishing".to_owned(),
            }),
        ],
    );
}

#[test]
fn what_ffmpeg_says_is_understood() {
    // Its many acknowledgements have headers of types 1, 2 and 3.
    check_captured(
        include_bytes!("../../tests/fixtures/rtmp/ffmpeg-published.bin"),
        &[Event::Connected, Event::Published],
    );
}

#[test]
fn nothing_is_sent_before_publish_is_accepted() {
    let (mut publisher, mut server) = after_handshake(target());
    publisher.send_video(0, &[&[1, 2, 3]]).unwrap();
    publisher.finish();
    assert_eq!(server.read(&mut publisher), Vec::<String>::new());
}

#[test]
fn a_debug_text_holds_no_key() {
    let (publisher, _) = published();
    let shown = format!("{publisher:?} {:?}", target());
    assert!(
        !shown.contains("FB-1") && !shown.contains("secret"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        handshake in any::<bool>(),
    ) {
        let mut publisher = if handshake {
            published().0
        } else {
            Publisher::new(target(), 1)
        };
        for piece in bytes.chunks(97) {
            if publisher.feed(piece).is_err() {
                break;
            }
        }
        prop_assert!(publisher.output().len() < 100_000);
    }
}
