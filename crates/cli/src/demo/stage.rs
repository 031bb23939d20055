//! What the demo plays on: a directory with the sample video, an ingest and a region.

use std::{fs, net::SocketAddr, path::PathBuf};

use broadcast::StreamKey;
use ingest::{Ingest, Keep, Keys, Options, RunningIngest};
use region::RunningRegion;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    error::CliError,
    up::{self, Assembly},
};

/// 10 s of 640x360 with a clock and a tone, made by ci/make-fixtures.sh.
const SAMPLE: &[u8] = include_bytes!("../../assets/sample.mp4");

/// Everything that the demo started.
pub(super) struct Stage {
    pub(super) video: PathBuf,
    pub(super) ingest: RunningIngest,
    pub(super) key: StreamKey,
    pub(super) region: RunningRegion,
    /// What goes when the demo is over; last, because the region lives in it.
    _data: TempDir,
}

impl Stage {
    /// Starts everything on loopback.
    pub(super) async fn set() -> Result<Self, CliError> {
        // The only thing that stays.
        let recordings = temporary("matinee-demo-")?.keep();
        let data = temporary("matinee-demo-data-")?;
        let video = data.path().join("sample.mp4");
        fs::write(&video, SAMPLE).map_err(|error| {
            CliError::internal(format!("cannot write {}: {error}", video.display()))
        })?;
        let key = Uuid::new_v4().simple().to_string();
        let options = Options {
            keys: Keys::only([key.clone()]),
            record_to: Some(recordings),
            keep: Keep::Data,
            ..Options::default()
        };
        let ingest = Ingest::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options)
            .await
            .map_err(|error| CliError::internal(broadcast::aws::words(&error)))?;
        let region = up::start(Assembly {
            data_dir: &data.path().join("region"),
            port: 0,
            ingest_ca_file: None,
        })
        .await?;
        Ok(Self {
            video,
            ingest,
            key: StreamKey::new(key),
            region,
            _data: data,
        })
    }

    /// Stops everything.
    pub(super) async fn strike(self) {
        self.region.shutdown(region::ShutdownTasks::Stop).await;
        self.ingest.shutdown().await;
    }
}

fn temporary(prefix: &str) -> Result<TempDir, CliError> {
    TempDir::with_prefix(prefix).map_err(|error| {
        CliError::internal(format!(
            "cannot make a directory in {}: {error}",
            std::env::temp_dir().display()
        ))
    })
}
