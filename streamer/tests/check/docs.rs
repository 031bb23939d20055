//! `docs/preflight.md` shows the table of limits as it is in the code, between
//! `<!-- preflight:limits -->` and `<!-- /preflight -->`.
//! `UPDATE_DOCS=1 cargo test -p streamer --test check docs` writes it anew.

use std::fs;

use broadcast::Platform;
use streamer::check::{LIMITS, Limit};

const OPEN: &str = "<!-- preflight:limits -->\n";
const CLOSE: &str = "<!-- /preflight -->";

#[test]
fn the_page_shows_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/preflight.md");
    let is = fs::read_to_string(path).unwrap();
    let (before, rest) = is.split_once(OPEN).unwrap();
    let (_, after) = rest.split_once(CLOSE).unwrap();
    let should = format!("{before}{OPEN}{}{CLOSE}{after}", tables());
    if is == should {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "docs/preflight.md is out of date; UPDATE_DOCS=1 cargo test -p streamer --test check docs \
         mends it"
    );
    fs::write(path, should).unwrap();
}

fn tables() -> String {
    let whose = [
        ("Facebook", Some(Platform::Facebook)),
        ("YouTube", Some(Platform::Youtube)),
        ("Twitch", Some(Platform::Twitch)),
        ("Every ingest", None),
    ];
    let mut text = String::new();
    for (title, platform) in whose {
        text.push_str(&format!(
            "### {title}\n\n| rule | limit | if not | from |\n|---|---|---|---|\n"
        ));
        for limit in LIMITS.iter().filter(|limit| limit.platform == platform) {
            text.push_str(&row(limit));
        }
        text.push('\n');
    }
    text
}

fn row(limit: &Limit) -> String {
    let host = limit.source.url.trim_start_matches("https://");
    format!(
        "| {} | {} | {} | [{}]({}), {} |\n",
        limit.rule.name(),
        limit.rule.in_words(),
        limit.severity,
        host.split('/').next().unwrap(),
        limit.source.url,
        limit.source.read
    )
}
