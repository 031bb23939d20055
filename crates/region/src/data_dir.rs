//! The data directory: who may read it, who holds it, and the credentials in it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::rand::{SecureRandom, SystemRandom};

use crate::arn;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another `matinee up` runs on it.
    #[error("the data directory {} is in use by another `matinee up`; stop that one, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// There is a file where the directory should be, or where one above it should be.
    #[error("{} is a file; give a directory with --data-dir", .0.display())]
    IsAFile(PathBuf),
    /// A file or directory in it cannot be used.
    #[error("cannot use {}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `aws/credentials` is there but holds no key pair.
    #[error("{} holds no key pair; remove it and a new one is made", .0.display())]
    Credentials(PathBuf),
    /// `key` is there but is no key.
    #[error("{} is not a 256-bit key; without the right one the stored parameters cannot be decrypted", .0.display())]
    Key(PathBuf),
    /// The system's random number generator failed.
    #[error("the system's random number generator failed")]
    Random,
}

/// The key pair that requests are signed with. Made once per data directory.
#[derive(Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl Credentials {
    /// The public half.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret half. Not to be logged, printed or put into an environment.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// An opened data directory. Holding it is holding its lock.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates what is missing, makes it private and locks it against a second region.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        if let Some(file) = path.ancestors().find(|part| part.is_file()) {
            return Err(DataDirError::IsAFile(file.to_owned()));
        }
        create_private(path)?;
        let path = path.canonicalize().map_err(at(path))?;
        let lock_path = path.join("lock");
        let lock = private_file(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(at(&lock_path)(source)),
        }
        for name in ["aws", "tasks"] {
            create_private(&path.join(name))?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The engine's state.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("region.sqlite")
    }

    /// The tables' items.
    pub(crate) fn dynamodb(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// One directory per task.
    pub(crate) fn tasks(&self) -> PathBuf {
        self.path.join("tasks")
    }

    /// For `AWS_SHARED_CREDENTIALS_FILE`.
    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.path.join("aws/credentials")
    }

    /// For `AWS_CONFIG_FILE`.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.path.join("aws/config")
    }

    /// Reads the key pair, or makes one.
    pub(crate) fn credentials(&self) -> Result<Credentials, DataDirError> {
        let path = self.credentials_file();
        match fs::read_to_string(&path) {
            Ok(text) => {
                make_private(&path, 0o600)?;
                parse_credentials(&text).ok_or(DataDirError::Credentials(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let credentials = new_credentials()?;
                let text = format!(
                    "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                    credentials.access_key_id, credentials.secret_access_key,
                );
                write_private(&path, text.as_bytes())?;
                Ok(credentials)
            }
            Err(source) => Err(at(&path)(source)),
        }
    }

    /// Writes the profile that leads the SDKs and aws-cli here.
    pub(crate) fn write_config(&self, endpoint: &str) -> Result<(), DataDirError> {
        let text = format!(
            "[default]\nregion = {}\nendpoint_url = {endpoint}\noutput = json\ncli_pager =\n",
            arn::REGION,
        );
        write_private(&self.config_file(), text.as_bytes())
    }

    /// The port that the last region on this directory listened on: tasks that outlived it
    /// still talk to that one.
    pub(crate) fn last_port(&self) -> Option<u16> {
        let config = fs::read_to_string(self.config_file()).ok()?;
        let endpoint = config
            .lines()
            .find_map(|line| line.strip_prefix("endpoint_url = http://"))?;
        Some(endpoint.parse::<SocketAddr>().ok()?.port())
    }

    /// The key that the key store encrypts with, made at first use.
    pub(crate) fn master_key(&self) -> Result<[u8; 32], DataDirError> {
        let path = self.path.join("key");
        match fs::read(&path) {
            Ok(bytes) => {
                make_private(&path, 0o600)?;
                bytes.try_into().map_err(|_| DataDirError::Key(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = random::<32>()?;
                write_private(&path, &key)?;
                Ok(key)
            }
            Err(source) => Err(at(&path)(source)),
        }
    }
}

/// Writes a file that only its owner can read: whole or not at all, and on disk on return.
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> Result<(), DataDirError> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        // The rename is on disk when the directory is.
        path.parent()
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    };
    write().map_err(at(path))
}

/// Opens a file that only its owner can read, creating it empty.
pub(crate) fn private_file(path: &Path) -> Result<File, DataDirError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(at(path))
}

/// Creates a directory, with its parents, that only its owner can enter.
pub(crate) fn create_private(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(at(path))?;
    make_private(path, 0o700)
}

fn make_private(path: &Path, mode: u32) -> Result<(), DataDirError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |source| DataDirError::Io { path, source }
}

fn parse_credentials(text: &str) -> Option<Credentials> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    };
    Some(Credentials {
        access_key_id: value("aws_access_key_id")?,
        secret_access_key: value("aws_secret_access_key")?,
    })
}

fn new_credentials() -> Result<Credentials, DataDirError> {
    // Shaped as AWS's, with a prefix that AWS does not use, so that a scanner for leaked keys
    // has nothing to report.
    let id = hex::encode_upper(random::<8>()?);
    Ok(Credentials {
        access_key_id: format!("LOCL{id}"),
        secret_access_key: STANDARD.encode(random::<30>()?),
    })
}

fn random<const N: usize>() -> Result<[u8; N], DataDirError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| DataDirError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_second_region_is_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let second = DataDir::open(dir.path()).unwrap_err().to_string();
        assert!(
            second.contains("in use by another `matinee up`"),
            "{second}"
        );
        drop(first);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn a_file_is_no_directory() {
        let dir = tempfile::tempdir().unwrap();
        let notes = dir.path().join("notes.txt");
        fs::write(&notes, "a note").unwrap();
        for path in [notes.clone(), notes.join("data")] {
            let refused = DataDir::open(&path).unwrap_err().to_string();
            let said = "notes.txt is a file; give a directory with --data-dir";
            assert!(refused.ends_with(said), "{refused}");
        }
        assert_eq!(fs::read_to_string(&notes).unwrap(), "a note");
    }

    #[test]
    fn only_the_owner_gets_in() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("deep/data");
        let dir = DataDir::open(&data).unwrap();
        dir.credentials().unwrap();
        dir.master_key().unwrap();
        dir.write_config("http://127.0.0.1:4566").unwrap();
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(&data.join("aws")), 0o700);
        for file in ["aws/credentials", "aws/config", "key", "lock"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn secrets_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let dir = DataDir::open(dir.path()).unwrap();
        let (first, second) = (dir.credentials().unwrap(), dir.credentials().unwrap());
        assert_eq!(first.secret_access_key, second.secret_access_key);
        assert_eq!(dir.master_key().unwrap(), dir.master_key().unwrap());
        assert!(!format!("{first:?}").contains(&first.secret_access_key));
    }

    #[test]
    fn the_last_port_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let dir = DataDir::open(dir.path()).unwrap();
        assert_eq!(dir.last_port(), None);
        dir.write_config("http://127.0.0.1:4566").unwrap();
        assert_eq!(dir.last_port(), Some(4566));
    }
}
