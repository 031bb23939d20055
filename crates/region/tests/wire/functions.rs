//! Lambda `Invoke`, the function URL and STS.

use serde_json::json;

use crate::{
    signed::{Request, Signing},
    support::{Region, eventually},
};

async fn call(region: &Region, service: &'static str, request: Request) -> (u16, String) {
    request
        .sign(region, &Signing::for_service(service))
        .send(region)
        .await
}

fn invoke(function: &str, payload: &str) -> Request {
    Request::new(
        "POST",
        &format!("/2015-03-31/functions/{function}/invocations"),
        payload,
    )
}

async fn check(region: &Region, request: Request, status: u16, expected: &[&str]) {
    let (answered, text) = call(region, "lambda", request).await;
    assert_eq!(answered, status, "{text}");
    for expected in expected {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[tokio::test]
async fn invocations() {
    let region = Region::start();
    check(
        &region,
        invoke("echo", r#"{"a":1}"#),
        200,
        &[r#"{"a":1}"#, "x-amz-executed-version: $LATEST"],
    )
    .await;
    check(&region, invoke("echo", ""), 200, &["{}"]).await;
    check(
        &region,
        invoke("fail", "{}"),
        200,
        &[
            "x-amz-function-error: Unhandled",
            r#"{"errorMessage":"this function always fails","errorType":"OnPurpose"}"#,
        ],
    )
    .await;
    check(
        &region,
        invoke(
            "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho",
            "7",
        ),
        200,
        &["\r\n\r\n7"],
    )
    .await;
    check(
        &region,
        invoke("nobody", "{}"),
        404,
        &["ResourceNotFoundException", "Function not found"],
    )
    .await;
    check(
        &region,
        invoke("echo", "{"),
        400,
        &["InvalidRequestContentException"],
    )
    .await;
    let dry = invoke("echo", "{}").header("x-amz-invocation-type", "DryRun");
    check(&region, dry, 204, &[]).await;
    let functions = Request::new("GET", "/2015-03-31/functions/", "");
    check(&region, functions, 200, &["echo", "fail", "record"]).await;
    let unknown = Request::new("DELETE", "/2015-03-31/functions/echo", "");
    check(&region, unknown, 404, &["UnknownOperationException"]).await;
}

#[tokio::test]
async fn an_event_is_accepted_and_delivered() {
    let region = Region::start();
    let event = invoke("record", r#"{"event":1}"#).header("x-amz-invocation-type", "Event");
    check(&region, event, 202, &[]).await;
    let recorded = eventually("delivery", async || {
        let recorded = region.recorded();
        (!recorded.is_empty()).then_some(recorded)
    })
    .await;
    assert_eq!(recorded, [json!({"event": 1})]);
}

#[tokio::test]
async fn a_function_url_is_behind_the_same_door() {
    let region = Region::start();
    check(
        &region,
        Request::new("GET", "/hello", ""),
        200,
        &["\r\n\r\nhello"],
    )
    .await;
    check(&region, Request::new("GET", "/elsewhere", ""), 404, &[]).await;
    let host = crate::signed::authority(&region);
    let unsigned = Request::new("GET", "/hello", "").header("host", &host);
    assert_eq!(unsigned.send(&region).await.0, 403);
    let (status, _) = call(&region, "execute-api", Request::new("GET", "/hello", "")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn who_am_i() {
    let region = Region::start();
    let ask = |action: &str| {
        Request::new("POST", "/", &format!("Action={action}&Version=2011-06-15"))
            .header("content-type", "application/x-www-form-urlencoded")
    };
    let (status, text) = call(&region, "sts", ask("GetCallerIdentity")).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("<Account>000000000000</Account>"), "{text}");
    let (status, text) = call(&region, "sts", ask("AssumeRole")).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("<Code>InvalidAction</Code>"), "{text}");
}
