//! What a task finds around it on Fargate or an instance: the address that gives it credentials,
//! and S3, which takes them for as long as they are good.

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

use crate::{far_apart::media_in_three_places, synthetic::Synthetic};

/// What proves to the host that it is the task that asks.
pub(crate) const TOKEN: &str = "a-token-of-the-container";

/// A video whose media lies so far apart that it is read while the show is on.
pub(crate) const FAR_APART: &str = "far-apart.mp4";

/// A video that lasts long enough for something to happen while it is on air.
pub(crate) const HALF_A_MINUTE: &str = "half-a-minute.mp4";

/// Gives credentials at `/credentials` to a container and at `/latest` to an instance, each time
/// another session of one key, and serves the fixtures as the bucket `videos`.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    sessions: Arc<Mutex<Sessions>>,
}

struct Sessions {
    key: (String, String),
    valid_for: Duration,
    /// For how long S3 takes them, whatever they say.
    taken_for: Duration,
    /// When each was given.
    given: Vec<SystemTime>,
    /// Requests that were refused because their session was over.
    refused: u32,
    /// The sessions whose credentials signed requests for objects, in order.
    used: Vec<String>,
    /// Of all objects: their entity tag.
    version: u32,
}

impl Host {
    /// GIVEN a host whose credentials are those of a region, for an hour.
    pub(crate) async fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sessions = Arc::new(Mutex::new(Sessions {
            key: (access_key_id.to_owned(), secret_access_key.to_owned()),
            valid_for: Duration::from_secs(3600),
            taken_for: Duration::MAX,
            given: Vec::new(),
            refused: 0,
            used: Vec::new(),
            version: 1,
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

    /// GIVEN credentials that S3 takes for a shorter time than they say.
    pub(crate) fn taken_for(&self, duration: Duration) {
        self.sessions.lock().unwrap().taken_for = duration;
    }

    /// WHEN every object of the bucket is another one than before.
    pub(crate) fn replace_objects(&self) {
        self.sessions.lock().unwrap().version += 1;
    }

    /// How often credentials were given, and whose signed the requests for objects.
    pub(crate) fn sessions(&self) -> (usize, Vec<String>) {
        let sessions = self.sessions.lock().unwrap();
        (sessions.given.len(), sessions.used.clone())
    }

    /// How many requests for objects were refused.
    pub(crate) fn refused(&self) -> u32 {
        self.sessions.lock().unwrap().refused
    }
}

impl Sessions {
    /// Whether a request is signed with a session that is not over.
    fn takes(&mut self, session: &str, authorization: &str) -> bool {
        self.used.push(session.to_owned());
        let given = session.strip_prefix("session-").and_then(|number| {
            self.given
                .get(number.parse::<usize>().ok()?.checked_sub(1)?)
        });
        let good_for = self.valid_for.min(self.taken_for);
        let is_good = given.is_some_and(|given| given.elapsed().unwrap() <= good_for)
            && authorization.contains(&format!("Credential={}/", self.key.0));
        self.refused += u32::from(!is_good);
        is_good
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
        _ if path == "/credentials" && header("authorization") == Some(TOKEN) => {
            credentials(sessions)
        }
        _ if path.starts_with("/latest/") => {
            instance(path, header("x-aws-ec2-metadata-token"), sessions)
        }
        Some(name) => {
            let session = header("x-amz-security-token").unwrap_or("none");
            let authorization = header("authorization").unwrap_or_default();
            let mut sessions = sessions.lock().unwrap();
            let tag = format!("\"v{}\"", sessions.version);
            match sessions.takes(session, authorization) {
                true if header("if-match").is_some_and(|wanted| wanted != tag) => replaced(),
                true => object(name, header("range"), &tag),
                false => expired(),
            }
        }
        None if path == "/credentials" => ("403 Forbidden", String::new(), Vec::new()),
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

fn expired() -> Answer {
    let body = b"<Error><Code>ExpiredToken</Code></Error>".to_vec();
    ("400 Bad Request", String::new(), body)
}

fn replaced() -> Answer {
    let body = b"<Error><Code>PreconditionFailed</Code></Error>".to_vec();
    ("412 Precondition Failed", String::new(), body)
}

fn credentials(sessions: &Mutex<Sessions>) -> Answer {
    let mut sessions = sessions.lock().unwrap();
    let now = SystemTime::now();
    sessions.given.push(now);
    let expires = DateTime::<Utc>::from(now + sessions.valid_for);
    let body = json!({
        // An instance says that it worked.
        "Code": "Success",
        "RoleArn": "arn:aws:iam::123456789012:role/streamer",
        "AccessKeyId": sessions.key.0,
        "SecretAccessKey": sessions.key.1,
        "Token": format!("session-{}", sessions.given.len()),
        "Expiration": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    let headers = "content-type: application/json\r\n".to_owned();
    ("200 OK", headers, body.to_string().into_bytes())
}

/// The metadata of an instance, second version.
fn instance(path: &str, token: Option<&str>, sessions: &Mutex<Sessions>) -> Answer {
    match (path, token) {
        ("/latest/api/token", _) => {
            let headers = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n".to_owned();
            ("200 OK", headers, TOKEN.as_bytes().to_vec())
        }
        (_, token) if token != Some(TOKEN) => ("401 Unauthorized", String::new(), Vec::new()),
        ("/latest/meta-data/iam/security-credentials/", _) => {
            ("200 OK", String::new(), b"streamer".to_vec())
        }
        ("/latest/meta-data/iam/security-credentials/streamer", _) => credentials(sessions),
        _ => ("404 Not Found", String::new(), Vec::new()),
    }
}

/// What is in the bucket under the name of a fixture.
fn content(name: &str) -> Option<Vec<u8>> {
    if name == FAR_APART {
        return Some(media_in_three_places());
    }
    if name == HALF_A_MINUTE {
        return Some(Synthetic::usual(30, 400_000).file());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read(path).ok()
}

fn object(name: &str, range: Option<&str>, tag: &str) -> Answer {
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
        "etag: {tag}\r\ncontent-range: bytes {first}-{last}/{}\r\n",
        content.len()
    );
    (
        "206 Partial Content",
        headers,
        content[first..=last].to_vec(),
    )
}
