use std::{mem, path::PathBuf, sync::Arc, time::Duration};

use rml_rtmp::{
    sessions::{
        ServerSession, ServerSessionConfig, ServerSessionError, ServerSessionEvent,
        ServerSessionResult, StreamMetadata,
    },
    time::RtmpTimestamp,
};

use crate::{
    Behaviour, Duplicates, Ending, Event, Fault, Keep, Keys, Kind, Metadata, Moment, Rejection,
    Stage, Words,
    acknowledgements::AcknowledgementFilter,
    answer,
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
    /// Whether the fault of this publish has happened.
    is_faulty: bool,
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
    /// Sends what is due and closes this direction.
    HalfClose,
}

impl Session {
    pub(crate) fn open(
        policy: &Arc<Policy>,
        keys: Keys,
        behaviour: Behaviour,
        ledger: &Arc<Ledger>,
    ) -> Result<Self, ServerSessionError> {
        let mut config = ServerSessionConfig::new();
        config.chunk_size = answer::CHUNK_SIZE;
        config.window_ack_size = behaviour.window.unwrap_or(policy.window_ack_size);
        config.peer_bandwidth = behaviour.peer_bandwidth.unwrap_or(policy.peer_bandwidth);
        let (server, results) = ServerSession::new(config)?;
        let mut session = Self {
            server,
            policy: Arc::clone(policy),
            keys,
            behaviour,
            ledger: Arc::clone(ledger),
            acknowledgements: AcknowledgementFilter::default(),
            live: None,
            is_faulty: false,
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
            if self.behaviour.codecs.is_empty() {
                return self.send_all(results);
            }
            let bytes = answer::connected(&self.behaviour.codecs)?;
            self.send(&bytes);
            return Ok(Turn::Continue);
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
        if self.behaviour.close_before_publish_start {
            return self.reject_publish(request_id, Rejection::Close, &answer::bad_name(""));
        }
        if let Some(words) = self.behaviour.reject_publish.clone() {
            return self.reject_publish(request_id, Rejection::OnStatus, &words);
        }
        let is_duplicate = self.live.is_some()
            || self.policy.duplicates == Duplicates::Reject
                && self.ledger.read(|state| state.is_live(app, key));
        if is_duplicate {
            let words = answer::bad_name("Already publishing");
            return self.reject_publish(request_id, Rejection::OnStatus, &words);
        }
        if !self.keys.accept(key) {
            let rejection = self.policy.rejection;
            let words = answer::bad_name("Stream key rejected.");
            return self.reject_publish(request_id, rejection, &words);
        }

        let results = self.server.accept_request(request_id)?;
        self.send_all(results)?;
        let Policy {
            keep, record_to, ..
        } = self.policy.as_ref();
        let live = Recorder::start(&self.ledger, app, key, *keep, record_to.as_deref());
        let number = live.number();
        self.live = Some(live);
        self.is_faulty = false;
        let nothing_yet = Reached {
            packets: 0,
            elapsed_ms: 0,
        };
        Ok(self.fault_at(number, &nothing_yet))
    }

    fn reject_publish(
        &mut self,
        request_id: u32,
        rejection: Rejection,
        words: &Words,
    ) -> Result<Turn, ServerSessionError> {
        self.ledger
            .update(|state| state.snapshot.stats.publishes_rejected += 1);
        self.ledger.tell(Event::PublishRejected);
        let Words { code, description } = words;
        match rejection {
            Rejection::Close => Ok(Turn::Close),
            Rejection::Error => {
                let results = self.server.reject_request(request_id, code, description)?;
                self.send_all(results)
            }
            Rejection::OnStatus => {
                let bytes = answer::refused(words)?;
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
        let number = live.number();
        let reached = live.media(kind, timestamp.value, body, arrived);
        self.fault_at(number, &reached)
    }

    /// The turn that the fault of this publish asks for, if its point is reached.
    fn fault_at(&mut self, publish: u32, reached: &Reached) -> Turn {
        let fault = self.policy.faults.get(publish as usize - 1);
        let fault = *fault.unwrap_or(&Fault::None);
        let after = match fault {
            Fault::None => return Turn::Continue,
            Fault::Cut { after, .. }
            | Fault::Stall { after }
            | Fault::HalfClose { after }
            | Fault::GoAway { after } => after,
        };
        if self.is_faulty || !after.is_reached(reached.packets, reached.elapsed_ms) {
            return Turn::Continue;
        }
        self.is_faulty = true;
        match fault {
            Fault::None => Turn::Continue,
            Fault::Cut { away, .. } => Turn::Cut { away },
            Fault::Stall { .. } => Turn::Stall,
            Fault::HalfClose { .. } => Turn::HalfClose,
            Fault::GoAway { .. } => {
                self.send(&answer::GO_AWAY);
                Turn::Continue
            }
        }
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
