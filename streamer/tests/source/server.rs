//! A web server that does as it is told.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use broadcast::SourceUrl;
use streamer::{
    address::AddressPolicy,
    source::{Retry, SourceOptions},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the server does with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Serve,
    /// Serves with these headers in place of its usual entity tag; obeys `If-Match`.
    As(&'static str),
    /// Serves the file as if it were this many bytes shorter.
    Shorter(usize),
    /// The whole file with status 200.
    IgnoreRange,
    Status(u16),
    /// A status with a header.
    StatusWith(u16, &'static str),
    /// Half of the body, then a reset.
    Reset,
    /// Half of the body, then a proper end.
    Short,
    /// Half of the body, then nothing.
    Stall,
    /// No answer at all.
    Silence,
    /// No more than this at a time, and says so.
    AtMost(usize),
    /// This `Content-Range`, whatever was asked for.
    Range(&'static str),
    /// A refusal as S3 words it.
    Refuse(u16, &'static str),
    /// The refusal of a clock that is off, with the time that the server holds for right.
    WrongTime(String),
    /// A redirect to this path of the same server, or elsewhere.
    RedirectTo(&'static str),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The requests so far: path and headers.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> SourceUrl {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// Serves `content`; request number `n` is treated as `behaviour(n, path)` says.
pub(crate) async fn serve(
    content: Vec<u8>,
    behaviour: impl Fn(usize, &str) -> Behaviour + Send + Sync + 'static,
) -> Server {
    let behaviour = move |number, request: &str| {
        let path = request.split(' ').nth(1).unwrap();
        behaviour(number, path)
    };
    serve_requests(content, behaviour).await
}

/// The same, by the whole head of the request.
pub(crate) async fn serve_requests(
    content: Vec<u8>,
    behaviour: impl Fn(usize, &str) -> Behaviour + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let content = Arc::new(content);
    let behaviour = Arc::new(behaviour);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (log, content, behaviour) = (log.clone(), content.clone(), behaviour.clone());
            tokio::spawn(async move {
                let behave = |request: &str| {
                    let mut log = log.lock().unwrap();
                    log.push(request.to_ascii_lowercase());
                    behaviour(log.len() - 1, request)
                };
                // A client that goes away is none of the server's business.
                let _ = answer(stream, &content, behave).await;
            });
        }
    });
    Server { address, asked }
}

/// One request per connection.
async fn answer(
    mut stream: TcpStream,
    content: &[u8],
    behaviour: impl Fn(&str) -> Behaviour,
) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8(request).unwrap();
    let behaviour = behaviour(&request);
    if behaviour == Behaviour::Silence {
        return std::future::pending().await;
    }
    let header = |name: &str| {
        let lines = request.lines();
        lines
            .filter_map(|line| line.split_once(": "))
            .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then(|| value.to_owned()))
    };
    let content = match behaviour {
        Behaviour::Shorter(by) => &content[..content.len() - by],
        _ => content,
    };
    let length = content.len();
    let range = header("range").unwrap();
    let (start, end) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let start: usize = start.parse().unwrap();
    let mut end = (end.parse::<usize>().unwrap() + 1).min(length);
    if let Behaviour::AtMost(most) = behaviour {
        end = end.min(start + most);
    }
    let validators = match behaviour {
        Behaviour::As(headers) => headers,
        _ => "etag: \"v1\"\r\n",
    };
    let fits = header("if-match").is_none_or(|tag| validators.contains(&tag));
    let refusal;
    let (head, body) = match behaviour {
        Behaviour::IgnoreRange => ("200 OK\r\n".to_owned(), content),
        Behaviour::Status(status) => (format!("{status} Whatever\r\n"), &b""[..]),
        Behaviour::StatusWith(status, more) => (format!("{status} No\r\n{more}\r\n"), &b""[..]),
        Behaviour::Refuse(status, code) => {
            refusal = format!("<Error><Code>{code}</Code></Error>");
            (format!("{status} No\r\n"), refusal.as_bytes())
        }
        Behaviour::WrongTime(ref date) => {
            refusal = "<Error><Code>RequestTimeTooSkewed</Code></Error>".to_owned();
            (
                format!("403 Forbidden\r\ndate: {date}\r\n"),
                refusal.as_bytes(),
            )
        }
        Behaviour::RedirectTo(to) => (format!("302 Found\r\nlocation: {to}\r\n"), &b""[..]),
        _ if !fits => ("412 Precondition Failed\r\n".to_owned(), &b""[..]),
        _ if start >= length => (
            format!("416 No\r\ncontent-range: bytes */{length}\r\n"),
            &b""[..],
        ),
        _ => {
            let range = match behaviour {
                Behaviour::Range(range) => range.to_owned(),
                _ => format!("bytes {start}-{}/{length}", end - 1),
            };
            (
                format!("206 Partial Content\r\ncontent-range: {range}\r\n{validators}"),
                &content[start..end],
            )
        }
    };
    let sent = match behaviour {
        Behaviour::Short | Behaviour::Reset | Behaviour::Stall => &body[..body.len().div_ceil(2)],
        _ => body,
    };
    let announced = match behaviour {
        Behaviour::Short => sent.len(),
        _ => body.len(),
    };
    let head = format!("HTTP/1.1 {head}content-length: {announced}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(sent).await?;
    match behaviour {
        Behaviour::Reset => {
            // What was sent arrives before the reset does.
            tokio::time::sleep(Duration::from_millis(50)).await;
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
        }
        Behaviour::Stall => std::future::pending().await,
        _ => stream.shutdown().await,
    }
}

/// Patient with a loaded machine, and with pauses that no test waits for.
pub(crate) fn options() -> SourceOptions {
    let retry = Retry {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        longest_asked: Duration::from_millis(5),
        give_up_after: Duration::from_secs(60),
    };
    SourceOptions {
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        opening: retry,
        was_read_before: false,
        retry,
        connect_timeout: Duration::from_secs(20),
        stall_timeout: Duration::from_secs(20),
        attempt_timeout: Duration::from_secs(20),
        aws: None,
    }
}

/// Impatient where that is what is tested.
pub(crate) fn options_for(fault: &Behaviour) -> SourceOptions {
    let mut options = options();
    if matches!(fault, Behaviour::Stall | Behaviour::Silence) {
        options.stall_timeout = Duration::from_millis(200);
    }
    options
}

/// Gives up soon, once the source is open.
pub(crate) fn soon_given_up(fault: &Behaviour) -> SourceOptions {
    let mut options = options_for(fault);
    options.retry.give_up_after = Duration::from_millis(100);
    options
}
