//! The canonical request of Signature Version 4, rebuilt from what came over the wire.

use http::{HeaderMap, Method, Uri};

/// The canonical request's text.
///
/// `signed_headers` are lower-case names in the order the client signed them; a header that it
/// says it signed but did not send counts as empty, and then the signature does not match.
pub(super) fn canonical_request(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    signed_headers: &str,
    payload_hash: &str,
) -> String {
    let mut text = format!(
        "{method}\n{}\n{}\n",
        canonical_path(uri.path()),
        canonical_query(uri.query().unwrap_or_default()),
    );
    for name in signed_headers.split(';') {
        text.push_str(name);
        text.push(':');
        text.push_str(&canonical_value(headers, name));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_headers);
    text.push('\n');
    text.push_str(payload_hash);
    text
}

/// All values of a header, trimmed, runs of spaces collapsed, joined by commas.
fn canonical_value(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

/// Dot segments resolved and empty ones dropped, then every segment encoded once more than it
/// was on the wire: every service but S3 signs it so.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::new();
    for segment in &segments {
        canonical.push('/');
        encode(segment.as_bytes(), &mut canonical);
    }
    if canonical.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Pairs decoded, encoded strictly, and sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(name), recode(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn recode(text: &str) -> String {
    let mut encoded = String::new();
    encode(&decode(text), &mut encoded);
    encoded
}

/// Percent decoding; what is no valid escape stays as it is.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((&first, rest)) = bytes.split_first() {
        bytes = rest;
        if first == b'%'
            && let (Some(high), Some(low)) = (digit(rest.first()), digit(rest.get(1)))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            decoded.push(byte);
            bytes = &rest[2..];
        } else {
            decoded.push(first);
        }
    }
    decoded
}

/// Percent encoding of everything but RFC 3986's unreserved characters.
fn encode(bytes: &[u8], into: &mut String) {
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => {
                into.push('%');
                into.push_str(&hex::encode_upper([byte]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(wire: &str, canonical: &str) {
        assert_eq!(canonical_path(wire), canonical, "{wire}");
    }

    #[test]
    fn paths() {
        check_path("/", "/");
        check_path("", "/");
        check_path("/schedules/a.b-c_d", "/schedules/a.b-c_d");
        check_path(
            "/functions/arn%3Aaws/invocations",
            "/functions/arn%253Aaws/invocations",
        );
        check_path("/a//b/./c/../d/", "/a/b/d/");
        check_path("/../..", "/");
    }

    #[track_caller]
    fn check_query(wire: &str, canonical: &str) {
        assert_eq!(canonical_query(wire), canonical, "{wire}");
    }

    #[test]
    fn queries() {
        check_query("", "");
        check_query("b=2&a=1", "a=1&b=2");
        check_query("a=2&a=1", "a=1&a=2");
        check_query("tagging", "tagging=");
        check_query("a=x%20y&b=%2f", "a=x%20y&b=%2F");
        check_query("a=100%&b=%zz", "a=100%25&b=%25zz");
    }

    #[test]
    fn header_values_are_trimmed_collapsed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-meta", http::HeaderValue::from_static("  a   b "));
        headers.append("x-amz-meta", http::HeaderValue::from_static("c"));
        assert_eq!(canonical_value(&headers, "x-amz-meta"), "a b,c");
        assert_eq!(canonical_value(&headers, "absent"), "");
    }
}
