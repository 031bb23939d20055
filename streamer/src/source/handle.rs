//! The handle on an opened source.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use broadcast::{Failure, SourceUrl};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};

use super::{
    blocks::{BLOCK_SIZE, Blocks},
    error::SourceError,
    file::FileOrigin,
    options::{Retry, SourceOptions},
    origin::Origin,
    web::WebOrigin,
};

/// Blocks that are fetched while the one before them is being sent: 1 MiB, 1.4 s at 6 Mbit/s.
const READ_AHEAD: u64 = 4;

/// An opened source.
///
/// A clone shares the blocks in memory: readers that are near one another cost one read of the
/// source, and one that fell behind reads its own.
#[derive(Clone)]
pub struct Source {
    shared: Arc<Shared>,
}

struct Shared {
    label: String,
    file_name: String,
    length: u64,
    origin: Origin,
    retry: Retry,
    blocks: Blocks,
    reads: Reads,
}

/// What was asked of the place the source lies in.
#[derive(Debug, Default)]
struct Reads {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Source {
    /// Opens the source: it is there, it may be read, and in ranges.
    ///
    /// # Errors
    /// `SourceMissing`, `SourceUnreadable`, `BadRequest` for an address that may not be connected
    /// to, `UnsupportedMedia` for an empty one or a server without ranges.
    pub async fn open(url: &SourceUrl, options: SourceOptions) -> Result<Self, Failure> {
        let label = url.to_string();
        let file_name = url.file_name().to_owned();
        Self::try_open(url, options, label.clone(), file_name)
            .await
            .map_err(|error| error.into_failure(&label))
    }

    async fn try_open(
        url: &SourceUrl,
        options: SourceOptions,
        label: String,
        file_name: String,
    ) -> Result<Self, SourceError> {
        let retry = options.retry;
        let (origin, length, first) = match url {
            SourceUrl::File(path) => {
                let file = FileOrigin::open(path, options.attempt_timeout).await?;
                let length = file.length();
                (Origin::File(file), length, None)
            }
            SourceUrl::Web(url) => {
                let (web, first) = WebOrigin::open(url.clone(), &options).await?;
                let length = web.length();
                (Origin::Web(web), length, Some(first))
            }
            SourceUrl::S3 { bucket, key } => {
                let (web, first) = WebOrigin::open_object(bucket, key, &options).await?;
                let length = web.length();
                (Origin::Web(web), length, Some(first))
            }
        };
        if length == 0 {
            return Err(SourceError::Empty);
        }
        let source = Self::new(label, file_name, length, origin, retry);
        if let Some(first) = first {
            // The answer to the first question is the first block.
            source.shared.reads.count(first.len());
            let _ = source.shared.blocks.slot(0).set(first);
        }
        Ok(source)
    }

