//! `matinee --aws`, against the API and the SSM of a `matinee up`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use broadcast::aws::Endpoint;

use crate::matinee::{Run, Up, command, fixture, run_command};

const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:matinee-broadcast";

fn setting(up: &Up, file: &str, name: &str) -> String {
    let text = fs::read_to_string(up.data.path().join(file)).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
    line.unwrap().trim().to_owned()
}

/// Says in SSM what `./deploy` says there.
async fn deploy(up: &Up, name: &str, api_url: Option<&str>) {
    let endpoint = Endpoint {
        url: setting(up, "aws/config", "endpoint_url"),
        region: setting(up, "aws/config", "region"),
        access_key_id: setting(up, "aws/credentials", "aws_access_key_id"),
        secret_access_key: setting(up, "aws/credentials", "aws_secret_access_key").into(),
    };
    let value = serde_json::json!({
        "version": 1,
        "api_url": api_url.unwrap_or(&endpoint.url),
        "videos_bucket": "videos",
        "state_machine_arn": MACHINE,
        "dashboard_url": "https://console",
    });
    aws_sdk_ssm::Client::new(&endpoint.config())
        .put_parameter()
        .overwrite(true)
        .name(format!("/matinee-deployment/{name}"))
        .r#type(aws_sdk_ssm::types::ParameterType::String)
        .value(value.to_string())
        .send()
        .await
        .unwrap();
}

/// A run with nothing of this machine's AWS settings but those of `up`.
fn at_aws(up: &Up, args: &[&str], stdin: &str) -> Run {
    with(up, &[], args, stdin)
}

