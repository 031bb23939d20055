use std::{mem, path::PathBuf, sync::Arc, time::Duration};

use rml_rtmp::{
    chunk_io::ChunkSerializer,
    messages::RtmpMessage,
    rml_amf0::Amf0Value,
    sessions::{
        ServerSession, ServerSessionConfig, ServerSessionError, ServerSessionEvent,
        ServerSessionResult, StreamMetadata,
    },
    time::RtmpTimestamp,
};

use crate::{
    Behaviour, Duplicates, Ending, Event, Fault, Keep, Keys, Kind, Metadata, Moment, Rejection,
    Stage,
    acknowledgements::AcknowledgementFilter,
    ledger::Ledger,
    recorder::{Reached, Recorder},
};

/// What a session needs to know to answer one connection.
pub(crate) struct Policy {
    pub(crate) rejection: Rejection,
    pub(crate) duplicates: Duplicates,
    pub(crate) keep: Keep,
    pub(crate) record_to: Option<PathBuf>,
    pub(crate) window_ack_size: u32,
    pub(crate) peer_bandwidth: u32,
    pub(crate) faults: Vec<Fault>,
}

/// One connection after its handshake, without its socket: bytes in, bytes out.
pub(crate) struct Session {
    server: ServerSession,
    policy: Arc<Policy>,
    keys: Keys,
    behaviour: Behaviour,
    ledger: Arc<Ledger>,
    acknowledgements: AcknowledgementFilter,
    live: Option<Recorder>,
    is_silent: bool,
    output: Vec<u8>,
}

/// What the connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Goes on.
    Continue,
    /// Sends what is due and closes.
    Close,
    /// Resets the connection; refuses others for a while.
    Cut { away: Duration },
    /// Never reads again.
    Stall,
}

const CHUNK_SIZE: u32 = 4096;

impl Session {
    pub(crate) fn open(
        policy: &Arc<Policy>,
        keys: Keys,
        behaviour: Behaviour,
        ledger: &Arc<Ledger>,
    ) -> Result<Self, ServerSessionError> {
        let mut config = ServerSessionConfig::new();
        config.chunk_size = CHUNK_SIZE;
        config.window_ack_size = policy.window_ack_size;
        config.peer_bandwidth = policy.peer_bandwidth;
        let (server, results) = ServerSession::new(config)?;
        let mut session = Self {
            server,
            policy: Arc::clone(policy),
            keys,
            behaviour,
            ledger: Arc::clone(ledger),
            acknowledgements: AcknowledgementFilter::default(),
            live: None,
            is_silent: false,
            output: Vec::new(),
        };
        for result in results {
            session.take(result, Moment::now())?;
        }
        Ok(session)
    }

