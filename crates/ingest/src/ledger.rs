use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

use crate::{Event, Moment, Packet, Publish, Snapshot};

/// What an ingest knows, shared by its connections, and those who wait for it to change.
pub(crate) struct Ledger {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    events: broadcast::Sender<Event>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) snapshot: Snapshot,
    /// By publish, in the same order.
    pub(crate) packets: Vec<Vec<Packet>>,
    streams: Vec<Stream>,
}

/// Deliberately without `Debug`: it knows the key.
struct Stream {
    app: String,
    key: String,
    parts: u32,
    recordings: u32,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            // Events go to people and tests that follow; a follower who sleeps loses the oldest.
            events: broadcast::Sender::new(1024),
        }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Changes the state and wakes those who wait.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_replace(());
        result
    }

    pub(crate) fn tell(&self, event: Event) {
        // An error says that nobody listens.
        let _ = self.events.send(event);
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves counters, nothing that could be inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a publish of this stream is going on.
    pub(crate) fn is_live(&self, app: &str, key: &str) -> bool {
        let Some(index) = self.stream(app, key) else {
            return false;
        };
        let mut publishes = self.snapshot.publishes.iter();
        publishes.any(|publish| publish.stream as usize == index + 1 && publish.ended.is_none())
    }

    /// Enters a new publish and returns its number.
    pub(crate) fn publish(&mut self, app: &str, key: &str) -> u32 {
        let index = self.stream(app, key).unwrap_or_else(|| {
            self.streams.push(Stream {
                app: app.to_owned(),
                key: key.to_owned(),
                parts: 0,
                recordings: 0,
            });
            self.streams.len() - 1
        });
        let stream = &mut self.streams[index];
        stream.parts += 1;
        let number = self.snapshot.publishes.len() as u32 + 1;
        self.snapshot.publishes.push(Publish {
            number,
            stream: index as u32 + 1,
            part: stream.parts,
            app: app.to_owned(),
            started: Moment::now(),
            first_header: None,
            first_media: None,
            first_timestamp_ms: None,
            last_media: None,
            last_timestamp_ms: None,
            video_packets: 0,
            audio_packets: 0,
            sequence_headers: 0,
            payload_bytes: 0,
            metadata: None,
            fc_unpublish: false,
            recording: None,
            recording_error: None,
            ended: None,
        });
        self.packets.push(Vec::new());
        number
    }

    /// Numbers the recording of a publish: its stream, and which of the stream's it is.
    pub(crate) fn recording(&mut self, publish: u32) -> (u32, u32) {
        let stream = self.snapshot.publishes[publish as usize - 1].stream;
        let recordings = &mut self.streams[stream as usize - 1].recordings;
        *recordings += 1;
        (stream, *recordings)
    }

    fn stream(&self, app: &str, key: &str) -> Option<usize> {
        let mut streams = self.streams.iter();
        streams.position(|stream| stream.app == app && stream.key == key)
    }
}
