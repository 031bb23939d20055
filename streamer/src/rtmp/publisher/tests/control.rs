//! What is not about names and keys: windows, chunk sizes, pings, times to go.

use super::*;

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

#[test]
fn a_window_that_changes_on_the_way_is_kept() {
    let (mut publisher, mut server) = published();
    let ping = server.message(kind::USER_CONTROL, &[0, 0, 0, 0, 0, 1]);
    publisher.feed(&ping).unwrap();
    assert_eq!(server.read(&mut publisher), Vec::<String>::new());
    for (window, is_due) in [(40, true), (1_000_000, false), (1, true), (u32::MAX, false)] {
        let window = server.message(kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &u32::to_be_bytes(window));
        publisher.feed(&window).unwrap();
        server.read(&mut publisher);
        for _ in 0..3 {
            let ping = server.message(kind::USER_CONTROL, &[0, 0, 0, 0, 0, 1]);
            publisher.feed(&ping).unwrap();
        }
        let sent = server.read(&mut publisher);
        assert_eq!(!sent.is_empty(), is_due, "{sent:?}");
        assert!(sent.iter().all(|one| one.starts_with("3:")), "{sent:?}");
    }
}

#[test]
fn our_window_follows_the_bandwidth_and_is_said_once() {
    let (mut publisher, mut server) = published();
    let mut check = |bandwidth: u32, limit_type: u8, expected: &[&str]| {
        let payload = [&bandwidth.to_be_bytes()[..], &[limit_type]].concat();
        let message = server.message(kind::SET_PEER_BANDWIDTH, &payload);
        publisher.feed(&message).unwrap();
        assert_eq!(server.read(&mut publisher), expected);
    };
    check(5_000_000, 2, &[]);
    check(0x1000, 0, &["5:00001000"]);
    check(0x1000, 0, &[]);
    check(0x2000, 1, &[]);
    check(0x0800, 1, &["5:00000800"]);
    check(0x0400, 2, &[]);
    check(0, 0, &["5:00000200"]);
}

#[test]
fn a_server_may_cut_its_words_small_or_not_at_all() {
    for size in [1, 2, 127, 128, 4096, 1 << 16, 16_777_215, 0x7fff_ffff] {
        let (mut publisher, mut server) = published();
        let mut out = BytesMut::new();
        server.writer.set_chunk_size(&mut out, size);
        publisher.feed(&out).unwrap();
        let long = "x".repeat(20_000);
        let status = server.status("error", "NetStream.Failed", &long);
        for piece in status.chunks(1_000) {
            publisher.feed(piece).unwrap();
        }
        match &events(&mut publisher)[..] {
            [Event::Refused(refusal)] => assert_eq!(refusal.description, long[..200]),
            other => panic!("{size}: {other:?}"),
        }
    }
}

#[test]
fn user_control_events_are_heard_and_only_pings_answered() {
    let (mut publisher, mut server) = published();
    for event in (0..40_u16).filter(|event| *event != 6) {
        for length in [0, 4, 8] {
            let payload = [&event.to_be_bytes()[..], &vec![0; length]].concat();
            let message = server.message(kind::USER_CONTROL, &payload);
            publisher.feed(&message).unwrap();
        }
    }
    let cut_short = server.message(kind::USER_CONTROL, &[0]);
    publisher.feed(&cut_short).unwrap();
    assert_eq!(server.read(&mut publisher), Vec::<String>::new());
    assert!(publisher.is_published());
    for (ping, pong) in [
        (&[0, 6][..], "4:0007"),
        (&[0, 6, 1, 2], "4:00070102"),
        (&[0, 6, 1, 2, 3, 4, 5, 6], "4:000701020304"),
    ] {
        let message = server.message(kind::USER_CONTROL, ping);
        publisher.feed(&message).unwrap();
        assert_eq!(server.read(&mut publisher), [pong]);
    }
}

#[test]
fn a_server_that_asks_and_takes_nothing_fills_no_memory() {
    let (mut publisher, mut server) = published();
    let window = server.message(kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &[0, 0, 0, 1]);
    publisher.feed(&window).unwrap();
    let ping = server.message(kind::USER_CONTROL, &[0, 6, 1, 2, 3, 4]);
    for _ in 0..20_000 {
        publisher.feed(&ping).unwrap();
    }
    let waiting = publisher.output().len();
    assert!(waiting < MAX_ANSWERS + 100, "{waiting} bytes");
    // Once it takes what waits, it is answered again.
    publisher.sent(waiting);
    publisher.feed(&ping).unwrap();
    assert!(!publisher.output().is_empty());
}

/// What a server says a thousand times over, in between more and more is acknowledged; nobody
/// listens meanwhile.
#[track_caller]
fn check_repeated(words: impl Fn(&mut Server) -> BytesMut, expected: &[Event]) {
    let (mut publisher, mut server) = published();
    for sequence in 0..1000_u32 {
        let acknowledgement = server.message(kind::ACKNOWLEDGEMENT, &(sequence + 1).to_be_bytes());
        publisher.feed(&acknowledgement).unwrap();
        let words = words(&mut server);
        publisher.feed(&words).unwrap();
    }
    let events = events(&mut publisher);
    assert!(events.len() <= MAX_EVENTS + 1, "{}", events.len());
    let is_acknowledged = |event: &&Event| matches!(event, Event::Acknowledged(_));
    let last = events.iter().rfind(is_acknowledged);
    assert_eq!(last, Some(&Event::Acknowledged(1000)));
    let others: Vec<_> = events.iter().filter(|it| !is_acknowledged(it)).collect();
    assert_eq!(others, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_server_that_repeats_itself_fills_no_memory() {
    let status = |code: &'static str| move |server: &mut Server| server.status("status", code, "");
    check_repeated(
        |server| server.message(kind::GO_AWAY, &[]),
        &[Event::GoAway],
    );
    let reconnect = status("NetConnection.Connect.ReconnectRequest");
    check_repeated(reconnect, &[Event::GoAway]);
    check_repeated(status("NetConnection.Connect.Closed"), &[Event::Ended]);
    let close = |server: &mut Server| server.command(&[string("close"), Value::Number(0.0)]);
    check_repeated(close, &[Event::Ended]);
    let after_the_end = |server: &mut Server| {
        let mut words = server.command(&[string("close"), Value::Number(0.0)]);
        words.extend(server.message(kind::GO_AWAY, &[]));
        words
    };
    check_repeated(after_the_end, &[Event::Ended]);
}

#[test]
fn enhanced_rtmps_request_to_reconnect_is_one_to_go_away() {
    let (mut publisher, mut server) = published();
    let code = "NetConnection.Connect.ReconnectRequest";
    let status = server.status("status", code, "maintenance");
    publisher.feed(&status).unwrap();
    assert_eq!(events(&mut publisher), [Event::GoAway]);
    assert!(publisher.is_published());
}

#[test]
fn what_a_publisher_needs_not_know_is_passed_over() {
    let (mut publisher, mut server) = published();
    // Data of both kinds, media, aggregates, shared objects, types that do not exist.
    for kind in [8, 9, 15, 16, 18, 19, 22, 23, 99, 255] {
        let message = server.message(kind, &[0xff; 300]);
        publisher.feed(&message).unwrap();
    }
    for command in ["onBWDone", "onBWCheck", "|RtmpSampleAccess", ""] {
        let command = server.command(&[string(command), Value::Number(0.0), Value::Null]);
        publisher.feed(&command).unwrap();
    }
    assert_eq!(events(&mut publisher), []);
    assert!(publisher.is_published());
}
