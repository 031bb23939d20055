//! The streamer: reads a recorded video in ranges and sends it to RTMP ingests at its own pace.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

pub mod address;
pub mod check;
pub mod ingest;
pub mod media;
pub mod mp4;
pub mod rtmp;
pub mod run_time;
pub mod show;
pub mod source;
pub mod task;

mod bits;
mod h264;
