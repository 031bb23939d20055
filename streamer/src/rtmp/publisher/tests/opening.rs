//! From the handshake to `publish`, and its end.

use super::*;

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

#[test]
fn connect_says_which_codecs_we_have() {
    let values = amf0::decode(&command::connect(&target())).unwrap();
    let list = Value::StrictArray(vec![string("hvc1"), string("av01")]);
    assert_eq!(values[2].get("fourCcList"), Some(&list));
    let map = values[2].get("videoFourCcInfoMap").unwrap();
    assert_eq!(map.get("hvc1"), Some(&Value::Number(2.0)));
}

#[test]
fn codecs_that_the_server_announces_are_known() {
    let (mut publisher, mut server) = after_handshake(target());
    assert!(!publisher.announced_codecs().contains(*b"hvc1"));
    let list = Value::StrictArray(vec![string("hvc1")]);
    let properties = Value::Object(vec![("fourCcList".to_owned(), list)]);
    let answer = server.command(&[
        string("_result"),
        Value::Number(1.0),
        properties,
        information("status", "NetConnection.Connect.Success", ""),
    ]);
    publisher.feed(&answer).unwrap();
    assert!(publisher.announced_codecs().contains(*b"hvc1"));
    assert!(!publisher.announced_codecs().contains(*b"av01"));
}

/// An answer to `connect` that is accepted, however odd.
#[track_caller]
fn check_connected(kind: u8, payload: &[u8]) {
    let (mut publisher, mut server) = after_handshake(target());
    let answer = server.message(kind, payload);
    publisher.feed(&answer).unwrap();
    assert_eq!(events(&mut publisher), [Event::Connected]);
    let sent = server.read(&mut publisher);
    assert_eq!(sent.last().map(String::as_str), Some("createStream@0"));
}

#[test]
fn odd_answers_to_connect_are_answers() {
    let plain: Vec<u8> = encoded(&result(1.0, Value::Null));
    check_connected(kind::COMMAND_AMF0, &plain);
    check_connected(kind::COMMAND_AMF0, &plain[..plain.len() - 2]);
    // AMF3's message type, with its zero and without.
    check_connected(kind::COMMAND_AMF3, &[&[0], &plain[..]].concat());
    check_connected(kind::COMMAND_AMF3, &plain);
    // A value of AMF3 itself.
    check_connected(
        kind::COMMAND_AMF0,
        &[&plain[..], &[0x11, 0x0a, 0x0b, 1]].concat(),
    );
    let large = Value::EcmaArray(vec![
        ("data".to_owned(), string(&"x".repeat(50_000))),
        (
            "nested".to_owned(),
            Value::Object(vec![(
                String::new(),
                Value::StrictArray(vec![Value::Date(1e12)]),
            )]),
        ),
        ("secureToken".to_owned(), Value::Undefined),
    ]);
    check_connected(kind::COMMAND_AMF0, &encoded(&result(1.0, large)));
    let mut deep = Value::Null;
    for _ in 0..40 {
        deep = Value::StrictArray(vec![deep]);
    }
    check_connected(kind::COMMAND_AMF0, &encoded(&result(1.0, deep)));
}
