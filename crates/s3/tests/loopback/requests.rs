//! Signing, patience and refusals.

use s3::Error;

use crate::fake::{Fake, Fault, SECRET, TOKEN};

fn tags() -> Vec<(String, String)> {
    vec![("matinee".to_owned(), "aired".to_owned())]
}

#[tokio::test]
async fn tags_that_are_put_are_got() {
    let fake = Fake::start().await;
    let client = fake.client();
    client.put_tags("a b/ü.mp4", &tags()).await.unwrap();
    assert_eq!(client.get_tags("a b/ü.mp4").await.unwrap(), tags());
    assert_eq!(
        fake.lines(),
        [
            "PUT a%20b/%C3%BC.mp4?tagging=",
            "GET a%20b/%C3%BC.mp4?tagging="
        ]
    );
    let put = fake.kept().asked[0].clone();
    let header = |name: &str| put.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-amz-security-token"), TOKEN);
    assert!(put.headers.contains_key("content-md5"));
    let authorization = header("authorization");
    assert!(authorization.contains("/eu-west-1/s3/aws4_request"));
    assert!(
        authorization.contains(
            "content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
        ),
        "{authorization}"
    );
}

#[track_caller]
fn check(result: Result<(), Error>, fake: &Fake, asked: usize, said: Option<&str>) {
    assert_eq!(fake.lines().len(), asked);
    match (&result, said) {
        (Ok(()), None) => {}
        (Err(error), Some(said)) => {
            let mut text = format!("{error} {error:?}");
            assert!(text.contains(said), "{text}");
            text.push_str(&error.refusal().map(ToString::to_string).unwrap_or_default());
            assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
        }
        _ => panic!("{result:?}"),
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let fake = Fake::start().await;
    fake.fails([
        Fault::Error(503, "SlowDown"),
        Fault::Error(500, "InternalError"),
        Fault::Error(400, "RequestTimeout"),
        Fault::Error(400, "ExpiredToken"),
        Fault::Silence,
    ]);
    check(fake.client().put_tags("a", &tags()).await, &fake, 6, None);
}

#[tokio::test]
async fn what_will_not_pass_is_told_at_once() {
    for (status, code) in [
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (400, "BadDigest"),
    ] {
        let fake = Fake::start().await;
        fake.fails([Fault::Error(status, code)]);
        check(
            fake.client().put_tags("a", &tags()).await,
            &fake,
            1,
            Some(code),
        );
    }
}

#[tokio::test]
async fn patience_ends() {
    let fake = Fake::start().await;
    fake.fails(vec![Fault::Silence; 20]);
    let error = fake.client().put_tags("a", &tags()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::GaveUp {
                attempts: 4..=6,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_bucket_elsewhere_is_asked_there() {
    let fake = Fake::start().await;
    let client = fake.client();
    fake.fails([Fault::Elsewhere("ap-south-1")]);
    check(client.put_tags("a", &tags()).await, &fake, 2, None);
    client.get_tags("a").await.unwrap();
    let kept = fake.kept();
    let scopes: Vec<&str> = kept
        .asked
        .iter()
        .map(|asked| asked.headers["authorization"].to_str().unwrap())
        .map(|header| header.split('/').nth(2).unwrap())
        .collect();
    assert_eq!(scopes, ["eu-west-1", "ap-south-1", "ap-south-1"]);
}
