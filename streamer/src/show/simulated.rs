//! Hours and days of a show in seconds: the run time's clock is paused, and leaps to the next timer
//! whenever there is nothing to do. All is real but the socket and the clock; the receiver is a
//! foreign one.

use std::sync::Arc;

use broadcast::{MediaTime, StreamKey};
use chrono::Utc;
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{
        ServerSession, ServerSessionConfig, ServerSessionEvent as Event, ServerSessionResult,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::{Notify, watch},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use super::{
    Show, ShowDestination,
    destination::Destination,
    pace::TOGETHER,
    reporter::Reporter,
    synthetic::{Samples, Synthetic},
};
use crate::{
    address::AddressPolicy,
    ingest::{Connection, DialPolicy},
    media::{Movie, MovieOptions, Programme, flv},
    rtmp::PublishTarget,
    source::Source,
};

/// A packet as it came out at the far end.
struct Arrival {
    at: Instant,
    is_video: bool,
    /// In milliseconds.
    timestamp: u32,
    /// What the sample begins with.
    number: u32,
}

#[derive(Default)]
struct Receiver {
    output: Vec<u8>,
    arrivals: Vec<Arrival>,
    is_over: bool,
}

/// Takes one publish to its end.
async fn receive(mut stream: DuplexStream) -> Vec<Arrival> {
    let mut handshake = Handshake::new(PeerType::Server);
    let mut buffer = vec![0; 64 * 1024];
    let rest = loop {
        let read = stream.read(&mut buffer).await.unwrap();
        match handshake.process_bytes(&buffer[..read]).unwrap() {
            HandshakeProcessResult::InProgress { response_bytes } => {
                stream.write_all(&response_bytes).await.unwrap();
            }
            HandshakeProcessResult::Completed {
                response_bytes,
                remaining_bytes,
            } => {
                stream.write_all(&response_bytes).await.unwrap();
                break remaining_bytes;
            }
        }
    };
    let (mut session, results) = ServerSession::new(ServerSessionConfig::new()).unwrap();
    let mut receiver = Receiver::default();
    receiver.take(&mut session, results);
    receiver.feed(&mut session, &rest);
    while !receiver.is_over {
        stream.write_all(&receiver.output).await.unwrap();
        receiver.output.clear();
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "it closed before it said that the stream is over");
        receiver.feed(&mut session, &buffer[..read]);
    }
    receiver.arrivals
}

impl Receiver {
    fn feed(&mut self, session: &mut ServerSession, bytes: &[u8]) {
        // It answers a request only after all that was fed with it: until media comes, one by one.
        let length = if self.arrivals.is_empty() {
            1
        } else {
            bytes.len()
        };
        for bytes in bytes.chunks(length.max(1)) {
            let results = session.handle_input(bytes).unwrap();
            self.take(session, results);
        }
    }

