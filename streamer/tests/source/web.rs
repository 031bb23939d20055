//! Reading from web servers that behave, and from those that do not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broadcast::{FailureKind, MediaTime};
use streamer::{
    address::AddressPolicy,
    check::{CheckOptions, Severity, check},
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};
use tokio::net::TcpListener;

use crate::{
    server::{Behaviour, options, options_for, serve},
    video::{index_far_away, play},
};

#[tokio::test]
async fn a_server_that_behaves() {
    let server = serve(index_far_away(), |_, _| Behaviour::Serve).await;
    play(&server.url("/talk.mp4"), options()).await.whole();
    // The first block and the one with the index; what lies between is read ahead, not walked.
    assert!(server.requests() <= 7);
}

/// What may pass, and what is said of it if it does not.
const FAULTS: [(Behaviour, &str); 12] = [
    (Behaviour::Status(500), "500"),
    (Behaviour::Status(503), "503"),
    (Behaviour::Status(429), "429"),
    (Behaviour::StatusWith(503, "retry-after: 100000"), "503"),
    (Behaviour::Reset, "connection"),
    (Behaviour::Short, "ended after"),
    (Behaviour::Stall, "no answer"),
    (Behaviour::Silence, "no answer"),
    (Behaviour::Range("bytes 1-9/10"), "another range"),
    (
        Behaviour::Range("bytes 0-999999999/9999999999"),
        "another range",
    ),
    (Behaviour::Range("bytes 0-9/*"), "Content-Range"),
    (Behaviour::Range("bytes 0-9/10"), "more bytes"),
];

#[tokio::test]
async fn an_address_that_ends_before_the_show_is_found() {
    let server = serve(index_far_away(), |_, _| Behaviour::Serve).await;
    let url = server
        .url("/talk.mp4?X-Amz-Date=20260301T183000Z&X-Amz-Expires=3600&X-Amz-Signature=a-secret");
    for (begins, wanted) in [
        (Some("2026-03-01T19:29:00Z"), None),
        (Some("2026-03-01T19:29:58Z"), Some(Severity::Error)),
        (None, Some(Severity::Note)),
    ] {
        let source = Source::open(&url, options()).await.unwrap();
        let options = CheckOptions {
            begins: begins.map(|time| time.parse().unwrap()),
            ..CheckOptions::default()
        };
        let report = check(source, &options, &[]).await.unwrap();
        let mut findings = report.findings.iter();
        let found = findings.find(|found| found.rule == "address-expires");
        assert_eq!(found.map(|found| found.severity), wanted, "{begins:?}");
        assert!(!format!("{report:?}").contains("a-secret"), "{report:?}");
    }
}

#[tokio::test]
async fn faults_that_pass() {
    for (fault, _) in FAULTS {
        let options = options_for(&fault);
        // Every other request fails.
        let server = serve(index_far_away(), move |number, _| match number % 2 {
            0 => fault.clone(),
            _ => Behaviour::Serve,
        })
        .await;
        let played = play(&server.url("/talk.mp4"), options).await;
        played.whole();
    }
}

#[tokio::test]
async fn faults_that_stay() {
    for (fault, word) in FAULTS {
        let mut options = options_for(&fault);
        options.opening.give_up_after = Duration::from_millis(100);
        let server = serve(index_far_away(), move |_, _| fault.clone()).await;
        let played = play(&server.url("/talk.mp4"), options).await;
        played.refused(FailureKind::SourceUnreadable, &[word, "gave up after"]);
    }
}

#[tokio::test]
async fn a_server_that_gives_little_at_a_time() {
    let server = serve(index_far_away(), |_, _| Behaviour::AtMost(100_000)).await;
    play(&server.url("/talk.mp4"), options()).await.whole();
}

#[tokio::test]
async fn what_came_before_a_fault_is_not_asked_for_again() {
    let server = serve(index_far_away(), |number, _| match number {
        1 => Behaviour::Reset,
        _ => Behaviour::Serve,
    })
    .await;
    play(&server.url("/talk.mp4"), options()).await.whole();
    let range = |request: &str| {
        let range = request.split_once("range: bytes=").unwrap().1;
        let (start, rest) = range.split_once('-').unwrap();
        let end = rest.lines().next().unwrap();
        (start.parse::<u64>().unwrap(), end.parse::<u64>().unwrap())
    };
    let asked = server.asked();
    let (start, end) = range(&asked[1]);
    let again = asked[2..].iter().map(|request| range(request));
    let again: Vec<_> = again.filter(|other| other.1 == end).collect();
    let half = start + (end + 1 - start) / 2;
    assert_eq!(again, [(half, end)]);
}

#[tokio::test]
async fn a_server_without_ranges() {
    let server = serve(index_far_away(), |_, _| Behaviour::IgnoreRange).await;
    let played = play(&server.url("/talk.mp4"), options()).await;
    played.refused(FailureKind::UnsupportedMedia, &["range requests"]);
}

