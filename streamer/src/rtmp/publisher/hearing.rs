//! What the server says, obeyed and understood.

use bytes::{BufMut, BytesMut};

use super::{CHUNK_SIZE, MAX_EVENTS, Publisher, State};
use crate::rtmp::{
    amf0::Value,
    command::{self, transaction},
    error::ProtocolError,
    event::{Event, Refusal, RefusalKind},
    message::{Message, kind, user_control},
    redact::redact,
    reply::{Reply, Status},
    target::Goal,
};

impl Publisher {
    /// Obeys a message, and says what it means.
    pub(super) fn on_message(&mut self, message: &Message) -> Result<(), ProtocolError> {
        let payload = &message.payload[..];
        match message.header.kind {
            kind::ACKNOWLEDGEMENT => {
                if let Some(sequence) = message.leading_u32()
                    && let Some(bytes) = self.confirmed.update(sequence, self.bytes_output())
                {
                    self.acknowledged(bytes);
                }
            }
            kind::WINDOW_ACKNOWLEDGEMENT_SIZE => {
                if let Some(window) = message.leading_u32() {
                    self.received.set_window(window);
                }
            }
            kind::SET_PEER_BANDWIDTH => {
                if let Some(bandwidth) = message.leading_u32() {
                    let limit_type = payload.get(4).copied().unwrap_or_default();
                    self.bandwidth.set(bandwidth, limit_type);
                    self.ask_for_window();
                }
            }
            kind::USER_CONTROL => self.on_user_control(payload),
            kind::COMMAND_AMF0 => self.on_command(payload)?,
            // AMF3 commands are AMF0 after a zero, in all that servers send; some leave it out.
            kind::COMMAND_AMF3 => self.on_command(payload.strip_prefix(&[0]).unwrap_or(payload))?,
            kind::GO_AWAY => self.go_away(),
            _ => {}
        }
        Ok(())
    }

    /// Says after how many bytes the server is to acknowledge, if it does not know.
    fn ask_for_window(&mut self) {
        let window = self.bandwidth.window(self.target.acknowledgement_window);
        if self.window != Some(window) && self.may_answer() {
            self.answer(kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &window.to_be_bytes());
            self.window = Some(window);
        }
    }

    fn on_user_control(&mut self, payload: &[u8]) {
        let Some((event, rest)) = payload.split_first_chunk() else {
            return;
        };
        if u16::from_be_bytes(*event) == user_control::PING_REQUEST && self.may_answer() {
            let mut pong = BytesMut::with_capacity(payload.len());
            pong.put_u16(user_control::PING_RESPONSE);
            // A ping is four bytes; whatever a server adds is not sent back.
            pong.extend_from_slice(&rest[..rest.len().min(4)]);
            self.answer(kind::USER_CONTROL, &pong);
        }
    }

    fn on_command(&mut self, payload: &[u8]) -> Result<(), ProtocolError> {
        let reply = Reply::read(payload)?;
        match reply.name() {
            "_result" => self.on_result(&reply)?,
            "_error" => self.on_error(&reply),
            "onStatus" => self.on_status(reply.status()),
            // FMLE's own answer to `FCPublish`; only its refusal says something.
            "onFCPublish" => {
                let status = reply.status();
                if status.level == "error" && self.is_publishing() {
                    self.refuse(status);
                }
            }
            "close" => self.end(Event::Ended),
            _ => {}
        }
        Ok(())
    }

    fn on_result(&mut self, reply: &Reply) -> Result<(), ProtocolError> {
        let number = reply.transaction();
        match self.state {
            State::Connecting if number == transaction::CONNECT => {
                self.announced = reply.announced_codecs();
                self.events.push_back(Event::Connected);
                self.on_connected();
            }
            State::CreatingStream if number == transaction::CREATE_STREAM => {
                let stream_id = reply
                    .answer()
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
        self.ask_for_window();
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

    fn on_error(&mut self, reply: &Reply) {
        // `releaseStream` and `FCPublish` may fail: there is nothing to release the first time.
        let about_names = [transaction::RELEASE_STREAM, transaction::FC_PUBLISH];
        if !about_names.contains(&reply.transaction()) && !matches!(self.state, State::Over) {
            self.refuse(reply.status());
        }
    }

    fn on_status(&mut self, status: Status<'_>) {
        match (status.code, status.level, &self.state) {
            ("NetStream.Publish.Start", _, State::Publishing { stream_id }) => {
                self.state = State::Published {
                    stream_id: *stream_id,
                };
                self.events.push_back(Event::Published);
            }
            (_, _, State::Over) => {}
            (_, "error", _) => self.refuse(status),
            // Some servers refuse a key without the level that says so.
            ("NetStream.Publish.BadName" | "NetStream.Publish.Denied", _, _) => {
                self.refuse(status);
            }
            // Enhanced RTMP's way to say the same as Facebook. It may name another address, to
            // which we do not carry the key.
            ("NetConnection.Connect.ReconnectRequest", _, _) => self.go_away(),
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

    fn refuse(&mut self, status: Status<'_>) {
        let Status {
            code, description, ..
        } = status;
        let mut kind = RefusalKind::of(code, description);
        if kind == RefusalKind::Failed && code.is_empty() && self.is_publishing() {
            // A refusal of `publish` without a code is one of the key.
            kind = RefusalKind::Rejected;
        }
        let refusal = Refusal {
            kind,
            code: redact(code, &self.target.stream_key),
            description: redact(description, &self.target.stream_key),
        };
        self.end(Event::Refused(refusal));
    }

    fn acknowledged(&mut self, bytes: u64) {
        let are_many = self.events.len() >= MAX_EVENTS;
        match self.events.back_mut() {
            Some(Event::Acknowledged(before)) if are_many => *before = bytes,
            _ => self.events.push_back(Event::Acknowledged(bytes)),
        }
    }

    /// Told once: there is nothing to leave before the stream is published, nor twice.
    fn go_away(&mut self) {
        if self.is_published() && !self.go_away {
            self.go_away = true;
            self.events.push_back(Event::GoAway);
        }
    }

    /// Told once: nothing comes after the end.
    fn end(&mut self, event: Event) {
        if !matches!(self.state, State::Over) {
            self.state = State::Over;
            self.events.push_back(event);
        }
    }
}
