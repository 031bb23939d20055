//! The publisher: a state machine between the bytes of a connection and its owner.

mod hearing;

use std::{collections::VecDeque, fmt};

use bytes::BytesMut;

use super::{
    acknowledgement::{Bandwidth, Confirmed, Received},
    amf0::Value,
    announced::AnnouncedCodecs,
    chunk_reader::ChunkReader,
    chunk_writer::{ChunkStream, ChunkWriter},
    command,
    error::{MessageTooLarge, ProtocolError},
    event::Event,
    handshake::Handshake,
    message::{Header, kind},
    target::PublishTarget,
};

/// Our chunk size in bytes; OBS's, so every ingest has met it. An overhead of 0.02 %.
const CHUNK_SIZE: u32 = 4096;

/// The most bytes of answers that may wait to be sent. What a server asks beyond, while it takes
/// nothing, is not answered.
const MAX_ANSWERS: usize = 64 * 1024;

/// With so many events waiting, an acknowledgement takes the place of the one before. Until then
/// each is told, for the steps between them say how often the server acknowledges. All other events
/// come once at most.
const MAX_EVENTS: usize = 64;

/// Publishes one stream over one connection.
///
/// It does no I/O: feed it what the server sends, send what it outputs. It goes through handshake,
/// `connect`, `createStream` and `publish` by itself, answers pings and acknowledges.
pub struct Publisher {
    target: PublishTarget,
    state: State,
    reader: ChunkReader,
    writer: ChunkWriter,
    output: BytesMut,
    /// Bytes that have left `output`.
    taken: u64,
    /// Bytes of answers that were put into `output` since it was last empty.
    answers: usize,
    received: Received,
    confirmed: Confirmed,
    bandwidth: Bandwidth,
    /// The window that we asked for.
    window: Option<u32>,
    announced: AnnouncedCodecs,
    events: VecDeque<Event>,
    /// Whether [`Event::GoAway`] was told.
    go_away: bool,
}

enum State {
    Handshake(Handshake),
    Connecting,
    CreatingStream,
    Publishing { stream_id: u32 },
    Published { stream_id: u32 },
    Over,
}

impl Publisher {
    /// Begins the handshake. `seed` may be anything; it should differ between connections.
    pub fn new(target: PublishTarget, seed: u64) -> Self {
        let mut output = BytesMut::new();
        let handshake = Handshake::start(&mut output, seed);
        Self {
            target,
            state: State::Handshake(handshake),
            reader: ChunkReader::new(),
            writer: ChunkWriter::new(),
            output,
            taken: 0,
            answers: 0,
            received: Received::new(),
            confirmed: Confirmed::new(),
            bandwidth: Bandwidth::default(),
            window: None,
            announced: AnnouncedCodecs::default(),
            events: VecDeque::new(),
            go_away: false,
        }
    }

