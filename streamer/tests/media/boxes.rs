//! Taking a video's boxes apart and putting them together again, for variants of the fixtures.

use std::{fmt, ops::Range};

use streamer::{
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::fixture::fixture;

/// A box: its kind and either its content or the boxes in it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: [u8; 4],
    pub(crate) body: Vec<u8>,
    pub(crate) children: Vec<Node>,
}

const CONTAINERS: [&[u8; 4]; 10] = [
    b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex", b"mfra",
];

impl Node {
    pub(crate) fn new(kind: &[u8; 4], body: impl Into<Vec<u8>>) -> Self {
        Self {
            kind: *kind,
            body: body.into(),
            children: Vec::new(),
        }
    }

    /// The boxes of some bytes, with 32-bit sizes.
    fn read(mut bytes: &[u8]) -> Vec<Self> {
        let mut nodes = Vec::new();
        while bytes.len() >= 8 {
            let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
            let kind: [u8; 4] = bytes[4..8].try_into().unwrap();
            let (body, rest) = bytes[8..].split_at(size - 8);
            bytes = rest;
            let mut node = Self::new(&kind, body);
            if CONTAINERS.contains(&&kind) {
                node.children = Self::read(body);
                node.body.clear();
            }
            nodes.push(node);
        }
        nodes
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.kind);
        bytes.extend_from_slice(&self.body);
        for child in &self.children {
            child.write(bytes);
        }
        let size = (bytes.len() - start) as u32;
        bytes[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }

    /// The box at the end of a path such as `mdia/minf/stbl`.
    #[track_caller]
    pub(crate) fn at(&mut self, path: &str) -> &mut Self {
        path.split('/').fold(self, |node, kind| {
            let mut children = node.children.iter_mut();
            children
                .find(|child| child.kind == kind.as_bytes())
                .unwrap_or_else(|| panic!("no {kind} of {path}"))
        })
    }

    pub(crate) fn u32_at(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.body[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn set(&mut self, at: usize, bytes: &[u8]) {
        self.body[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// A file, taken apart.
#[derive(Clone)]
pub(crate) struct Video {
    pub(crate) boxes: Vec<Node>,
}

impl Video {
    pub(crate) fn of(name: &str) -> Self {
        let boxes = Node::read(&std::fs::read(fixture(name)).unwrap());
        Self { boxes }
    }

    #[track_caller]
    pub(crate) fn moov(&mut self) -> &mut Node {
        let mut boxes = self.boxes.iter_mut();
        boxes.find(|node| &node.kind == b"moov").unwrap()
    }

    /// A track by its place in the index, from zero.
    #[track_caller]
    pub(crate) fn track(&mut self, number: usize) -> &mut Node {
        let mut tracks = self.moov().children.iter_mut();
        tracks
            .by_ref()
            .filter(|node| &node.kind == b"trak")
            .nth(number)
            .unwrap()
    }

    pub(crate) fn add_track(&mut self, track: Node) {
        self.moov().children.push(track);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for node in &self.boxes {
            node.write(&mut bytes);
        }
        bytes
    }

    /// Where the box of this number lies in the bytes.
    pub(crate) fn place(&self, number: usize) -> Range<usize> {
        let mut bytes = Vec::new();
        let mut start = 0;
        for node in &self.boxes[..=number] {
            start = bytes.len();
            node.write(&mut bytes);
        }
        start..bytes.len()
    }

    pub(crate) async fn open(&self) -> Result<Movie, broadcast::Failure> {
        open(&self.bytes(), &MovieOptions::default()).await
    }
}

impl fmt::Debug for Video {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Video").finish_non_exhaustive()
    }
}

/// Opens bytes as a file.
pub(crate) async fn open(
    bytes: &[u8],
    options: &MovieOptions,
) -> Result<Movie, broadcast::Failure> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let url = broadcast::SourceUrl::file(file.path()).unwrap();
    // It stays open when its name is gone.
    let source = Source::open(&url, SourceOptions::default()).await?;
    Movie::open(source, options).await
}
