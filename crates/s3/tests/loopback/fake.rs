//! A small S3: objects, tags and uploads in memory, and faults on request.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::{SdkConfig, region::Region};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use s3::{Client, Retry, Settings};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "secret-never-shown";
pub(crate) const TOKEN: &str = "token-never-shown";

/// What the next request meets instead of being done.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// An error of this status and code.
    Error(u16, &'static str),
    /// It is done, and the answer is an error: it got lost.
    Lost(u16),
    /// 200, and then an error.
    Late(&'static str),
    /// The bucket is elsewhere.
    Elsewhere(&'static str),
    /// No answer at all.
    Silence,
}

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) asked: Vec<Asked>,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) objects: BTreeMap<String, Bytes>,
    pub(crate) tags: String,
    /// The one upload, if one was begun.
    pub(crate) upload: Option<BTreeMap<u32, Bytes>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Fake {
    kept: Arc<Mutex<Kept>>,
    url: String,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            kept: Arc::default(),
            url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// A client that soon gives up.
    pub(crate) fn client(&self) -> Client {
        self.client_that_waits(Duration::from_millis(400), Duration::from_secs(2))
    }

    /// A client for large bodies, which take their time on a machine that has much to do.
    pub(crate) fn patient_client(&self) -> Client {
        self.client_that_waits(Duration::from_secs(30), Duration::from_secs(60))
    }

    fn client_that_waits(&self, stall_timeout: Duration, give_up_after: Duration) -> Client {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.into()), None, "test");
        let sdk = SdkConfig::builder()
            .endpoint_url(&self.url)
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let settings = Settings {
            retry: Retry {
                first_pause: Duration::from_millis(1),
                longest_pause: Duration::from_millis(2),
                give_up_after,
            },
            stall_timeout,
            ..Settings::default()
        };
        Client::with_settings(&sdk, "talks", settings).unwrap()
    }

    pub(crate) fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.kept().faults.extend(faults);
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// What was asked, without the endpoint's parts of it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let kept = self.kept();
        kept.asked.iter().map(|asked| asked.line.clone()).collect()
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches("/talks/").to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (answer, silent) = {
        let mut kept = fake.kept();
        kept.asked.push(Asked {
            line: format!("{} {path}?{query}", parts.method),
            headers: parts.headers,
        });
        let fault = kept.faults.pop_front();
        let silent = matches!(fault, Some(Fault::Silence));
        let answer = match fault {
            None => kept.serve(&parts.method, &path, &query, body),
            Some(Fault::Error(status, code)) => error(status, code),
            Some(Fault::Lost(status)) => {
                kept.serve(&parts.method, &path, &query, body);
                error(status, "ServiceUnavailable")
            }
            Some(Fault::Late(code)) => error(200, code),
            Some(Fault::Elsewhere(region)) => Response::builder()
                .status(StatusCode::MOVED_PERMANENTLY)
                .header("x-amz-bucket-region", region)
                .body(Body::empty())
                .unwrap(),
            Some(Fault::Silence) => text(""),
        };
        (answer, silent)
    };
    if silent {
        std::future::pending::<()>().await;
    }
    answer
}

impl Kept {
    fn serve(&mut self, method: &Method, key: &str, query: &str, body: Bytes) -> Response {
        let parameter = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        match (method.as_str(), parameter("tagging"), parameter("uploads")) {
            ("GET", Some(_), _) => return text(&self.tags),
            ("PUT", Some(_), _) => {
                self.tags = String::from_utf8(body.to_vec()).unwrap();
                return text("");
            }
            ("GET", _, Some(_)) => {
                let upload = self.upload.as_ref().map_or(String::new(), |_| {
                    "<Upload><Key>talk.mp4</Key><UploadId>u1</UploadId>\
                     <Initiated>2026-11-23T12:00:00.000Z</Initiated></Upload>"
                        .to_owned()
                });
                return text(&format!(
                    "<ListMultipartUploadsResult>{upload}</ListMultipartUploadsResult>"
                ));
            }
            ("POST", _, Some(_)) => {
                self.upload = Some(BTreeMap::new());
                return text("<R><UploadId>u1</UploadId></R>");
            }
            _ => {}
        }
        let Some(upload) = self.upload.as_mut().filter(|_| query.contains("uploadId")) else {
            return match (method.as_str(), self.objects.get(key)) {
                _ if query.contains("uploadId") => error(404, "NoSuchUpload"),
                ("PUT", _) => {
                    self.objects.insert(key.to_owned(), body);
                    text("")
                }
                ("HEAD", Some(object)) => Response::builder()
                    .header("content-length", object.len())
                    .body(Body::empty())
                    .unwrap(),
                _ => error(404, "NoSuchKey"),
            };
        };
        match (method.as_str(), parameter("partNumber")) {
            ("PUT", Some(number)) => {
                let etag = format!("\"{:x}\"", md5::compute(&body));
                upload.insert(number.parse().unwrap(), body);
                Response::builder()
                    .header("etag", etag)
                    .body(Body::empty())
                    .unwrap()
            }
            ("GET", _) => {
                let parts: String = upload
                    .iter()
                    .map(|(number, bytes)| {
                        format!(
                            "<Part><PartNumber>{number}</PartNumber><Size>{}</Size>\
                             <ETag>&quot;{:x}&quot;</ETag></Part>",
                            bytes.len(),
                            md5::compute(bytes)
                        )
                    })
                    .collect();
                text(&format!("<ListPartsResult>{parts}</ListPartsResult>"))
            }
            ("POST", _) => {
                let whole: Vec<u8> = upload.values().flatten().copied().collect();
                self.objects.insert(key.to_owned(), whole.into());
                self.upload = None;
                text("<CompleteMultipartUploadResult/>")
            }
            _ => {
                self.upload = None;
                text("")
            }
        }
    }
}

fn text(text: &str) -> Response {
    Response::new(Body::from(text.to_owned()))
}

fn error(status: u16, code: &str) -> Response {
    Response::builder()
        .status(status)
        .body(Body::from(format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
        )))
        .unwrap()
}
