//! Who gets in.

use std::time::{Duration, SystemTime};

use crate::{
    signed::{Request, Signing, authority},
    support::Region,
};

fn list_parameters() -> Request {
    Request::new("POST", "/", "{}")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AmazonSSM.DescribeParameters")
}

async fn check(region: &Region, request: Request, status: u16, expected: &str) {
    let (answered, text) = request.send(region).await;
    assert_eq!(answered, status, "{text}");
    assert!(text.contains(expected), "{expected} is not in {text}");
}

#[tokio::test]
async fn a_signed_request_gets_in_and_every_spoilt_one_does_not() {
    let region = Region::start();
    let ssm = || Signing::for_service("ssm");
    let signed = || list_parameters().sign(&region, &ssm());
    check(&region, signed(), 200, r#"{"Parameters":[]}"#).await;

    let unsigned = list_parameters().header("host", &authority(&region));
    check(
        &region,
        unsigned,
        403,
        "MissingAuthenticationTokenException",
    )
    .await;

    let mut body = signed();
    body.body = br#"{"MaxResults": 1}"#.to_vec();
    check(&region, body, 403, "InvalidSignatureException").await;

    let mut path = signed();
    path.path = "/other".to_owned();
    check(&region, path, 403, "InvalidSignatureException").await;

    let mut target = signed();
    for (name, value) in &mut target.headers {
        if name == "x-amz-target" {
            *value = "AmazonSSM.DeleteParameter".to_owned();
        }
    }
    check(&region, target, 403, "InvalidSignatureException").await;

    let added = signed().header("x-amz-meta", "unsigned");
    check(&region, added, 403, "the header x-amz-meta must be signed").await;

    let twice = signed().header("x-amz-target", "AmazonSSM.DeleteParameter");
    check(&region, twice, 403, "InvalidSignatureException").await;

    let wrong_secret = Signing {
        secret: Some("wrong"),
        ..ssm()
    };
    let request = list_parameters().sign(&region, &wrong_secret);
    check(&region, request, 403, "InvalidSignatureException").await;

    let wrong_key = Signing {
        access_key: Some("AKIDEXAMPLE"),
        ..ssm()
    };
    let request = list_parameters().sign(&region, &wrong_key);
    check(&region, request, 403, "UnrecognizedClientException").await;

    let elsewhere = Signing {
        region: "eu-west-1",
        ..ssm()
    };
    let request = list_parameters().sign(&region, &elsewhere);
    check(&region, request, 403, "scoped to a valid region").await;

    // A signature for one service opens no other.
    let other = Signing::for_service("ecs");
    let request = list_parameters().sign(&region, &other);
    check(&region, request, 400, "UnknownOperationException").await;
}

#[tokio::test]
async fn times_outside_of_five_minutes_are_refused() {
    let region = Region::start();
    let at = |time| {
        list_parameters().sign(
            &region,
            &Signing {
                time,
                ..Signing::for_service("ssm")
            },
        )
    };
    let now = SystemTime::now();
    let minute = Duration::from_secs(60);
    check(&region, at(now - 4 * minute), 200, "Parameters").await;
    check(&region, at(now + 4 * minute), 200, "Parameters").await;
    check(&region, at(now - 6 * minute), 403, "Signature expired").await;
    check(
        &region,
        at(now + 6 * minute),
        403,
        "Signature not yet current",
    )
    .await;
}

#[tokio::test]
async fn bodies_must_be_under_the_signature() {
    let region = Region::start();
    let unsigned = Signing {
        unsigned_payload: true,
        ..Signing::for_service("ssm")
    };
    let request = list_parameters().sign(&region, &unsigned);
    check(
        &region,
        request,
        403,
        "unsigned and streaming payloads are not accepted",
    )
    .await;

    let presigned = Signing {
        presigned: true,
        ..Signing::for_service("ssm")
    };
    let request = list_parameters().sign(&region, &presigned);
    check(&region, request, 403, "presigned requests are not accepted").await;

    let huge = "x".repeat((16 << 20) + 1);
    let request = Request::new("POST", "/", &huge)
        .header("x-amz-target", "AmazonSSM.DescribeParameters")
        .sign(&region, &Signing::for_service("ssm"));
    let (status, _) = request.send(&region).await;
    assert!(status == 413 || status == 0, "{status}");
}

#[tokio::test]
async fn other_host_names_are_refused() {
    let region = Region::start();
    let ssm = Signing::for_service("ssm");
    let port = region.endpoint.rsplit(':').next().unwrap().to_owned();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        ("attacker.example".to_owned(), 421),
        (format!("attacker.example:{port}"), 421),
        ("127.0.0.1".to_owned(), 421),
    ] {
        let mut request = list_parameters().sign(&region, &ssm);
        for (name, value) in &mut request.headers {
            if name == "host" {
                value.clone_from(&host);
            }
        }
        let expected = if status == 200 {
            "Parameters"
        } else {
            "AccessDeniedException"
        };
        check(&region, request, status, expected).await;
    }
}

#[tokio::test]
async fn refusals_speak_the_protocol_they_were_asked_in() {
    let region = Region::start();
    let host = authority(&region);
    let json = list_parameters().header("host", &host);
    check(
        &region,
        json,
        403,
        "content-type: application/x-amz-json-1.1",
    )
    .await;
    let rest = Request::new("GET", "/schedules", "").header("host", &host);
    check(
        &region,
        rest,
        403,
        "x-amzn-errortype: MissingAuthenticationTokenException",
    )
    .await;
    let query = Request::new("POST", "/", "Action=GetCallerIdentity")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("host", &host);
    check(
        &region,
        query,
        403,
        "<Code>MissingAuthenticationToken</Code>",
    )
    .await;
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let region = Region::start();
    let request = list_parameters().sign(&region, &Signing::for_service("ssm"));
    check(&region, request, 200, "Parameters").await;
    let log = region.log();
    assert!(log.contains("AmazonSSM.DescribeParameters"), "{log}");
    assert!(!log.contains(region.credentials().secret_access_key()));
    assert!(!log.contains("AWS4-HMAC-SHA256"));
}

#[tokio::test]
async fn a_region_proves_itself_to_anyone_who_asks_it_by_its_name() {
    let region = Region::start();
    let host = authority(&region);
    let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let challenge = ::region::Challenge::new().unwrap();
    let ask = |path: &str, host: &str| Request::new("GET", path, "").header("host", host);
    let (status, text) = ask(&challenge.path(), &host).send(&region).await;
    assert_eq!(status, 200, "{text}");
    let secret = region.credentials();
    let json = text.get(text.find('{').unwrap()..).unwrap();
    assert!(challenge.is_met_by(json.as_bytes(), port, secret.secret_access_key()));
    check(
        &region,
        ask(&challenge.path(), "attacker.example"),
        421,
        "Host",
    )
    .await;
    let short = format!("{}?abc", ::region::PROOF_PATH);
    check(&region, ask(&short, &host), 400, "64 hexadecimal digits").await;
}
