//! A file of this machine, or of a network file system.

use std::{
    fs::{File, Metadata},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::{
    error::{AttemptError, Fault, SourceError},
    lock,
};

/// A file that stays open, so that one that takes its name changes nothing.
#[derive(Debug)]
pub(crate) struct FileOrigin {
    path: Arc<Path>,
    opened: Arc<Mutex<Arc<Opened>>>,
    timeout: Duration,
}

#[derive(Debug)]
struct Opened {
    file: File,
    state: State,
}

/// What changes when someone writes to a file or cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl FileOrigin {
    /// Opens the file. One read may take `timeout`: a network file system whose server is away
    /// answers nothing at all.
    pub(crate) async fn open(path: &Path, timeout: Duration) -> Result<Self, SourceError> {
        let path: Arc<Path> = PathBuf::from(path).into();
        let opened = {
            let path = Arc::clone(&path);
            spawn_blocking(move || Opened::open(&path))
                .await
                .map_err(|error| SourceError::File(io::Error::other(error)))??
        };
        Ok(Self {
            path,
            opened: Arc::new(Mutex::new(Arc::new(opened))),
            timeout,
        })
    }

    /// Bytes in it.
    pub(crate) fn length(&self) -> u64 {
        lock(&self.opened).state.length
    }

    /// One attempt at a range.
    pub(crate) async fn attempt(&self, range: Range<u64>) -> Result<Bytes, AttemptError> {
        let path = Arc::clone(&self.path);
        let shared = Arc::clone(&self.opened);
        let work = spawn_blocking(move || {
            let opened = Arc::clone(&*lock(&shared));
            let read = opened.read(range);
            if let Err(AttemptError::Passing(..)) = read {
                // A handle of a network file system goes stale when its server was started anew.
                let again = Opened::open(&path).ok();
                if let Some(again) = again.filter(|again| again.state == opened.state) {
                    *lock(&shared) = Arc::new(again);
                }
            }
            read
        });
        tokio::time::timeout(self.timeout, work)
            .await
            .map_err(|_| Fault::Stalled(self.timeout))?
            .map_err(|error| SourceError::File(io::Error::other(error)))?
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Self, SourceError> {
        // Opening a pipe would wait for its writer: ask what it is first.
        regular(&path.metadata().map_err(missing)?)?;
        let file = File::open(path).map_err(missing)?;
        let metadata = file.metadata().map_err(SourceError::File)?;
        regular(&metadata)?;
        let state = State::of(&metadata);
        Ok(Self { file, state })
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, AttemptError> {
        let bytes = read(&self.file, range)?;
        // After the read, so that a change during it is seen.
        match State::of(&self.file.metadata().map_err(Fault::File)?) == self.state {
            true => Ok(bytes),
            false => Err(SourceError::Changed.into()),
        }
    }
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

/// Whatever reading an open file fails with may pass, as a network file system's `EIO` and `ESTALE`
/// do. That it ends too early does not.
fn read(file: &impl FileExt, range: Range<u64>) -> Result<Bytes, AttemptError> {
    let mut buffer = vec![0; (range.end - range.start) as usize];
    match file.read_exact_at(&mut buffer, range.start) {
        Ok(()) => Ok(buffer.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(SourceError::Changed.into())
        }
        Err(error) => Err(Fault::File(error).into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file whose reads fail, or of which less is there than its length says.
    enum Sick {
        Fails(i32),
        Ends,
    }

    impl FileExt for Sick {
        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            match self {
                Self::Fails(code) => Err(io::Error::from_raw_os_error(*code)),
                Self::Ends => Ok(0),
            }
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    #[test]
    fn faults_of_a_network_file_system_may_pass() {
        const EIO: i32 = 5;
        const ESTALE: i32 = 116;
        for code in [EIO, ESTALE] {
            let error = read(&Sick::Fails(code), 0..10).unwrap_err();
            assert!(matches!(error, AttemptError::Passing(Fault::File(_), None)));
        }
        let error = read(&Sick::Ends, 0..10).unwrap_err();
        assert!(matches!(error, AttemptError::Fatal(SourceError::Changed)));
    }
}
