//! Reading from web servers that behave, and from those that do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broadcast::{Failure, FailureKind, MediaTime, SourceUrl};
use streamer::{
    address::AddressPolicy,
    media::{Movie, MovieOptions},
    source::{Retry, Source, SourceOptions},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::fixture;

/// What the server does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Serve,
    /// The whole file with status 200.
    IgnoreRange,
    Status(u16),
    /// Half of the body, then a reset.
    Reset,
    /// Half of the body, then a proper end.
    Short,
    /// Half of the body, then nothing.
    Stall,
    /// Another version of the same length.
    OtherVersion,
    /// A redirect to this path of the same server.
    RedirectTo(&'static str),
}

struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

/// Serves `content`; request number `n` is treated as `behaviour(n, path)` says.
async fn serve(
    content: Vec<u8>,
    behaviour: impl Fn(usize, &str) -> Behaviour + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let content = Arc::new(content);
    let behaviour = Arc::new(behaviour);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (counter, content, behaviour) =
                (counter.clone(), content.clone(), behaviour.clone());
            tokio::spawn(async move {
                let behave = |path: &str| behaviour(counter.fetch_add(1, Ordering::SeqCst), path);
                // A client that goes away is none of the server's business.
                let _ = answer(stream, &content, behave).await;
            });
        }
    });
    Server { address, requests }
}

/// One request per connection.
async fn answer(
    mut stream: TcpStream,
    content: &[u8],
    behaviour: impl Fn(&str) -> Behaviour,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap();
    let behaviour = behaviour(path);
    let range = request
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("range: bytes=")
                .map(str::to_owned)
        })
        .unwrap();
    let (start, end) = range.split_once('-').unwrap();
    let start: usize = start.parse().unwrap();
    let end = (end.parse::<usize>().unwrap() + 1).min(content.len());
    let tag = if behaviour == Behaviour::OtherVersion {
        "\"v2\""
    } else {
        "\"v1\""
    };
    let (head, body) = match behaviour {
        Behaviour::IgnoreRange => ("200 OK\r\n".to_owned(), content),
        Behaviour::Status(status) => (format!("{status} Whatever\r\n"), &b""[..]),
        Behaviour::RedirectTo(to) => (format!("302 Found\r\nlocation: {to}\r\n"), &b""[..]),
        _ if start >= content.len() => (
            format!("416 No\r\ncontent-range: bytes */{}\r\n", content.len()),
            &b""[..],
        ),
        _ => (
            format!(
                "206 Partial Content\r\ncontent-range: bytes {start}-{}/{}\r\netag: {tag}\r\n",
                end - 1,
                content.len()
            ),
            &content[start..end],
        ),
    };
    let length = match behaviour {
        Behaviour::Short => body.len() / 2,
        _ => body.len(),
    };
    let head = format!("HTTP/1.1 {head}content-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    match behaviour {
        Behaviour::Short | Behaviour::Reset | Behaviour::Stall => {
            stream.write_all(&body[..body.len() / 2]).await?;
        }
        _ => stream.write_all(body).await?,
    }
    match behaviour {
        Behaviour::Reset => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
        Behaviour::Stall => std::future::pending().await,
        _ => stream.shutdown().await,
    }
}

/// A file of several blocks: the media first, then a gap, then the index.
fn large() -> Vec<u8> {
    let mut bytes = std::fs::read(fixture("moov-last.mp4")).unwrap();
    let moov = bytes.windows(4).position(|at| at == b"moov").unwrap() - 4;
    let size = 3_000_000_u32;
    let mut gap = vec![0; size as usize];
    gap[..4].copy_from_slice(&size.to_be_bytes());
    gap[4..8].copy_from_slice(b"free");
    bytes.splice(moov..moov, gap);
    bytes
}

fn options() -> SourceOptions {
    SourceOptions {
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        retry: Retry {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(5),
            give_up_after: Duration::from_secs(60),
        },
        connect_timeout: Duration::from_secs(20),
        attempt_timeout: Duration::from_secs(20),
        aws: None,
    }
}

/// Impatient where that is what is tested.
fn options_for(fault: Behaviour) -> SourceOptions {
    let mut options = options();
    if fault == Behaviour::Stall {
        options.attempt_timeout = Duration::from_millis(200);
    }
    options
}

fn url(server: &Server, path: &str) -> SourceUrl {
    format!("http://{}{path}", server.address).parse().unwrap()
}

/// Reads everything; answers the number of packets.
async fn play(url: &SourceUrl, options: SourceOptions) -> Result<usize, Failure> {
    let movie = Movie::open(Source::open(url, options).await?, &MovieOptions::default()).await?;
    let mut packets = movie.packets(MediaTime::ZERO);
    let mut count = 0;
    while packets.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[track_caller]
fn check(result: Result<usize, Failure>, kind: FailureKind, word: &str) {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, kind, "{failure}");
    assert!(failure.message.contains(word), "{failure}");
}

const PACKETS: usize = 60 + 189;

#[tokio::test]
async fn a_server_that_behaves() {
    let server = serve(large(), |_, _| Behaviour::Serve).await;
    assert_eq!(
        play(&url(&server, "/talk.mp4"), options()).await,
        Ok(PACKETS)
    );
    // The first block and the one with the index; what lies between is read ahead, not walked.
    assert!(server.requests.load(Ordering::SeqCst) <= 7);
}

