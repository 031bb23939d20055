//! What finding the fragments of a file costs.

use super::{fragments, model_tests::boxed};
use crate::source::Source;

const KB: u64 = 1024;

/// Fragments of two boxes, each so many bytes after the one before, are all found with at most so
/// many requests and bytes.
#[track_caller]
fn check(apart: &[u64], header: usize, requests: u64, bytes: u64) {
    let mut file = boxed(b"ftyp", b"isom");
    let mut places = Vec::new();
    for &apart in apart {
        places.push(file.len() as u64);
        file.extend(boxed(b"moof", &vec![0; header]));
        file.extend(boxed(b"mdat", &vec![0; apart as usize - header - 16]));
    }
    let source = Source::from_bytes("talk.mp4", file).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut found = Vec::new();
    let each = |fragment: &fragments::Fragment| {
        assert_eq!(fragment.body.len(), header);
        found.push(fragment.at);
        Ok(())
    };
    runtime
        .block_on(fragments::for_each(&source, 0, each))
        .unwrap();
    assert_eq!(found, places);
    let (asked, read) = (source.requests(), source.bytes_read());
    assert!(asked <= requests, "{asked} requests");
    assert!(read <= bytes, "{read} bytes");
}

#[test]
fn far_fragments_are_read_without_what_lies_between() {
    check(&[250 * KB; 40], 600, 45, 100 * KB);
    // The reader does not read on for ever because it did once.
    let mut apart = [250 * KB; 40];
    apart[..3].fill(20 * KB);
    check(&apart, 600, 45, 300 * KB + 100 * KB);
}

#[test]
fn near_fragments_are_read_together() {
    check(&[20 * KB; 40], 600, 8, 1_100 * KB);
    check(&[100 * KB; 40], 600, 20, 4_500 * KB);
}

#[test]
fn a_long_header_is_read_once() {
    // Not known to be long at first, and then read with what is asked for anyway.
    check(&[400 * KB; 40], 5_000, 45, 45 * 8 * KB);
}