    /// What is in memory already, under the name of a file: nothing of it can be lost on the way.
    ///
    /// # Errors
    /// `UnsupportedMedia` if it is empty.
    pub fn from_bytes(name: &str, bytes: impl Into<Bytes>) -> Result<Self, Failure> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(SourceError::Empty.into_failure(name));
        }
        let length = bytes.len() as u64;
        let origin = Origin::Memory(bytes);
        let retry = Retry::default();
        Ok(Self::new(
            name.to_owned(),
            name.to_owned(),
            length,
            origin,
            retry,
        ))
    }

    fn new(label: String, file_name: String, length: u64, origin: Origin, retry: Retry) -> Self {
        let shared = Shared {
            label,
            file_name,
            length,
            origin,
            retry,
            blocks: Blocks::default(),
            reads: Reads::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Bytes of it that are in memory now, for all who read it together.
    pub fn bytes_kept(&self) -> usize {
        self.shared.blocks.bytes()
    }

    /// Bytes in the source.
    pub fn length(&self) -> u64 {
        self.shared.length
    }

    /// The source as it may be shown: without credentials and signatures.
    pub fn label(&self) -> &str {
        &self.shared.label
    }

    /// The last part of its path.
    pub fn file_name(&self) -> &str {
        &self.shared.file_name
    }

    /// Whether it is a file of this machine, of which a read costs next to nothing.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.shared.origin, Origin::File(_))
    }

    /// Bytes read so far from where it lies, which is more than was asked for: whole blocks are
    /// read, and those that made room for others once more.
    pub fn bytes_read(&self) -> u64 {
        self.shared.reads.bytes.load(Ordering::Relaxed)
    }

    /// Reads that were answered so far, each of one block.
    pub fn requests(&self) -> u64 {
        self.shared.reads.requests.load(Ordering::Relaxed)
    }

    /// When its address stops being answered, if it is a signed one that says so: a show that
    /// ends later loses its source on the way.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match &self.shared.origin {
            Origin::Web(web) => web.expires_at(),
            Origin::File(_) | Origin::Memory(_) => None,
        }
    }

    /// Reads `length` bytes from `offset`, without reading ahead.
    pub(crate) async fn read(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        let range = self.shared.range(offset, length)?;
        let mut blocks = range.start / BLOCK_SIZE..range.end.div_ceil(BLOCK_SIZE);
        let Some(first) = blocks.next() else {
            return Ok(Bytes::new());
        };
        let first_bytes = slice(&self.block(first).await?, first, &range);
        if blocks.is_empty() {
            return Ok(first_bytes);
        }
        let mut bytes = BytesMut::with_capacity(length);
        bytes.extend_from_slice(&first_bytes);
        for index in blocks {
            bytes.extend_from_slice(&slice(&self.block(index).await?, index, &range));
        }
        Ok(bytes.freeze())
    }

    /// Reads `length` bytes from `offset` and nothing around them, for who goes through the source
    /// in leaps. What is read is not kept.
    pub(crate) async fn peek(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        let shared = &self.shared;
        let range = shared.range(offset, length)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let index = range.start / BLOCK_SIZE;
        if range.end <= shared.block_range(index).end
            && let Some(block) = shared.blocks.known(index)
        {
            return Ok(slice(&block, index, &range));
        }
        shared.read(range, &shared.retry).await
    }

    /// A reader of its own that reads ahead.
    pub(crate) fn reader(&self) -> Reader {
        self.shared.blocks.add_reader();
        Reader {
            source: self.clone(),
        }
    }

    async fn block(&self, index: u64) -> Result<Bytes, SourceError> {
        let shared = &self.shared;
        let range = shared.block_range(index);
        shared
            .blocks
            .slot(index)
            .get_or_try_init(|| shared.read(range, &shared.retry))
            .await
            .cloned()
    }

    /// Starts to fetch a block, and does not try for long: who needs it and does not find it does.
    fn prefetch(&self, index: u64) {
        let range = self.shared.block_range(index);
        if range.is_empty() {
            return;
        }
        let Some(slot) = self.shared.blocks.slot_if_new(index) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let retry = shared.retry.ahead();
            let fetched = slot.get_or_try_init(|| shared.read(range, &retry));
            if fetched.await.is_err() {
                tracing::debug!(index, "reading ahead failed");
            }
        });
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("label", &self.shared.label)
            .field("length", &self.shared.length)
            .finish_non_exhaustive()
    }
}

impl Reads {
    fn count(&self, bytes: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Shared {
    async fn read(&self, range: Range<u64>, retry: &Retry) -> Result<Bytes, SourceError> {
        let bytes = self.origin.read(range, retry).await?;
        self.reads.count(bytes.len());
        Ok(bytes)
    }

    fn range(&self, offset: u64, length: usize) -> Result<Range<u64>, SourceError> {
        let end = offset.saturating_add(length as u64);
        if end > self.length {
            let length = self.length;
            return Err(SourceError::BeyondEnd { length, end });
        }
        Ok(offset..end)
    }

    fn block_range(&self, index: u64) -> Range<u64> {
        let start = index.saturating_mul(BLOCK_SIZE).min(self.length);
        start..start.saturating_add(BLOCK_SIZE).min(self.length)
    }
}

/// Someone who goes through the source from somewhere to its end.
#[derive(Debug)]
pub(crate) struct Reader {
    source: Source,
}

impl Reader {
    /// Reads `length` bytes from `offset` and starts to fetch what follows them.
    ///
    /// Dropping the future loses nothing; what it fetched is kept.
    pub(crate) async fn read(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        let range = self.source.shared.range(offset, length)?;
        let next = range.end.div_ceil(BLOCK_SIZE);
        if !self.source.shared.origin.is_at_hand() {
            for index in next..next + READ_AHEAD {
                self.source.prefetch(index);
            }
        }
        self.source.read(offset, length).await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.source.shared.blocks.remove_reader();
    }
}

/// The part of `range` that lies in block `index`.
fn slice(block: &Bytes, index: u64, range: &Range<u64>) -> Bytes {
    let start = index * BLOCK_SIZE;
    let from = range.start.saturating_sub(start) as usize;
    let to = (range.end - start).min(block.len() as u64) as usize;
    block.slice(from..to)
}
