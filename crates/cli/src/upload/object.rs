//! Where a video goes in the bucket, and as what.

use std::path::Path;

/// What browsers and players know it by.
pub(super) fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("mp4") => "video/mp4",
        Some("m4v") => "video/x-m4v",
        Some("mov" | "qt") => "video/quicktime",
        _ => "application/octet-stream",
    }
}

/// `videos/IDENTITY/NAME`: the same video has the same key, so that it is uploaded once, and keeps
/// its name for whoever looks into the bucket.
pub(super) fn key(identity: &str, path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // What is no text of one line is no name in an XML answer or in a title.
    let name: String = name
        .chars()
        .map(|c| match c {
            c if c.is_control() || c == char::REPLACEMENT_CHARACTER => '_',
            c => c,
        })
        .collect();
    format!("videos/{identity}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, wanted: &str, wanted_type: &str) {
        let path = Path::new(path);
        assert_eq!(key("0123456789abcdef", path), wanted);
        assert_eq!(content_type(path), wanted_type);
    }

    #[test]
    fn keys_and_types() {
        check(
            "/home/me/A talk, 2026 (ü).MP4",
            "videos/0123456789abcdef/A talk, 2026 (ü).MP4",
            "video/mp4",
        );
        check(
            "/x/two\nlines.mov",
            "videos/0123456789abcdef/two_lines.mov",
            "video/quicktime",
        );
        check(
            "talk",
            "videos/0123456789abcdef/talk",
            "application/octet-stream",
        );
    }
}
