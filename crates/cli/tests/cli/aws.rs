//! `matinee --aws`, against the API and the SSM of a `matinee up`.

use std::{fs, path::Path};

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
    let file = fixture("hevc.mp4");
    at_aws(&up, &["--aws", "upload", &file], "").failed(65, &["HEVC"]);
    at_aws(&up, &["--aws", "upload", "s3://videos/a.mp4"], "")
        .failed(64, &["only a file of this machine"]);
}
