//! How servers refuse.

use super::*;

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

#[test]
fn a_reason_is_found_in_any_form() {
    let error = |more: &[Value]| {
        let mut values = vec![string("_error"), Value::Number(5.0)];
        values.extend_from_slice(more);
        values
    };
    check_refusal(
        &error(&[Value::Null, string("disk full")]),
        RefusalKind::Rejected,
        "disk full",
    );
    check_refusal(&error(&[]), RefusalKind::Rejected, "no reason given");
    let only_words = Value::EcmaArray(vec![("description".to_owned(), string("unknown key"))]);
    check_refusal(&error(&[only_words]), RefusalKind::Rejected, "unknown key");
    check_refusal(
        &[
            string("onFCPublish"),
            Value::Number(0.0),
            Value::Null,
            information("error", "NetStream.Publish.BadName", "unknown key"),
        ],
        RefusalKind::Rejected,
        "NetStream.Publish.BadName: unknown key",
    );
}

#[test]
fn what_fmle_servers_say_before_their_yes_is_no_refusal() {
    let (mut publisher, mut server) = after_handshake(target());
    for command in [
        result(1.0, Value::Null),
        result(4.0, Value::Number(1.0)),
        [
            string("onFCPublish"),
            Value::Number(0.0),
            Value::Null,
            information("status", "NetStream.Publish.Start", ""),
        ],
    ] {
        let command = server.command(&command);
        publisher.feed(&command).unwrap();
    }
    assert_eq!(events(&mut publisher), [Event::Connected]);
    assert!(publisher.is_publishing());
}
