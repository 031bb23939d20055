//! The publisher: a state machine between the bytes of a connection and its owner.

use std::{collections::VecDeque, fmt};

use bytes::{BufMut, BytesMut};

use super::{
    acknowledgement::{Confirmed, Received},
    amf0::{self, Value},
    chunk_reader::ChunkReader,
    chunk_writer::{ChunkStream, ChunkWriter},
    command::{self, transaction},
    error::{MessageTooLarge, ProtocolError},
    event::{Event, Refusal, RefusalKind},
    handshake::Handshake,
    message::{Header, Message, kind, user_control},
    redact::redact,
    target::{Goal, PublishTarget},
};

/// Our chunk size in bytes; OBS's, so every ingest has met it. An overhead of 0.02 %.
const CHUNK_SIZE: u32 = 4096;

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
    received: Received,
    confirmed: Confirmed,
    window_sent: bool,
    events: VecDeque<Event>,
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
            received: Received::new(),
            confirmed: Confirmed::new(),
            window_sent: false,
            events: VecDeque::new(),
        }
    }

    /// Takes bytes that the server sent. What they mean is in [`Self::poll_event`], and there may
    /// be something new to send.
    ///
    /// # Errors
    /// When the server breaks the protocol.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        if let Some(sequence) = self.received.add(bytes.len())
            && !matches!(self.state, State::Handshake(_))
        {
            self.control(kind::ACKNOWLEDGEMENT, &sequence.to_be_bytes());
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

    fn on_message(&mut self, message: &Message) -> Result<(), ProtocolError> {
        let payload = &message.payload[..];
        match message.header.kind {
            kind::ACKNOWLEDGEMENT => {
                if let Some(sequence) = message.leading_u32()
                    && let Some(bytes) = self.confirmed.update(sequence, self.bytes_output())
                {
                    self.events.push_back(Event::Acknowledged(bytes));
                }
            }
            kind::WINDOW_ACKNOWLEDGEMENT_SIZE => {
                if let Some(window) = message.leading_u32() {
                    self.received.set_window(window);
                }
            }
            kind::SET_PEER_BANDWIDTH => {
                // The answer is our window. It need not be as large as what the server allows.
                if let Some(bandwidth) = message.leading_u32() {
                    self.send_window(bandwidth);
                }
            }
            kind::USER_CONTROL => self.on_user_control(payload),
            kind::COMMAND_AMF0 => self.on_command(payload)?,
            // AMF3 commands are AMF0 after one byte, in all that servers send.
            kind::COMMAND_AMF3 => self.on_command(payload.get(1..).unwrap_or_default())?,
            kind::GO_AWAY => self.events.push_back(Event::GoAway),
            _ => {}
        }
        Ok(())
    }

    fn send_window(&mut self, at_most: u32) {
        let window = self.target.acknowledgement_window.clamp(1, at_most.max(1));
        self.control(kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &window.to_be_bytes());
        self.window_sent = true;
    }

    fn on_user_control(&mut self, payload: &[u8]) {
        let Some((event, rest)) = payload.split_first_chunk() else {
            return;
        };
        if u16::from_be_bytes(*event) == user_control::PING_REQUEST {
            let mut pong = BytesMut::with_capacity(payload.len());
            pong.put_u16(user_control::PING_RESPONSE);
            // A ping is four bytes; whatever a server adds is not sent back.
            pong.extend_from_slice(&rest[..rest.len().min(4)]);
            self.control(kind::USER_CONTROL, &pong);
        }
    }

    fn on_command(&mut self, payload: &[u8]) -> Result<(), ProtocolError> {
        let values = amf0::decode(payload)?;
        let name = values.first().and_then(Value::as_str).unwrap_or_default();
        let number = values.get(1).and_then(Value::as_number).unwrap_or(0.0);
        let information = values
            .iter()
            .skip(2)
            .find(|value| value.get("code").is_some());
        match name {
            "_result" => self.on_result(number, values.get(3)),
            "_error" => {
                self.on_error(number, information);
                Ok(())
            }
            "onStatus" => {
                self.on_status(information);
                Ok(())
            }
            "close" => {
                self.end(Event::Ended);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_result(&mut self, number: f64, answer: Option<&Value>) -> Result<(), ProtocolError> {
        match self.state {
            State::Connecting if number == transaction::CONNECT => {
                self.events.push_back(Event::Connected);
                self.on_connected();
            }
            State::CreatingStream if number == transaction::CREATE_STREAM => {
                let stream_id = answer
                    .and_then(Value::as_number)
                    .filter(|id| (0.0..=f64::from(u32::MAX)).contains(id))
                    .ok_or(ProtocolError::NoStreamId)? as u32;
                let publish = command::publish(&self.target.stream_key);
                self.command(stream_id, &publish);
                self.state = State::Publishing { stream_id };
            }
            // Answers to `releaseStream` and `FCPublish` say nothing.
            _ => {}
        }
        Ok(())
    }

    fn on_connected(&mut self) {
        if self.target.goal == Goal::Connect {
            self.state = State::Over;
            return;
        }
        if !self.window_sent {
            self.send_window(u32::MAX);
        }
        self.writer.set_chunk_size(&mut self.output, CHUNK_SIZE);
        for payload in [
            command::release_stream(&self.target.stream_key),
            command::fc_publish(&self.target.stream_key),
            command::create_stream(),
        ] {
            self.command(0, &payload);
        }
        self.state = State::CreatingStream;
    }

    fn on_error(&mut self, number: f64, information: Option<&Value>) {
        // `releaseStream` and `FCPublish` may fail: there is nothing to release the first time.
        let about_names = [transaction::RELEASE_STREAM, transaction::FC_PUBLISH];
        if !about_names.contains(&number) && !matches!(self.state, State::Over) {
            self.refuse(information);
        }
    }

    fn on_status(&mut self, information: Option<&Value>) {
        let (level, code) = (text(information, "level"), text(information, "code"));
        match (code, level, &self.state) {
            ("NetStream.Publish.Start", _, State::Publishing { stream_id }) => {
                self.state = State::Published {
                    stream_id: *stream_id,
                };
                self.events.push_back(Event::Published);
            }
            (_, _, State::Over) => {}
            (_, "error", _) => self.refuse(information),
            // Some servers refuse a key without the level that says so.
            ("NetStream.Publish.BadName" | "NetStream.Publish.Denied", _, _) => {
                self.refuse(information);
            }
            (
                "NetStream.Unpublish.Success"
                | "NetConnection.Connect.Closed"
                | "NetConnection.Connect.AppShutdown",
                _,
                _,
            ) => self.end(Event::Ended),
            _ => {}
        }
    }

    fn refuse(&mut self, information: Option<&Value>) {
        let code = text(information, "code");
        let description = text(information, "description");
        let mut kind = RefusalKind::of(code, description);
        if kind == RefusalKind::Failed && code.is_empty() && self.is_publishing() {
            // A refusal of `publish` without a word is one of the key.
            kind = RefusalKind::Rejected;
        }
        let refusal = Refusal {
            kind,
            code: redact(code, &self.target.stream_key),
            description: redact(description, &self.target.stream_key),
        };
        self.end(Event::Refused(refusal));
    }

    fn end(&mut self, event: Event) {
        self.state = State::Over;
        self.events.push_back(event);
    }
}

/// A text of a status; empty when there is none.
fn text<'a>(information: Option<&'a Value>, name: &str) -> &'a str {
    information
        .and_then(|information| information.get(name))
        .and_then(Value::as_str)
        .unwrap_or_default()
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
#[path = "publisher_tests.rs"]
mod tests;
