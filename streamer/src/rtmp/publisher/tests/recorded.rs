//! What real servers said, and what none would say.

use proptest::prelude::*;

use super::*;

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
        include_bytes!("../../../../tests/fixtures/rtmp/nginx-rtmp-published.bin"),
        &[Event::Connected, Event::Published],
    );
    check_captured(
        include_bytes!("../../../../tests/fixtures/rtmp/nginx-rtmp-busy.bin"),
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
        include_bytes!("../../../../tests/fixtures/rtmp/ffmpeg-published.bin"),
        &[Event::Connected, Event::Published],
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
