//! Objects in S3, read by whom S3 takes for as long as it takes them.
//!
//! Credentials of containers and instances come by the environment, and are tested with the
//! streamer's process.

use std::{path::PathBuf, time::Duration};

use aws_config::{
    Region, SdkConfig, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use broadcast::FailureKind;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;
use streamer::{
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};
use tempfile::TempDir;

use crate::{
    far_apart::media_in_three_places,
    server::{Behaviour, Server, options, serve_requests},
    video::{PACKETS, Played, read},
};

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    values.next().map_or("", |(_, value)| value)
}

fn options_of(server: &Server, credentials: SharedCredentialsProvider) -> SourceOptions {
    let aws = SdkConfig::builder()
        .endpoint_url(format!("http://{}", server.address))
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .build();
    SourceOptions {
        aws: Some(aws),
        ..options()
    }
}

async fn play(server: &Server, credentials: SharedCredentialsProvider) -> Played {
    let url = "s3://talks/talk.mp4".parse().unwrap();
    let source = match Source::open(&url, options_of(server, credentials)).await {
        Ok(source) => source,
        Err(failure) => {
            return Played {
                packets: Vec::new(),
                failure: Some(failure),
            };
        }
    };
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    read(&movie).await
}

fn constant() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("AKID", "secret", None, None, "test"))
}

/// A process that gives credentials, which are others each half second and good for two.
struct Process {
    folder: TempDir,
}

impl Process {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Self { folder };
        process.next(1);
        let path = process.given();
        tokio::spawn(async move {
            for number in 2_u32.. {
                tokio::time::sleep(Duration::from_millis(500)).await;
                write(path.clone(), number);
            }
        });
        process
    }

    fn given(&self) -> PathBuf {
        self.folder.path().join("credentials.json")
    }

    fn next(&self, number: u32) {
        write(self.given(), number);
    }

    /// The profile that names the process.
    fn provider(&self) -> SharedCredentialsProvider {
        let process = format!("cat {}", self.given().display());
        let files = EnvConfigFiles::builder()
            .with_contents(
                EnvConfigFileKind::Config,
                format!("[default]\ncredential_process = {process}\n"),
            )
            .build();
        // Made for providers that ask by HTTP, which this does not do.
        let client = ProviderConfig::default().with_http_client(broadcast::aws::http_client());
        SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder()
                .configure(&client)
                .profile_files(files)
                .build(),
        )
    }
}

/// Whole or not at all, so that none is read half.
fn write(path: PathBuf, number: u32) {
    let expires = Utc::now() + TimeDelta::seconds(2);
    let given = json!({
        "Version": 1,
        "AccessKeyId": "AKID",
        "SecretAccessKey": "secret",
        "SessionToken": format!("{number} {}", expires.timestamp_millis()),
        "Expiration": expires.to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    let draft = path.with_extension("draft");
    // The folder goes when the test ends.
    if std::fs::write(&draft, given.to_string()).is_ok() {
        let _ = std::fs::rename(draft, path);
    }
}

#[tokio::test]
async fn a_profiles_process_is_asked_again() {
    let server = serve_requests(media_in_three_places(), |_, request| {
        let token = header(request, "x-amz-security-token");
        let (_, expires) = token.split_once(' ').unwrap();
        match expires.parse::<i64>().unwrap() >= Utc::now().timestamp_millis() {
            true => Behaviour::Serve,
            false => Behaviour::Refuse(400, "ExpiredToken"),
        }
    })
    .await;
    let process = Process::start();
    let url = "s3://talks/talk.mp4".parse().unwrap();
    let options = options_of(&server, process.provider());
    let source = Source::open(&url, options).await.unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    let mut packets = movie.packets(broadcast::MediaTime::ZERO);
    let mut count = 0;
    while packets.next().await.unwrap().is_some() {
        count += 1;
        if count % 80 == 0 {
            tokio::time::sleep(Duration::from_millis(2200)).await;
        }
    }
    assert_eq!(count, PACKETS);
    let asked = server.asked();
    let mut tokens: Vec<&str> = asked
        .iter()
        .map(|request| header(request, "x-amz-security-token"))
        .collect();
    tokens.dedup();
    assert!(tokens.len() > 2, "{tokens:?}");
}

/// An hour ahead of this machine.
fn their_time() -> DateTime<Utc> {
    Utc::now() + TimeDelta::hours(1)
}

fn is_their_time(request: &str) -> bool {
    let signed = header(request, "x-amz-date");
    let signed = NaiveDateTime::parse_from_str(signed, "%Y%m%dT%H%M%SZ").unwrap();
    (their_time() - signed.and_utc()).abs() < TimeDelta::minutes(15)
}

#[tokio::test]
async fn a_clock_that_is_off_is_made_up_for() {
    let server = serve_requests(media_in_three_places(), |_, request| {
        match is_their_time(request) {
            true => Behaviour::Serve,
            false => Behaviour::WrongTime(their_time().to_rfc2822().replace("+0000", "GMT")),
        }
    })
    .await;
    play(&server, constant()).await.whole();
    let asked = server.asked();
    let wrong = asked
        .iter()
        .filter(|request| !is_their_time(&request.to_uppercase()));
    assert_eq!(wrong.count(), 1);
}

#[tokio::test]
async fn or_told_in_words() {
    let server = serve_requests(media_in_three_places(), |_, _| {
        Behaviour::Refuse(403, "RequestTimeTooSkewed")
    })
    .await;
    let mut options = options_of(&server, constant());
    options.opening.give_up_after = Duration::from_millis(50);
    let url = "s3://talks/talk.mp4".parse().unwrap();
    let failure = Source::open(&url, options).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::SourceUnreadable);
    assert!(
        failure.message.contains("this machine's clock"),
        "{failure}"
    );
}

#[tokio::test]
async fn what_may_not_be_read_is_refused_at_once() {
    let server = serve_requests(media_in_three_places(), |_, _| {
        Behaviour::Refuse(403, "AccessDenied")
    })
    .await;
    let played = play(&server, constant()).await;
    played.refused(FailureKind::SourceUnreadable, &["AccessDenied"]);
    assert_eq!(server.requests(), 1);
}
