//! A file that is another one than when it was opened is noticed at the next read of it.

use crate::{
    server::{Behaviour, options, serve},
    video::{index_far_away, play},
};

/// Opened with these headers, read on as `later` says: whether that is the file that was opened.
async fn check(opened: &'static str, later: Behaviour, is_the_same: bool) -> Vec<String> {
    let said = format!("{opened:?}, then {later:?}");
    let server = serve(index_far_away(), move |number, _| match number {
        0 => Behaviour::As(opened),
        _ => later.clone(),
    })
    .await;
    let played = play(&server.url("/talk.mp4"), options()).await;
    match played.failure {
        None => assert!(is_the_same, "{said}"),
        Some(failure) => {
            assert!(!is_the_same, "{said}: {failure}");
            assert!(failure.message.contains("changed or replaced"), "{failure}");
            assert_eq!(server.requests(), 2, "{said}: not tried again");
        }
    }
    server.asked()
}

fn conditions(asked: &[String]) -> usize {
    let is_conditional = |request: &&String| request.contains("if-match: \"a\"");
    asked.iter().filter(is_conditional).count()
}

#[tokio::test]
async fn by_its_entity_tag() {
    use Behaviour::As;
    let a = "etag: \"a\"\r\n";
    let asked = check(a, As(a), true).await;
    assert_eq!(conditions(&asked), asked.len() - 1);
    check(a, As("etag: \"b\"\r\n"), false).await;
    // What takes no condition is found out by its answer.
    check(a, Behaviour::StatusWith(412, "x: y"), false).await;
}

#[tokio::test]
async fn by_a_weak_tag() {
    use Behaviour::As;
    let weak = "etag: W/\"a\"\r\n";
    let asked = check(weak, As(weak), true).await;
    assert_eq!(conditions(&asked), 0);
    check(weak, As("etag: W/\"b\"\r\n"), false).await;
    check(weak, As("etag: \"a\"\r\n"), true).await;
}

#[tokio::test]
async fn by_its_time() {
    use Behaviour::As;
    let monday = "last-modified: Mon, 23 Nov 2026 12:00:00 GMT\r\n";
    check(monday, As(monday), true).await;
    let later = "last-modified: Mon, 23 Nov 2026 12:00:01 GMT\r\n";
    check(monday, As(later), false).await;
    // A server of several that says nothing of it.
    check(monday, As(""), true).await;
}

#[tokio::test]
async fn by_its_length() {
    check("", Behaviour::As(""), true).await;
    check("", Behaviour::Shorter(1), false).await;
    // So short that the range is not there any more.
    check("", Behaviour::Shorter(2_990_000), false).await;
}