    fn take(&mut self, session: &mut ServerSession, results: Vec<ServerSessionResult>) {
        for result in results {
            match result {
                ServerSessionResult::OutboundResponse(packet) => self.output.extend(packet.bytes),
                ServerSessionResult::RaisedEvent(event) => self.handle(session, event),
                ServerSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }

    fn handle(&mut self, session: &mut ServerSession, event: Event) {
        let (is_video, data, timestamp, header) = match event {
            Event::ConnectionRequested { request_id, .. }
            | Event::PublishStreamRequested { request_id, .. } => {
                let results = session.accept_request(request_id).unwrap();
                return self.take(session, results);
            }
            Event::VideoDataReceived {
                data, timestamp, ..
            } => (true, data, timestamp, 5),
            Event::AudioDataReceived {
                data, timestamp, ..
            } => (false, data, timestamp, 2),
            Event::PublishStreamFinished { .. } => return self.is_over = true,
            _ => return,
        };
        let is_sequence_header = data[1] == 0;
        if !is_sequence_header {
            let number = data[header..header + 4].try_into().unwrap();
            self.arrivals.push(Arrival {
                at: Instant::now(),
                is_video,
                timestamp: timestamp.value,
                number: u32::from_be_bytes(number),
            });
        }
    }
}

/// Sends a movie of these samples, and checks of each packet when it came and with which timestamp:
/// both follow from its number alone, so nothing can add up. Returns the timestamps of the picture.
async fn check(video: Samples, audio: Samples) -> Vec<u32> {
    let file = Synthetic { video, audio }.file();
    let source = Source::from_bytes("synthetic.mp4", file).unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    let dial = DialPolicy::new(AddressPolicy::PRIVATE_TOO);
    let ingest: broadcast::Ingest = "rtmp://127.0.0.1/live".parse().unwrap();
    let target = ShowDestination::new("it", ingest.clone(), StreamKey::new("key"));
    let programme = Programme::from(movie);
    let show = Arc::new(Show::new(programme, vec![target.clone()], Utc::now(), dial));

    let (ours, theirs) = duplex(64 * 1024);
    let receiver = tokio::spawn(receive(theirs));
    let publish = PublishTarget::new(&ingest, StreamKey::new("key"));
    let connection = Connection::over(ours, publish, &show.dial).await.unwrap();
    let news = Arc::new(Notify::new());
    let (reporter, _told) = Reporter::new("it", MediaTime::ZERO, Instant::now(), news);
    let (_alone, is_alone) = watch::channel(None);
    let stop = CancellationToken::new();
    let mut destination = Destination::new(show, target, reporter, is_alone, stop, Utc::now());
    assert!(destination.play(connection).await.unwrap());

    let arrivals = receiver.await.unwrap();
    assert_eq!(arrivals.len() as u32, video.count + audio.count);
    let zero = arrivals[0].at;
    let mut next = [0; 2];
    for arrival in &arrivals {
        let (samples, number) = match arrival.is_video {
            true => (video, &mut next[0]),
            false => (audio, &mut next[1]),
        };
        assert_eq!(arrival.number, *number);
        *number += 1;
        let ticks = i64::from(arrival.number) * i64::from(samples.duration);
        let due = MediaTime::from_ticks(ticks, samples.time_scale);
        assert_eq!(arrival.timestamp, flv::timestamp_ms(due), "{due}");
        let late = (arrival.at - zero + TOGETHER).checked_sub(due.to_duration());
        // The run time's timers count whole milliseconds.
        assert!(
            late.is_some_and(|late| late <= TOGETHER + Duration::from_millis(1)),
            "{late:?} at {due}, with {TOGETHER:?} for what goes along with the packet before it"
        );
    }
    let videos = arrivals.iter().filter(|arrival| arrival.is_video);
    videos.map(|arrival| arrival.timestamp).collect()
}

fn every(duration: u32, time_scale: u32, seconds: u64) -> Samples {
    Samples {
        time_scale,
        duration,
        count: (seconds * u64::from(time_scale) / u64::from(duration)) as u32,
        size: 16,
        key_every: 4,
    }
}

/// Where timestamps no longer fit the 24 bits of a chunk's header: 4 h 39 m 37 s.
const EXTENDED: u32 = 0x00ff_ffff;

#[tokio::test(start_paused = true)]
async fn eight_hours_do_not_drift() {
    const SECONDS: u64 = 8 * 3600;
    // 29.97 frames and 46.875 frames of sound a second, one of 32 of them.
    let video = every(32 * 1001, 30_000, SECONDS);
    let timestamps = check(video, every(32 * 1024, 48_000, SECONDS)).await;
    assert!(timestamps.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(timestamps.iter().any(|timestamp| *timestamp < EXTENDED));
    let last = timestamps[timestamps.len() - 1];
    assert!(last > 28_798_000, "{last}");
}

#[tokio::test(start_paused = true)]
async fn fifty_days_wrap_once() {
    const SECONDS: u64 = 50 * 24 * 3600;
    let video = every(120 * 1001, 1000, SECONDS);
    let timestamps = check(video, every(127 * 1024, 1024, SECONDS)).await;
    let wraps = timestamps.windows(2).filter(|pair| pair[0] > pair[1]);
    assert_eq!(wraps.count(), 1);
    let last = timestamps[timestamps.len() - 1];
    // 50 days are 25,032,704 ms more than 32 bits hold.
    assert!((24_800_000..25_032_704).contains(&last), "{last}");
}