#[tokio::test]
async fn faults_that_pass() {
    for fault in [
        Behaviour::Status(500),
        Behaviour::Status(503),
        Behaviour::Status(429),
        Behaviour::Reset,
        Behaviour::Short,
        Behaviour::Stall,
    ] {
        // Every other request fails.
        let server = serve(large(), move |number, _| match number % 2 {
            0 => fault,
            _ => Behaviour::Serve,
        })
        .await;
        let played = play(&url(&server, "/talk.mp4"), options_for(fault)).await;
        assert_eq!(played, Ok(PACKETS), "{fault:?}");
    }
}

#[tokio::test]
async fn faults_that_stay() {
    for (fault, word) in [
        (Behaviour::Status(500), "500"),
        (Behaviour::Reset, "connection"),
        (Behaviour::Short, "ended after"),
        (Behaviour::Stall, "no answer"),
    ] {
        let server = serve(large(), move |_, _| fault).await;
        let mut options = options_for(fault);
        options.retry.give_up_after = Duration::from_millis(100);
        let played = play(&url(&server, "/talk.mp4"), options).await;
        check(played, FailureKind::SourceUnreadable, word);
    }
}

#[tokio::test]
async fn a_server_without_ranges() {
    let server = serve(large(), |_, _| Behaviour::IgnoreRange).await;
    let played = play(&url(&server, "/talk.mp4"), options()).await;
    check(played, FailureKind::UnsupportedMedia, "range requests");
}

#[tokio::test]
async fn missing_and_forbidden() {
    let server = serve(large(), |_, path| match path {
        "/missing.mp4" => Behaviour::Status(404),
        _ => Behaviour::Status(403),
    })
    .await;
    let missing = play(&url(&server, "/missing.mp4"), options()).await;
    check(
        missing,
        FailureKind::SourceMissing,
        "nothing at this address",
    );
    let forbidden = play(&url(&server, "/forbidden.mp4?signature=secret"), options()).await;
    let failure = forbidden.unwrap_err();
    assert_eq!(failure.kind, FailureKind::SourceUnreadable);
    assert!(!failure.message.contains("secret"), "{failure}");
    assert_eq!(
        server.requests.load(Ordering::SeqCst),
        2,
        "neither is tried again"
    );
}

#[tokio::test]
async fn an_empty_file() {
    let server = serve(Vec::new(), |_, _| Behaviour::Serve).await;
    let played = play(&url(&server, "/talk.mp4"), options()).await;
    check(played, FailureKind::UnsupportedMedia, "empty");
}

#[tokio::test]
async fn a_file_that_changes() {
    let server = serve(large(), |number, _| match number {
        0 => Behaviour::Serve,
        _ => Behaviour::OtherVersion,
    })
    .await;
    let played = play(&url(&server, "/talk.mp4"), options()).await;
    check(played, FailureKind::SourceUnreadable, "changed");
}

#[tokio::test]
async fn redirects() {
    let server = serve(large(), |_, path| match path {
        "/talk.mp4" => Behaviour::RedirectTo("/elsewhere/talk.mp4"),
        "/round.mp4" => Behaviour::RedirectTo("/round.mp4"),
        "/metadata.mp4" => Behaviour::RedirectTo("http://169.254.169.254/latest/meta-data"),
        "/file.mp4" => Behaviour::RedirectTo("file:///etc/passwd"),
        _ => Behaviour::Serve,
    })
    .await;
    assert_eq!(
        play(&url(&server, "/talk.mp4"), options()).await,
        Ok(PACKETS)
    );
    let round = play(&url(&server, "/round.mp4"), options()).await;
    check(round, FailureKind::SourceUnreadable, "redirects more than");
    let metadata = play(&url(&server, "/metadata.mp4"), options()).await;
    check(metadata, FailureKind::BadRequest, "169.254.169.254");
    let file = play(&url(&server, "/file.mp4"), options()).await;
    check(file, FailureKind::BadRequest, "redirects to");
}

#[tokio::test]
async fn addresses_that_are_refused() {
    let server = serve(large(), |_, _| Behaviour::Serve).await;
    let strict = || SourceOptions {
        addresses: AddressPolicy::PUBLIC,
        allow_plain_http: false,
        ..options()
    };
    let plain = play(&url(&server, "/talk.mp4"), strict()).await;
    check(plain, FailureKind::BadRequest, "plain http");
    let refused = |url: &'static str, options: SourceOptions| async move {
        play(&url.parse().unwrap(), options).await
    };
    let number = refused("https://127.0.0.1/talk.mp4", strict()).await;
    check(number, FailureKind::BadRequest, "private address");
    // By name: refused where the name is resolved.
    let name = refused("https://localhost/talk.mp4", strict()).await;
    check(name, FailureKind::BadRequest, "private address");
    let metadata = refused("http://[::ffff:169.254.169.254]/v.mp4", options()).await;
    check(metadata, FailureKind::BadRequest, "metadata");
    let public = refused("http://192.0.2.1/talk.mp4", options()).await;
    check(public, FailureKind::BadRequest, "plain http");
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn readers_that_are_near_one_another_share_what_they_read() {
    let server = serve(large(), |_, _| Behaviour::Serve).await;
    let source = Source::open(&url(&server, "/talk.mp4"), options())
        .await
        .unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    let opened = server.requests.load(Ordering::SeqCst);
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
    let read = server.requests.load(Ordering::SeqCst) - opened;
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
    check(
        played,
        FailureKind::SourceUnreadable,
        "certificate is not trusted",
    );
    assert_eq!(handshakes.load(Ordering::SeqCst), 1, "not tried again");
}