    /// Takes bytes that were read at `arrived`.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        arrived: Moment,
    ) -> Result<Turn, ServerSessionError> {
        while !bytes.is_empty() {
            // Requests are answered only after all that was fed with them has been read, so one
            // that follows in the same bytes would meet a session that is not ready for it.
            // Until media flows, bytes go in one by one.
            let length = if self.live.is_some() { bytes.len() } else { 1 };
            let (now, rest) = bytes.split_at(length);
            bytes = rest;
            for result in self.server.handle_input(now)? {
                match self.take(result, arrived)? {
                    Turn::Continue => {}
                    turn => return Ok(turn),
                }
            }
        }
        Ok(Turn::Continue)
    }

    /// What is to be sent.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        mem::take(&mut self.output)
    }

    /// The connection is over; so is what it published.
    pub(crate) fn end(&mut self, how: Ending) {
        if let Some(live) = self.live.take() {
            live.end(how);
        }
    }

    fn take(
        &mut self,
        result: ServerSessionResult,
        arrived: Moment,
    ) -> Result<Turn, ServerSessionError> {
        match result {
            ServerSessionResult::OutboundResponse(packet) => {
                self.send(&packet.bytes);
                Ok(Turn::Continue)
            }
            ServerSessionResult::RaisedEvent(event) => self.handle(event, arrived),
            ServerSessionResult::UnhandleableMessageReceived(_) => Ok(Turn::Continue),
        }
    }

    fn handle(
        &mut self,
        event: ServerSessionEvent,
        arrived: Moment,
    ) -> Result<Turn, ServerSessionError> {
        use ServerSessionEvent as E;
        match event {
            E::ConnectionRequested { request_id, .. } => self.connect(request_id),
            E::PublishStreamRequested {
                request_id,
                app_name,
                stream_key,
                ..
            } => self.publish(request_id, &app_name, &stream_key),
            E::PublishStreamFinished { .. } => {
                self.end(Ending::Unpublished);
                Ok(Turn::Continue)
            }
            E::StreamMetadataChanged { metadata, .. } => {
                if let Some(live) = &mut self.live {
                    live.metadata(convert(metadata));
                }
                Ok(Turn::Continue)
            }
            E::AudioDataReceived {
                data, timestamp, ..
            } => Ok(self.media(Kind::Audio, timestamp, &data, arrived)),
            E::VideoDataReceived {
                data, timestamp, ..
            } => Ok(self.media(Kind::Video, timestamp, &data, arrived)),
            E::UnhandleableAmf0Command { command_name, .. } => {
                if command_name == "FCUnpublish"
                    && let Some(live) = &mut self.live
                {
                    live.fc_unpublish();
                }
                Ok(Turn::Continue)
            }
            // Nothing is played from here, and the rest needs no answer.
            _ => Ok(Turn::Continue),
        }
    }

    fn connect(&mut self, request_id: u32) -> Result<Turn, ServerSessionError> {
        if self.falls_silent(Stage::Connect) {
            return Ok(Turn::Continue);
        }
        if !self.behaviour.reject_connect {
            let results = self.server.accept_request(request_id)?;
            return self.send_all(results);
        }
        self.ledger
            .update(|state| state.snapshot.stats.connects_rejected += 1);
        self.ledger.tell(Event::ConnectRejected);
        let code = "NetConnection.Connect.Rejected";
        let results = self
            .server
            .reject_request(request_id, code, "Connection rejected.")?;
        self.send_all(results)?;
        Ok(Turn::Close)
    }

    fn publish(
        &mut self,
        request_id: u32,
        app: &str,
        key: &str,
    ) -> Result<Turn, ServerSessionError> {
        if self.falls_silent(Stage::Publish) {
            return Ok(Turn::Continue);
        }
        let is_duplicate = self.live.is_some()
            || self.policy.duplicates == Duplicates::Reject
                && self.ledger.read(|state| state.is_live(app, key));
        if is_duplicate {
            return self.reject_publish(request_id, Rejection::OnStatus, "Already publishing");
        }
        if !self.keys.accept(key) {
            let rejection = self.policy.rejection;
            return self.reject_publish(request_id, rejection, "Stream key rejected.");
        }

        let results = self.server.accept_request(request_id)?;
        self.send_all(results)?;
        let Policy {
            keep, record_to, ..
        } = self.policy.as_ref();
        let live = Recorder::start(&self.ledger, app, key, *keep, record_to.as_deref());
        let nothing_yet = Reached {
            packets: 0,
            elapsed_ms: 0,
        };
        let turn = fault_at(&self.policy.faults, live.number(), &nothing_yet);
        self.live = Some(live);
        Ok(turn)
    }

    fn reject_publish(
        &mut self,
        request_id: u32,
        rejection: Rejection,
        description: &str,
    ) -> Result<Turn, ServerSessionError> {
        self.ledger
            .update(|state| state.snapshot.stats.publishes_rejected += 1);
        self.ledger.tell(Event::PublishRejected);
        let code = "NetStream.Publish.BadName";
        match rejection {
            Rejection::Close => Ok(Turn::Close),
            Rejection::Error => {
                let results = self.server.reject_request(request_id, code, description)?;
                self.send_all(results)
            }
            Rejection::OnStatus => {
                let bytes = on_status_error(code, description)?;
                self.send(&bytes);
                Ok(Turn::Close)
            }
        }
    }

    fn media(
        &mut self,
        kind: Kind,
        timestamp: RtmpTimestamp,
        body: &bytes::Bytes,
        arrived: Moment,
    ) -> Turn {
        let Some(live) = &mut self.live else {
            return Turn::Continue;
        };
        let reached = live.media(kind, timestamp.value, body, arrived);
        fault_at(&self.policy.faults, live.number(), &reached)
    }

    fn falls_silent(&mut self, stage: Stage) -> bool {
        self.is_silent |= self.behaviour.silent_from.is_some_and(|from| from <= stage);
        self.is_silent
    }

    fn send_all(&mut self, results: Vec<ServerSessionResult>) -> Result<Turn, ServerSessionError> {
        for result in results {
            if let ServerSessionResult::OutboundResponse(packet) = result {
                self.send(&packet.bytes);
            }
        }
        Ok(Turn::Continue)
    }

    fn send(&mut self, bytes: &[u8]) {
        let is_acknowledgement = self.acknowledgements.is_acknowledgement(bytes);
        let is_held_back = is_acknowledgement && !self.behaviour.acknowledge;
        if !self.is_silent && !is_held_back {
            self.output.extend_from_slice(bytes);
        }
    }
}

