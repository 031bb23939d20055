//! A server's words, fit to be shown.

use broadcast::StreamKey;

/// The longest text of a server that is passed on, in characters.
const MAX_LENGTH: usize = 200;
/// Parts of a key that are shorter say nothing (`1`, `live`) and occur in other words.
const MIN_PART: usize = 6;

/// Takes out the key and each part of it, because servers like to repeat the name of a stream in
/// their refusals; control characters, because a terminal obeys them; and what is too long.
pub(crate) fn redact(text: &str, key: &StreamKey) -> String {
    let key = key.expose();
    let mut text = text.to_owned();
    if !key.is_empty() {
        text = text.replace(key, "…");
    }
    for part in key.split(['?', '&', '=', '/']) {
        if part.len() >= MIN_PART {
            text = text.replace(part, "…");
        }
    }
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_LENGTH)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, key: &str, expected: &str) {
        assert_eq!(redact(text, &StreamKey::new(key)), expected);
    }

    #[test]
    fn the_key_and_its_parts_are_taken_out() {
        check("stream k1 is busy", "k1", "stream … is busy");
        check("no 123456?a=b", "123456?a=b", "no …");
        check(
            "live/123456 denied, token s3cr3t-signature",
            "123456?s_bl=1&a=s3cr3t-signature",
            "live/… denied, token …",
        );
        check("nothing of it", "", "nothing of it");
    }

    #[test]
    fn a_terminal_has_nothing_to_obey() {
        check("\u{1b}[2Jno\r\n", "key", "[2Jno");
        check(&"x".repeat(500), "key", &"x".repeat(200));
    }
}
