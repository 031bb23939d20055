//! What of a request an answer may repeat.

/// Names and times that people type are shorter than this; the keys of platforms are longer.
const MAX_ECHO: usize = 20;
/// How the keys of platforms begin.
const KEYS: [&str; 2] = ["fb-", "live_"];

/// A text that a request has where something else belongs, for an answer that says so: quoted,
/// unless it may be a stream key in the wrong place.
pub fn echo(text: &str) -> String {
    let beginning = text.trim_start().to_ascii_lowercase();
    if text.chars().count() > MAX_ECHO || KEYS.iter().any(|key| beginning.starts_with(key)) {
        "what is given (not repeated here: it may be a stream key)".to_owned()
    } else {
        format!("{text:?}")
    }
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
        assert_eq!(echo("vimeo"), r#""vimeo""#);
        assert_eq!(echo("Europe/Lundon"), r#""Europe/Lundon""#);
    }
}
