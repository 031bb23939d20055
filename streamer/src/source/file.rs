//! A file of this machine.

use std::{
    fs::{File, Metadata},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::error::SourceError;

/// A file that stays open, so that one that takes its name changes nothing.
#[derive(Debug)]
pub(crate) struct FileOrigin {
    opened: Arc<Opened>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
}

impl FileOrigin {
    /// Opens the file; also says how long it is.
    pub(crate) async fn open(path: &Path) -> Result<(Self, u64), SourceError> {
        let path = path.to_owned();
        let opened = blocking(move || {
            // Opening a pipe would wait for its writer: ask what it is first.
            regular(&path.metadata().map_err(missing)?)?;
            let file = File::open(&path).map_err(missing)?;
            let metadata = file.metadata().map_err(SourceError::File)?;
            regular(&metadata)?;
            Ok(Opened {
                file,
                length: metadata.len(),
                modified: metadata.modified().ok(),
            })
        })
        .await?;
        let length = opened.length;
        let opened = Arc::new(opened);
        Ok((Self { opened }, length))
    }

    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let opened = Arc::clone(&self.opened);
        blocking(move || {
            let mut buffer = vec![0; (range.end - range.start) as usize];
            opened
                .file
                .read_exact_at(&mut buffer, range.start)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => SourceError::Changed,
                    _ => SourceError::File(error),
                })?;
            // After the read, so that a change during it is seen.
            let metadata = opened.file.metadata().map_err(SourceError::File)?;
            if metadata.len() != opened.length || metadata.modified().ok() != opened.modified {
                return Err(SourceError::Changed);
            }
            Ok(buffer.into())
        })
        .await
    }
}

fn regular(metadata: &Metadata) -> Result<(), SourceError> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(SourceError::NotAFile)
    }
}

fn missing(error: io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            SourceError::Missing("there is no such file")
        }
        io::ErrorKind::PermissionDenied => {
            SourceError::Refused("this user may not read the file".to_owned())
        }
        _ => SourceError::File(error),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    spawn_blocking(work)
        .await
        .map_err(|error| SourceError::File(io::Error::other(error)))?
}
