//! Any bytes as the values of a message; what they mean survives being written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use streamer::rtmp::amf0::{Value, decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let Ok(values) = decode(bytes) else { return };
    let written = write(&values);
    let again = decode(&written).expect("what was written can be read");
    assert_eq!(again.len(), values.len());
    // Bytes, not values: no number that is none equals itself.
    assert_eq!(write(&again), written);
});

fn write(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        encode(&mut out, value);
    }
    out
}
