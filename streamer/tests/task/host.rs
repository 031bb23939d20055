//! What a task finds around it on Fargate: the address that gives it credentials, and S3.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What proves to the host that it is the task that asks.
pub(crate) const TOKEN: &str = "a-token-of-the-container";

/// A video with eight megabytes of nothing between the media and its index: it takes several reads.
pub(crate) const FAR_INDEX: &str = "far-index.mp4";

/// Gives credentials at `/credentials`, each time another session of one key, and serves the
/// fixtures as the bucket `videos`.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    sessions: Arc<Mutex<Sessions>>,
}

struct Sessions {
    key: (String, String),
    valid_for: Duration,
    given: u32,
    /// The sessions whose credentials signed requests for objects, in order.
    used: Vec<String>,
}

impl Host {
    /// GIVEN a host whose credentials are those of a region, for an hour.
    pub(crate) async fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sessions = Arc::new(Mutex::new(Sessions {
            key: (access_key_id.to_owned(), secret_access_key.to_owned()),
            valid_for: Duration::from_secs(3600),
            given: 0,
            used: Vec::new(),
        }));
        let shared = Arc::clone(&sessions);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sessions = Arc::clone(&shared);
                // A client that goes away is none of the server's business.
                tokio::spawn(async move { _ = answer(stream, &sessions).await });
            }
        });
        Self { address, sessions }
    }

    /// GIVEN credentials that are good for this long.
    pub(crate) fn valid_for(&self, duration: Duration) {
        self.sessions.lock().unwrap().valid_for = duration;
    }

    /// How often credentials were given, and whose signed the requests for objects.
    pub(crate) fn sessions(&self) -> (u32, Vec<String>) {
        let sessions = self.sessions.lock().unwrap();
        (sessions.given, sessions.used.clone())
    }
}

/// One request per connection.
async fn answer(mut stream: TcpStream, sessions: &Mutex<Sessions>) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let header = |name: &str| {
        request.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let (status, headers, body) = match path.strip_prefix("/videos/") {
        _ if path == "/credentials" => credentials(header("authorization"), sessions),
        Some(name) => {
            let session = header("x-amz-security-token").unwrap_or("none");
            sessions.lock().unwrap().used.push(session.to_owned());
            object(name, header("range"))
        }
        None => ("404 Not Found", String::new(), Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}

type Answer = (&'static str, String, Vec<u8>);

fn credentials(authorization: Option<&str>, sessions: &Mutex<Sessions>) -> Answer {
    if authorization != Some(TOKEN) {
        return ("403 Forbidden", String::new(), Vec::new());
    }
    let mut sessions = sessions.lock().unwrap();
    sessions.given += 1;
    let expires = DateTime::<Utc>::from(SystemTime::now() + sessions.valid_for);
    let body = json!({
        "RoleArn": "arn:aws:iam::123456789012:role/streamer",
        "AccessKeyId": sessions.key.0,
        "SecretAccessKey": sessions.key.1,
        "Token": format!("session-{}", sessions.given),
        "Expiration": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    let headers = "content-type: application/json\r\n".to_owned();
    ("200 OK", headers, body.to_string().into_bytes())
}

/// What is in the bucket under the name of a fixture, or of one whose index is far away.
fn content(name: &str) -> Option<Vec<u8>> {
    let fixture = match name {
        FAR_INDEX => "moov-last.mp4",
        _ => name,
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(fixture);
    let mut content = std::fs::read(path).ok()?;
    if name == FAR_INDEX {
        let index = content
            .windows(4)
            .rposition(|four| four == b"moov")
            .unwrap()
            - 4;
        let mut free = vec![0; 8 << 20];
        free[..8].copy_from_slice(b"\x00\x80\x00\x00free");
        content.splice(index..index, free);
    }
    Some(content)
}

fn object(name: &str, range: Option<&str>) -> Answer {
    let Some(content) = content(name) else {
        let body = b"<Error><Code>NoSuchKey</Code></Error>".to_vec();
        return ("404 Not Found", String::new(), body);
    };
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = range else {
        return ("400 Bad Request", String::new(), Vec::new());
    };
    let first: usize = first.parse().unwrap();
    let last = last.parse().unwrap_or(usize::MAX).min(content.len() - 1);
    let headers = format!(
        "etag: \"v1\"\r\ncontent-range: bytes {first}-{last}/{}\r\n",
        content.len()
    );
    (
        "206 Partial Content",
        headers,
        content[first..=last].to_vec(),
    )
}