    /// Takes bytes that the server sent. What they mean is in [`Self::poll_event`], and there may
    /// be something new to send.
    ///
    /// # Errors
    /// When the server breaks the protocol.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        self.received.add(bytes.len());
        if !matches!(self.state, State::Handshake(_))
            && self.may_answer()
            && let Some(sequence) = self.received.due()
        {
            self.answer(kind::ACKNOWLEDGEMENT, &sequence.to_be_bytes());
        }
        if let State::Handshake(handshake) = &mut self.state {
            let Some(rest) = handshake.feed(bytes, &mut self.output)? else {
                return Ok(());
            };
            self.state = State::Connecting;
            self.command(0, &command::connect(&self.target));
            self.reader.feed(&rest);
        } else {
            self.reader.feed(bytes);
        }
        while let Some(message) = self.reader.next()? {
            self.on_message(&message)?;
        }
        Ok(())
    }

    /// The next thing that the owner should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether [`Self::poll_event`] has something.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// What is to be sent. Say with [`Self::sent`] how much of it was.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Takes the first `count` bytes off [`Self::output`].
    pub fn sent(&mut self, count: usize) {
        let count = count.min(self.output.len());
        let _ = self.output.split_to(count);
        self.taken += count as u64;
        if self.output.is_empty() {
            self.answers = 0;
        }
    }

    /// Bytes that were ever output, from the first of the handshake, those not yet sent included.
    pub fn bytes_output(&self) -> u64 {
        self.taken + self.output.len() as u64
    }

    /// Whether media may be sent.
    pub fn is_published(&self) -> bool {
        matches!(self.state, State::Published { .. })
    }

    /// Whether the key was sent and has not been accepted yet.
    pub fn is_publishing(&self) -> bool {
        matches!(self.state, State::CreatingStream | State::Publishing { .. })
    }

    /// The codecs that the server said it takes when it accepted `connect`; none if it said
    /// nothing, or nothing yet.
    pub fn announced_codecs(&self) -> &AnnouncedCodecs {
        &self.announced
    }

    /// Sends `onMetaData`.
    ///
    /// # Errors
    /// When the metadata is too large for one message.
    pub fn send_metadata(
        &mut self,
        timestamp: u32,
        metadata: &[(String, Value)],
    ) -> Result<(), MessageTooLarge> {
        let payload = command::set_data_frame(metadata);
        self.media(ChunkStream::Data, kind::DATA_AMF0, timestamp, &[&payload])
    }

    /// Sends a video tag body, in parts that are sent one after the other.
    ///
    /// # Errors
    /// When the frame is too large for one message.
    pub fn send_video(&mut self, timestamp: u32, parts: &[&[u8]]) -> Result<(), MessageTooLarge> {
        self.media(ChunkStream::Video, kind::VIDEO, timestamp, parts)
    }

    /// Sends an audio tag body, in parts that are sent one after the other.
    ///
    /// # Errors
    /// When the frame is too large for one message.
    pub fn send_audio(&mut self, timestamp: u32, parts: &[&[u8]]) -> Result<(), MessageTooLarge> {
        self.media(ChunkStream::Audio, kind::AUDIO, timestamp, parts)
    }

    /// Ends the stream: `FCUnpublish` and `deleteStream`. The connection can be closed once they
    /// are sent.
    pub fn finish(&mut self) {
        if let State::Published { stream_id } = self.state {
            self.command(0, &command::fc_unpublish(&self.target.stream_key));
            self.command(0, &command::delete_stream(stream_id));
            self.state = State::Over;
        }
    }

    /// Nothing is sent unless the stream is published; there is nobody to take it.
    fn media(
        &mut self,
        stream: ChunkStream,
        kind: u8,
        timestamp: u32,
        parts: &[&[u8]],
    ) -> Result<(), MessageTooLarge> {
        let State::Published { stream_id } = self.state else {
            return Ok(());
        };
        let header = Header {
            timestamp,
            kind,
            stream_id,
        };
        self.writer.write(&mut self.output, stream, header, parts)
    }

    fn command(&mut self, stream_id: u32, payload: &[u8]) {
        let header = Header {
            timestamp: 0,
            kind: kind::COMMAND_AMF0,
            stream_id,
        };
        // Only a key of 16 MB could be too large; the server will not answer to what is not sent.
        let _ = self
            .writer
            .write(&mut self.output, ChunkStream::Command, header, &[payload]);
    }

    fn control(&mut self, kind: u8, payload: &[u8]) {
        let header = Header {
            timestamp: 0,
            kind,
            stream_id: 0,
        };
        let _ = self
            .writer
            .write(&mut self.output, ChunkStream::Control, header, &[payload]);
    }

    /// A control message that the server asked for.
    fn answer(&mut self, kind: u8, payload: &[u8]) {
        let before = self.output.len();
        self.control(kind, payload);
        self.answers += self.output.len() - before;
    }

    fn may_answer(&self) -> bool {
        self.answers < MAX_ANSWERS
    }
}

/// Shows how far it is and nothing of what it sends.
impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Handshake(_) => "handshake",
            State::Connecting => "connecting",
            State::CreatingStream => "creating a stream",
            State::Publishing { .. } => "publishing",
            State::Published { .. } => "published",
            State::Over => "over",
        };
        f.debug_struct("Publisher")
            .field("state", &state)
            .field("bytes_output", &self.bytes_output())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
