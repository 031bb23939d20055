//! A log file that does not grow without bound.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use super::files::TaskDir;

/// Appends to `log`; when that reaches half the limit it becomes `log.1`, replacing the one
/// before.
pub(super) struct BoundedLog {
    dir: TaskDir,
    file: File,
    length: u64,
    limit: u64,
}

impl BoundedLog {
    pub(super) fn open(dir: TaskDir, limit: u64) -> io::Result<Self> {
        let file = dir.append_log()?;
        let length = file.metadata()?.len();
        Ok(Self {
            dir,
            file,
            length,
            limit,
        })
    }

    fn older(&self) -> PathBuf {
        self.dir.path().join("log.1")
    }
}

impl Write for BoundedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let half = (self.limit / 2).max(1);
        if self.length > 0 && self.length + bytes.len() as u64 > half {
            fs::rename(self.dir.log(), self.older())?;
            self.file = self.dir.append_log()?;
            self.length = 0;
        }
        let written = self
            .file
            .write(&bytes[..bytes.len().min(half.try_into().unwrap_or(usize::MAX))])?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_half_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = BoundedLog::open(TaskDir::new(dir.path()), 20).unwrap();
        for line in ["first\n", "second\n", "third\n", "fourth\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("log.1"), "third\n");
        assert_eq!(read("log"), "fourth\n");
    }

    #[test]
    fn one_huge_line_stays_within_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = BoundedLog::open(TaskDir::new(dir.path()), 20).unwrap();
        log.write_all(&[b'x'; 1000]).unwrap();
        let size = |name| fs::metadata(dir.path().join(name)).unwrap().len();
        assert!(size("log") + size("log.1") <= 20);
    }
}