#[tokio::test]
async fn missing_and_forbidden() {
    let server = serve(index_far_away(), |_, path| match path {
        "/missing.mp4" => Behaviour::Status(404),
        _ => Behaviour::Status(403),
    })
    .await;
    let missing = play(&server.url("/missing.mp4"), options()).await;
    missing.refused(FailureKind::SourceMissing, &["nothing at this address"]);
    let forbidden = play(&server.url("/forbidden.mp4?signature=secret"), options()).await;
    forbidden.refused(FailureKind::SourceUnreadable, &["refuses it", "403"]);
    assert_eq!(server.requests(), 2, "neither is tried again");
}

#[tokio::test]
async fn a_signed_address_that_has_expired() {
    let server = serve(index_far_away(), |_, _| Behaviour::Status(403)).await;
    let signed = "/talk.mp4?X-Amz-Date=20260301T183000Z&X-Amz-Expires=3600&X-Amz-Signature=secret";
    let played = play(&server.url(signed), options()).await;
    let words = ["expired at 2026-03-01 19:30:00 UTC", "s3://"];
    played.refused(FailureKind::SourceUnreadable, &words);
}

#[tokio::test]
async fn an_empty_file() {
    let server = serve(Vec::new(), |_, _| Behaviour::Serve).await;
    let played = play(&server.url("/talk.mp4"), options()).await;
    played.refused(FailureKind::UnsupportedMedia, &["empty"]);
}

#[tokio::test]
async fn redirects() {
    let server = serve(index_far_away(), |_, path| match path {
        "/talk.mp4" => Behaviour::RedirectTo("/elsewhere/talk.mp4"),
        "/round.mp4" => Behaviour::RedirectTo("/round.mp4"),
        "/metadata.mp4" => Behaviour::RedirectTo("http://169.254.169.254/latest/meta-data"),
        "/file.mp4" => Behaviour::RedirectTo("file:///etc/passwd"),
        _ => Behaviour::Serve,
    })
    .await;
    play(&server.url("/talk.mp4"), options()).await.whole();
    let round = play(&server.url("/round.mp4"), options()).await;
    round.refused(FailureKind::SourceUnreadable, &["redirects more than"]);
    let metadata = play(&server.url("/metadata.mp4"), options()).await;
    metadata.refused(FailureKind::BadRequest, &["169.254.169.254"]);
    let file = play(&server.url("/file.mp4"), options()).await;
    file.refused(FailureKind::BadRequest, &["redirects to"]);
}

#[tokio::test]
async fn addresses_that_are_refused() {
    let server = serve(index_far_away(), |_, _| Behaviour::Serve).await;
    let strict = || SourceOptions {
        addresses: AddressPolicy::PUBLIC,
        allow_plain_http: false,
        ..options()
    };
    let plain = play(&server.url("/talk.mp4"), strict()).await;
    plain.refused(FailureKind::BadRequest, &["plain http"]);
    let refused = |url: &'static str, options: SourceOptions| async move {
        play(&url.parse().unwrap(), options).await
    };
    let number = refused("https://127.0.0.1/talk.mp4", strict()).await;
    number.refused(FailureKind::BadRequest, &["private address"]);
    // By name: refused where the name is resolved.
    let name = refused("https://localhost/talk.mp4", strict()).await;
    name.refused(FailureKind::BadRequest, &["private address"]);
    let metadata = refused("http://[::ffff:169.254.169.254]/v.mp4", options()).await;
    metadata.refused(FailureKind::BadRequest, &["metadata"]);
    let public = refused("http://192.0.2.1/talk.mp4", options()).await;
    public.refused(FailureKind::BadRequest, &["plain http"]);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn readers_that_are_near_one_another_share_what_they_read() {
    let server = serve(index_far_away(), |_, _| Behaviour::Serve).await;
    let source = Source::open(&server.url("/talk.mp4"), options())
        .await
        .unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    let opened = server.requests();
    let mut readers = [MediaTime::ZERO; 5].map(|from| movie.packets(from));
    loop {
        let mut left = 0;
        for reader in &mut readers {
            left += usize::from(reader.next().await.unwrap().is_some());
        }
        if left == 0 {
            break;
        }
    }
    let read = server.requests() - opened;
    assert!(read <= 5, "{read} requests for five readers");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let handshakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&handshakes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            // The client breaks it off.
            let _ = acceptor.accept(stream).await;
        }
    });
    let url = format!("https://localhost:{port}/talk.mp4")
        .parse()
        .unwrap();
    let played = play(&url, options()).await;
    played.refused(
        FailureKind::SourceUnreadable,
        &["certificate is not trusted"],
    );
    assert_eq!(handshakes.load(Ordering::SeqCst), 1, "not tried again");
}
