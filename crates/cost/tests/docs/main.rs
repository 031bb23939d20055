//! `docs/costs.md` says what the functions say: each block between `<!-- cost:NAME -->` and
//! `<!-- /cost -->` is written by [`blocks`]. `UPDATE_DOCS=1 cargo test -p cost` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod blocks;
mod compare;
mod reckon;

use std::{fmt::Write as _, fs, path::PathBuf};

const OPEN: &str = "<!-- cost:";
const CLOSE: &str = "<!-- /cost -->";

#[test]
fn the_figures_are_right() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/costs.md"));
    let is = fs::read_to_string(&path).unwrap();
    let should = renewed(&is);
    if is == should {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, should).unwrap();
        return;
    }
    let lines = is.lines().zip(should.lines());
    let differing = lines.filter(|(is, should)| is != should);
    let mut report = String::new();
    for (is, should) in differing {
        let _ = writeln!(report, "- {is}\n+ {should}");
    }
    panic!("docs/costs.md is out of date; UPDATE_DOCS=1 cargo test -p cost mends it\n{report}");
}

#[test]
fn every_block_is_in_the_page() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/costs.md");
    let page = fs::read_to_string(path).unwrap();
    for name in blocks::NAMES {
        assert!(page.contains(&format!("{OPEN}{name} -->")), "{name}");
    }
    // Figures in US dollars stand in blocks, where they are reckoned, and in what others said.
    let outside = outside(&page);
    let said_by_others = outside.matches("$2.67").count() + outside.matches("$0.33").count();
    assert_eq!(outside.matches('$').count(), said_by_others, "{outside}");
}

/// The page with its blocks written anew.
fn renewed(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after.split_once(" -->").unwrap();
        let (_, after) = after.split_once(CLOSE).unwrap();
        let _ = write!(
            out,
            "{before}{OPEN}{name} -->\n{}\n{CLOSE}",
            blocks::block(name).trim()
        );
        rest = after;
    }
    out + rest
}

/// The page without its blocks.
fn outside(page: &str) -> String {
    let mut parts = page.split(OPEN);
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once(CLOSE).unwrap().1);
    }
    out
}
