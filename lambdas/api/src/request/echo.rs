//! What of a request an answer may repeat.

/// Names and times that people type are shorter than this; the keys of platforms are longer.
const MAX_ECHO: usize = 20;
/// How the keys of Facebook and Twitch begin.
const KEYS: [&str; 2] = ["fb-", "live_"];
/// How many letters and digits there are in each group of YouTube's keys.
const GROUP: usize = 4;
/// How many groups they have at least.
const GROUPS: usize = 4;

/// A text that a request has where something else belongs, for an answer that says so: quoted,
/// unless it may be a stream key in the wrong place.
pub fn echo(text: &str) -> String {
    if text.chars().count() > MAX_ECHO || looks_like_key(text) {
        "what is given (not repeated here: it may be a stream key)".to_owned()
    } else {
        format!("{text:?}")
    }
}

/// Whether a text has the shape that the stream keys of a known platform have.
pub fn looks_like_key(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let groups = || text.split('-');
    let is_group = |group: &str| {
        group.len() == GROUP && group.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    KEYS.iter().any(|key| text.starts_with(key))
        || (groups().count() >= GROUPS && groups().all(is_group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_is_not_repeated() {
        for text in [
            "FB-1-0-secret",
            " fb-secret",
            "live_1_secret",
            "abcd-efgh-ijkl-secret-mnop",
        ] {
            assert!(!echo(text).contains("secret"), "{text}");
        }
        for text in [
            "abcd-efgh-ijkl-mnop",
            "ABCD-1234-ijkl-mnop",
            "ab12-cd34-ef56-gh78-ij90",
        ] {
            assert!(!echo(text).contains(text), "{text}");
        }
        assert_eq!(echo("vimeo"), r#""vimeo""#);
        assert_eq!(echo("Europe/Lundon"), r#""Europe/Lundon""#);
        // The id of a broadcast, and a name.
        assert_eq!(echo("20261201-1930-abcd"), r#""20261201-1930-abcd""#);
        assert_eq!(echo("main-hall-live"), r#""main-hall-live""#);
    }
}
