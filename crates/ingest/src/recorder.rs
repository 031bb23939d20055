use std::{
    io, mem,
    path::{Path, PathBuf},
    sync::Arc,
};

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
    recording: Recording,
    is_ended: bool,
}

/// The file that a publish is recorded to. It begins with the first packet: a probe of a key leaves
/// none.
enum Recording {
    /// None is made, or no more.
    Off,
    /// Nothing has come but what its script tag will say.
    Due {
        directory: PathBuf,
        metadata: Metadata,
    },
    On(FlvWriter),
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
        let number = ledger.update(|state| state.publish(app, key));
        let recording = match record_to {
            Some(directory) => Recording::Due {
                directory: directory.to_owned(),
                metadata: Metadata::default(),
            },
            None => Recording::Off,
        };
        let recorder = Self {
            ledger: Arc::clone(ledger),
            keep,
            number,
            recording,
            is_ended: false,
        };
        tracing::debug!(publish = number, "publish started");
        ledger.tell(Event::PublishStarted { publish: number });
        recorder
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn metadata(&mut self, metadata: Metadata) {
        match &mut self.recording {
            Recording::Off => {}
            Recording::Due { metadata: due, .. } => *due = metadata.clone(),
            Recording::On(flv) => {
                let written = flv.script(&metadata);
                self.check_recording(written);
            }
        }
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
        let recorded = self.record(kind, timestamp_ms, body, begins_group);
        self.check_recording(recorded);

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
        if let Recording::On(flv) = mem::replace(&mut self.recording, Recording::Off) {
            let finished = flv.finish();
            self.check_recording(finished);
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

    fn record(
        &mut self,
        kind: Kind,
        timestamp_ms: u32,
        body: &[u8],
        begins_group: bool,
    ) -> io::Result<()> {
        if let Recording::Due {
            directory,
            metadata,
        } = &self.recording
        {
            let flv = self.create(directory, metadata)?;
            self.recording = Recording::On(flv);
        }
        let Recording::On(flv) = &mut self.recording else {
            return Ok(());
        };
        if begins_group {
            flv.flush()?;
        }
        flv.media(kind, timestamp_ms, body)
    }

    fn create(&self, directory: &Path, metadata: &Metadata) -> io::Result<FlvWriter> {
        let (stream, part) = self.ledger.update(|state| state.recording(self.number));
        let name = format!("stream-{stream}-part-{part}");
        let flv = FlvWriter::create(directory, &name, metadata)?;
        let path = flv.path().to_owned();
        self.update(|publish| publish.recording = Some(path));
        Ok(flv)
    }

    /// A full disk ends the recording, not the rehearsal.
    fn check_recording(&mut self, result: io::Result<()>) {
        let Err(error) = result else { return };
        tracing::warn!(publish = self.number, %error, "recording failed");
        self.recording = Recording::Off;
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
