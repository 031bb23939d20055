//! The file that is sent.

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
use ring::digest::{Context, SHA256};
use tokio::task::spawn_blocking;

use super::{UploadError, buffers::Buffers};
use crate::call::sha256;

/// Bytes at the beginning and at the end that make out which file it is.
const ENDS: u64 = 1 << 20;
/// Samples between them, and the bytes of each.
const SAMPLES: u64 = 16;
const SAMPLE: u64 = 64 << 10;

/// A file that stays open, so that one that takes its name changes nothing.
///
/// A clone is the same open file.
#[derive(Clone, Debug)]
pub struct LocalFile {
    opened: Arc<Opened>,
    buffers: Buffers,
}

#[derive(Debug)]
struct Opened {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
}

/// A part in memory.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    /// In hexadecimal.
    pub(crate) sha256: String,
    /// The entity tag that S3 gives it, with its quotes. Where it was asked for.
    pub(crate) etag: Option<String>,
}

impl LocalFile {
    /// Opens a file.
    ///
    /// # Errors
    /// [`UploadError::File`], [`UploadError::NotAFile`], [`UploadError::Empty`].
    pub async fn open(path: &Path) -> Result<Self, UploadError> {
        let path = path.to_owned();
        blocking(move || {
            // Opening a pipe would wait for its writer: ask what it is first.
            check(&path.metadata()?)?;
            let file = File::open(&path)?;
            let metadata = file.metadata()?;
            check(&metadata)?;
            let opened = Opened {
                file,
                length: metadata.len(),
                modified: metadata.modified().ok(),
            };
            Ok(Self {
                opened: Arc::new(opened),
                buffers: Buffers::default(),
            })
        })
        .await
    }

    /// Bytes in it.
    pub fn length(&self) -> u64 {
        self.opened.length
    }

    /// Which file it is, in 16 hexadecimal digits: a hash of its length, its first and its last
    /// MiB, and 16 samples of 64 KiB between them.
    ///
    /// That is read at once, however large the file is. It does not know the file's name or date,
    /// so that a copy is the same file. Two videos have the same one only if somebody changes
    /// bytes in the middle of one and neither its length nor its index: no recorder, editor or
    /// encoder does.
    ///
    /// # Errors
    /// [`UploadError::File`], [`UploadError::Changed`].
    pub async fn identity(&self) -> Result<String, UploadError> {
        let opened = Arc::clone(&self.opened);
        blocking(move || {
            let length = opened.length;
            let mut hash = Context::new(&SHA256);
            hash.update(b"matinee video 1\n");
            hash.update(&length.to_be_bytes());
            for range in samples(length) {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                opened.read(&mut bytes, range.start)?;
                hash.update(&bytes);
            }
            Ok(hex::encode(&hash.finish().as_ref()[..8]))
        })
        .await
    }

    /// Reads a part and hashes it; `etag` says whether its entity tag is wanted too.
    pub(crate) async fn read(&self, range: Range<u64>, etag: bool) -> Result<Read, UploadError> {
        let Self { opened, buffers } = self.clone();
        blocking(move || {
            let mut buffer = buffers.take((range.end - range.start) as usize);
            opened.read(buffer.as_mut_slice(), range.start)?;
            let bytes = buffer.freeze();
            Ok(Read {
                sha256: sha256(&bytes),
                etag: etag.then(|| format!("\"{:x}\"", md5::compute(&bytes))),
                bytes,
            })
        })
        .await
    }

    /// Makes sure that it is as it was when it was opened.
    pub(crate) async fn check_unchanged(&self) -> Result<(), UploadError> {
        let opened = Arc::clone(&self.opened);
        blocking(move || opened.check_unchanged()).await
    }
}

impl Opened {
    fn read(&self, bytes: &mut [u8], from: u64) -> Result<(), UploadError> {
        self.file
            .read_exact_at(bytes, from)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => UploadError::Changed,
                _ => UploadError::File(error),
            })?;
        // After the read, so that a change during it is seen.
        self.check_unchanged()
    }

    fn check_unchanged(&self) -> Result<(), UploadError> {
        let metadata = self.file.metadata()?;
        if metadata.len() == self.length && metadata.modified().ok() == self.modified {
            Ok(())
        } else {
            Err(UploadError::Changed)
        }
    }
}

/// What of a file is looked at; all of it where it is small.
fn samples(length: u64) -> Vec<Range<u64>> {
    if length <= 2 * ENDS + SAMPLES * SAMPLE {
        return (0..length)
            .step_by(SAMPLE as usize)
            .map(|start| start..(start + SAMPLE).min(length))
            .collect();
    }
    let between = length - 2 * ENDS - SAMPLE;
    let middle = (0..SAMPLES).map(|index| {
        let start = ENDS + between / (SAMPLES - 1) * index;
        start..start + SAMPLE
    });
    std::iter::once(0..ENDS)
        .chain(middle)
        .chain(std::iter::once(length - ENDS..length))
        .collect()
}

fn check(metadata: &Metadata) -> Result<(), UploadError> {
    match (metadata.is_file(), metadata.len()) {
        (false, _) => Err(UploadError::NotAFile),
        (true, 0) => Err(UploadError::Empty),
        (true, _) => Ok(()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    spawn_blocking(work)
        .await
        .map_err(|error| UploadError::File(io::Error::other(error)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_samples(length: u64) {
        let ranges = samples(length);
        let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        assert_eq!(bytes, length.min(2 * ENDS + SAMPLES * SAMPLE), "{length}");
        assert_eq!(ranges.first().unwrap().start, 0);
        assert_eq!(ranges.last().unwrap().end, length);
        for pair in ranges.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{length}: {pair:?}");
        }
    }

    #[test]
    fn samples_are_bounded_and_apart() {
        let all = 2 * ENDS + SAMPLES * SAMPLE;
        for length in [1, SAMPLE, SAMPLE + 1, all, all + 1, 20 << 30] {
            check_samples(length);
        }
    }
}
