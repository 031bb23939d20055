use std::{io, path::Path, sync::Arc};

use bytes::Bytes;

use crate::{
    Ended, Ending, Event, Keep, Kind, Metadata, Moment, Packet, Publish, flv::FlvWriter,
    ledger::Ledger,
};

/// A publish that is going on: enters what it receives into the ledger and the recording.
/// Dropped without [`end`](Self::end), it counts as dropped by the publisher.
pub(crate) struct Recorder {
    ledger: Arc<Ledger>,
    keep: Keep,
    number: u32,
    flv: Option<FlvWriter>,
    is_ended: bool,
}

/// How far a publish is, for faults to go by.
pub(crate) struct Reached {
    pub(crate) packets: u64,
    pub(crate) elapsed_ms: u32,
}

impl Recorder {
    pub(crate) fn start(
        ledger: &Arc<Ledger>,
        app: &str,
        key: &str,
        keep: Keep,
        record_to: Option<&Path>,
    ) -> Self {
        let (number, name) = ledger.update(|state| {
            let number = state.publish(app, key);
            let Publish { stream, part, .. } = &state.snapshot.publishes[number as usize - 1];
            (number, format!("stream-{stream}-part-{part}"))
        });
        let mut recorder = Self {
            ledger: Arc::clone(ledger),
            keep,
            number,
            flv: None,
            is_ended: false,
        };
        match record_to.map(|directory| FlvWriter::create(directory, &name)) {
            None => {}
            Some(Ok(flv)) => {
                let path = flv.path().to_owned();
                recorder.update(|publish| publish.recording = Some(path));
                recorder.flv = Some(flv);
            }
            Some(Err(error)) => recorder.stop_recording(&error),
        }
        tracing::debug!(publish = number, "publish started");
        ledger.tell(Event::PublishStarted { publish: number });
        recorder
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn metadata(&mut self, metadata: Metadata) {
        self.record(|flv| flv.script(&metadata));
        self.update(|publish| publish.metadata = Some(metadata));
    }

    pub(crate) fn media(
        &mut self,
        kind: Kind,
        timestamp_ms: u32,
        body: &Bytes,
        arrived: Moment,
    ) -> Reached {
        let mut packet = Packet::new(kind, timestamp_ms, body, arrived);
        let begins_group = packet.key_frame && kind == Kind::Video;
        self.record(|flv| {
            if begins_group {
                flv.flush()?;
            }
            flv.media(kind, timestamp_ms, body)
        });

        let index = self.number as usize - 1;
        let is_header = packet.sequence_header;
        let (is_first, reached) = self.ledger.update(|state| {
            let publish = &mut state.snapshot.publishes[index];
            let is_first = !is_header && publish.first_media.is_none();
            count(publish, &packet);
            let first = publish.first_timestamp_ms.unwrap_or(timestamp_ms);
            let reached = Reached {
                packets: publish.packets(),
                elapsed_ms: timestamp_ms.saturating_sub(first),
            };
            if self.keep != Keep::Data {
                packet.data = None;
            }
            if self.keep != Keep::Nothing {
                state.packets[index].push(packet);
            }
            (is_first, reached)
        });
        if is_first {
            self.ledger.tell(Event::FirstMedia {
                publish: self.number,
                at: arrived,
            });
        }
        reached
    }

    pub(crate) fn fc_unpublish(&mut self) {
        self.update(|publish| publish.fc_unpublish = true);
    }

    /// Ends the publish; who said `FCUnpublish` and then hung up has taken leave.
    pub(crate) fn end(mut self, how: Ending) {
        self.end_once(how);
    }

    fn end_once(&mut self, how: Ending) {
        if self.is_ended {
            return;
        }
        self.is_ended = true;
        if let Some(Err(error)) = self.flv.take().map(FlvWriter::finish) {
            self.stop_recording(&error);
        }
        self.forget_empty_recording();
        let how = self.update(|publish| {
            let how = match how {
                Ending::Dropped if publish.fc_unpublish => Ending::Unpublished,
                how => how,
            };
            publish.ended = Some(Ended {
                at: Moment::now(),
                how: how.clone(),
            });
            how
        });
        tracing::debug!(publish = self.number, ?how, "publish ended");
        self.ledger.tell(Event::PublishEnded {
            publish: self.number,
            how,
        });
    }

    /// Who only tried a key has nothing to play.
    fn forget_empty_recording(&self) {
        let empty = self.update(|publish| match publish.packets() {
            0 => publish.recording.take(),
            _ => None,
        });
        if let Some(path) = empty
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(publish = self.number, %error, "an empty recording stays");
        }
    }

    fn record(&mut self, write: impl FnOnce(&mut FlvWriter) -> io::Result<()>) {
        if let Some(Err(error)) = self.flv.as_mut().map(write) {
            self.stop_recording(&error);
        }
    }

    /// A full disk ends the recording, not the rehearsal.
    fn stop_recording(&mut self, error: &io::Error) {
        tracing::warn!(publish = self.number, %error, "recording failed");
        self.flv = None;
        let text = error.to_string();
        self.update(|publish| publish.recording_error = Some(text));
    }

    fn update<T>(&self, change: impl FnOnce(&mut Publish) -> T) -> T {
        let index = self.number as usize - 1;
        self.ledger
            .update(|state| change(&mut state.snapshot.publishes[index]))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end_once(Ending::Dropped);
    }
}

fn count(publish: &mut Publish, packet: &Packet) {
    publish.payload_bytes += packet.size as u64;
    if packet.sequence_header {
        publish.sequence_headers += 1;
        publish.first_header.get_or_insert(packet.arrived);
        return;
    }
    match packet.kind {
        Kind::Video => publish.video_packets += 1,
        Kind::Audio => publish.audio_packets += 1,
    }
    publish.first_media.get_or_insert(packet.arrived);
    publish
        .first_timestamp_ms
        .get_or_insert(packet.timestamp_ms);
    publish.last_media = Some(packet.arrived);
    publish.last_timestamp_ms = Some(packet.timestamp_ms);
}