/// The turn that the fault of this publish asks for, if its point is reached.
fn fault_at(faults: &[Fault], publish: u32, reached: &Reached) -> Turn {
    let Reached {
        packets,
        elapsed_ms,
    } = *reached;
    match faults.get(publish as usize - 1) {
        Some(Fault::Cut { after, away }) if after.is_reached(packets, elapsed_ms) => {
            Turn::Cut { away: *away }
        }
        Some(Fault::Stall { after }) if after.is_reached(packets, elapsed_ms) => Turn::Stall,
        _ => Turn::Continue,
    }
}

/// `rml_rtmp`'s server cannot send this command. Its header is whole, so it does not depend on what
/// the session sent before, and the connection is closed behind it.
fn on_status_error(code: &str, description: &str) -> Result<Vec<u8>, ServerSessionError> {
    // Publishers use one stream, and the session numbers them from 1.
    const STREAM: u32 = 1;
    let text = |text: &str| Amf0Value::Utf8String(text.to_owned());
    let status = [
        ("level", "error"),
        ("code", code),
        ("description", description),
    ];
    let message = RtmpMessage::Amf0Command {
        command_name: "onStatus".to_owned(),
        transaction_id: 0.0,
        command_object: Amf0Value::Null,
        additional_arguments: vec![Amf0Value::Object(
            status
                .map(|(name, value)| (name.to_owned(), text(value)))
                .into(),
        )],
    };
    let mut serializer = ChunkSerializer::new();
    // The peer knows this chunk size from the session's own announcement.
    serializer.set_max_chunk_size(CHUNK_SIZE, RtmpTimestamp::new(0))?;
    let payload = message.into_message_payload(RtmpTimestamp::new(0), STREAM)?;
    Ok(serializer.serialize(&payload, true, false)?.bytes)
}

fn convert(metadata: StreamMetadata) -> Metadata {
    let StreamMetadata {
        video_width,
        video_height,
        video_codec_id,
        video_frame_rate,
        video_bitrate_kbps,
        audio_codec_id,
        audio_bitrate_kbps,
        audio_sample_rate,
        audio_channels: _,
        audio_is_stereo,
        encoder,
    } = metadata;
    Metadata {
        width: video_width,
        height: video_height,
        frame_rate: video_frame_rate,
        video_codec_id,
        video_data_rate: video_bitrate_kbps,
        audio_codec_id,
        audio_data_rate: audio_bitrate_kbps,
        audio_sample_rate,
        stereo: audio_is_stereo,
        encoder,
    }
}