fn with(up: &Up, environment: &[(&str, &str)], args: &[&str], stdin: &str) -> Run {
    let mut command = command(Path::new("/nonexistent"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_CONFIG_FILE", up.data.path().join("aws/config"))
        .env(
            "AWS_SHARED_CREDENTIALS_FILE",
            up.data.path().join("aws/credentials"),
        )
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .args(args);
    run_command(command, stdin)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_ask_a_deployment() {
    let up = Up::start();
    deploy(&up, "sunday", None).await;
    let args = [
        "--aws",
        "--deployment",
        "sunday",
        "schedule",
        "s3://videos/talk.mp4",
        "--to",
        "rtmp://127.0.0.1:1/live",
        "--at",
        "+2h",
        "--spot",
    ];
    let scheduled = at_aws(&up, &args, "key-never-shown\n");
    let said = &scheduled.ok().stdout;
    let id = said["Scheduled ".len()..].split(':').next().unwrap();
    for words in [
        "https://us-east-1.console.aws.amazon.com/states/",
        &format!("execution:matinee-broadcast:{id}"),
        &format!("matinee --aws --deployment sunday show {id} --watch"),
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    let shown = with(
        &up,
        &[("MATINEE_AWS", "true"), ("MATINEE_DEPLOYMENT", "sunday")],
        &["show", id, "--json"],
        "",
    );
    let view: serde_json::Value = serde_json::from_str(&shown.ok().stdout).unwrap();
    assert_eq!(view["spot"], true);
    let cancelled = at_aws(&up, &["--aws", "--deployment", "sunday", "cancel", id], "");
    assert!(cancelled.ok().stdout.contains("is cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_what_to_do() {
    let up = Up::start();
    at_aws(&up, &["--aws", "list"], "").failed(
        69,
        &[
            "no deployment \"matinee\" in us-east-1",
            "./deploy",
            "--region",
        ],
    );
    deploy(&up, "clear", Some("http://192.0.2.1/")).await;
    at_aws(&up, &["--aws", "--deployment", "clear", "list"], "").failed(70, &["not https"]);
    deploy(&up, "gone", Some("http://127.0.0.1:1/")).await;
    at_aws(&up, &["--aws", "--deployment", "gone", "list"], "")
        .failed(69, &["cannot reach the API of \"gone\""]);
    deploy(&up, "matinee", None).await;
    let stranger = [
        ("AWS_ACCESS_KEY_ID", "AKIDNOBODY"),
        ("AWS_SECRET_ACCESS_KEY", "hidden"),
    ];
    let refused = with(&up, &stranger, &["--aws", "list"], "");
    refused.failed(64, &["does not know your credentials"]);
    assert!(!refused.stderr.contains("hidden"), "{refused:?}");
    let file = fixture("pcm.mov");
    at_aws(&up, &["--aws", "upload", &file], "").failed(65, &["PCM"]);
    at_aws(&up, &["--aws", "upload", "s3://videos/a.mp4"], "")
        .failed(64, &["only a file of this machine"]);
}

/// A function URL that answers each request with the next of these, or breaks off at status 0; how
/// many it got.
fn function_url(answers: Vec<(u16, &'static str, &'static str)>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for (status, error, body) in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = vec![0; 64 << 10];
            let _ = connection.read(&mut request).unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            if status == 0 {
                continue;
            }
            let answer = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\nx-amzn-errortype: {error}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_url_answers_is_told_in_words() {
    const NONE: &str = r#"{"broadcasts":[]}"#;
    const EXPIRED: &str = r#"{"message":"Signature expired: 20261201T193000Z is now earlier"}"#;
    const FORBIDDEN: &str = r#"{"Message":"Forbidden. For troubleshooting …"}"#;
    const BUSY: &str =
        r#"{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}"#;
    let up = Up::start();
    for (answers, code, said, asked) in [
        (
            vec![(403, "AccessDeniedException", FORBIDDEN)],
            64,
            "operator-us-east-1",
            1,
        ),
        (vec![(403, "", FORBIDDEN)], 64, "operator-us-east-1", 1),
        (
            vec![(403, "InvalidSignatureException", EXPIRED)],
            64,
            "clock",
            1,
        ),
        (
            vec![(429, "TooManyRequestsException", BUSY); 4],
            69,
            "too much to do",
            4,
        ),
        (
            vec![(502, "", "Internal Server Error"); 4],
            69,
            "/aws/lambda/stub-api",
            4,
        ),
        (vec![(404, "", "{}")], 69, "./deploy", 1),
        (
            vec![
                (403, "ExpiredTokenException", "{}"),
                (429, "", BUSY),
                (200, "", NONE),
            ],
            0,
            "",
            3,
        ),
    ] {
        let (url, count) = function_url(answers);
        deploy(&up, "stub", Some(&url)).await;
        let run = at_aws(&up, &["--aws", "--deployment", "stub", "list"], "");
        run.failed(code, &[said]);
        assert_eq!(count.load(Ordering::SeqCst), asked, "{run:?}");
    }
    // What may have been done is not asked for twice.
    let (url, count) = function_url(vec![(502, "", ""); 2]);
    deploy(&up, "stub", Some(&url)).await;
    let cancel = [
        "--aws",
        "--deployment",
        "stub",
        "cancel",
        "20261201-1930-k3fz",
    ];
    at_aws(&up, &cancel, "").failed(69, &["try again"]);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_scheduled_is_not_scheduled_again_blindly() {
    const BUSY: &str = r#"{"message":"Rate Exceeded."}"#;
    let up = Up::start();
    let look = "it may be scheduled all the same: look with `matinee --aws --deployment stub list` \
                before you try again";
    for (status, body, said, in_doubt, asked) in [
        (502, "Internal Server Error", "answers 502", true, 2),
        (503, "", "answers 503", true, 2),
        (504, "", "answers 504", true, 2),
        (0, "", "broke off", true, 2),
        (429, BUSY, "try again in a minute", false, 5),
    ] {
        let mut answers = vec![(200, "", r#"{"broadcasts":[]}"#)];
        answers.extend(vec![(status, "", body); 4]);
        let (url, count) = function_url(answers);
        deploy(&up, "stub", Some(&url)).await;
        let schedule = [
            "--aws",
            "--deployment",
            "stub",
            "schedule",
            "s3://videos/talk.mp4",
            "--to",
            "rtmp://127.0.0.1:1/live",
            "--at",
            "+2h",
        ];
        let run = at_aws(&up, &schedule, "key-never-shown\n");
        run.failed(69, &[said]);
        assert_eq!(run.stderr.contains(look), in_doubt, "{run:?}");
        assert_eq!(run.stderr.contains("; try again"), !in_doubt, "{run:?}");
        assert_eq!(count.load(Ordering::SeqCst), asked, "{run:?}");
    }
}
