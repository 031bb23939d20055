//! The show over one connection.

use std::{future::Future, io, pin::pin, task::Poll, time::Duration};

use broadcast::{Failure, FailureKind, MediaTime};
use chrono::Utc;
use futures_util::poll;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    destination::Destination,
    gate,
    halt::{Halt, Played},
    in_flight::InFlight,
    metadata::metadata,
    pace::{Pace, TOGETHER},
};
use crate::{
    ingest::{Connection, DialPolicy, Farewell, LinkError},
    media::{Packet, TrackKind, flv},
    rtmp::{Event, MessageTooLarge},
};

/// After this time a connection counts as one that worked.
const WORKING: Duration = Duration::from_secs(5);

/// With so many bytes the queue is handed on, whatever goes along: as much as one write takes well.
const A_LOT: usize = 64 * 1024;

/// What one connection has to remember.
pub(super) struct Session {
    in_flight: InFlight,
    /// The ingest wants us to publish anew.
    go_away: bool,
    stop: CancellationToken,
    began: Instant,
}

impl Session {
    pub(super) fn new(dial: &DialPolicy, stop: CancellationToken) -> Self {
        Self {
            in_flight: InFlight::new(dial.held_by_kernel()),
            go_away: false,
            stop,
            began: Instant::now(),
        }
    }

    /// Holds until the air time and sends until the end of the show.
    pub(super) async fn play(
        &mut self,
        destination: &mut Destination,
        connection: &mut Connection,
    ) -> Result<Played, Halt> {
        let mut feed = destination.feed();
        let first = self.meanwhile(connection, feed.next()).await?;
        let mut first = first.map_err(Halt::Failed)?;
        if first.is_none() && destination.goes_back_to_checkpoint() {
            feed = destination.feed();
            let again = self.meanwhile(connection, feed.next()).await?;
            first = again.map_err(Halt::Failed)?;
        }
        let Some(mut packet) = first else {
            if destination.has_been_on_air() {
                return Ok(Played::End);
            }
            return Err(Halt::Failed(Failure::new(
                FailureKind::IngestUnreachable,
                "the show was over before the ingest could be reached",
            )));
        };
        let air_time = destination.show.air_time;
        let held = gate::left(air_time).is_some();
        self.meanwhile(connection, gate::wait(air_time)).await?;
        let pace = destination.start_pace(packet.dts, held);
        queue_headers(destination, connection, stamp(pace, packet.dts))?;
        let mut is_first = true;
        loop {
            if self.go_away && !is_first && is_entry(&packet) {
                return Ok(Played::GoAway(packet.dts));
            }
            let due = pace.due(packet.dts);
            // The first packet of a connection is on the second, and makes up for the time without
            // one.
            let ahead = if is_first { Duration::ZERO } else { TOGETHER };
            if due > Instant::now() + ahead {
                if !is_first {
                    destination.reporter.waits_until(due);
                }
                self.meanwhile(connection, sleep_until(due)).await?;
            }
            self.queue(destination, connection, &packet, pace)?;
            let next = {
                let mut next = pin!(feed.next());
                let ready = poll!(next.as_mut());
                if is_first || !self.goes_along(&ready, pace) || connection.unsent() > A_LOT {
                    self.flush(destination, connection, packet.dts).await?;
                    if is_first {
                        let is_told =
                            destination.show.is_announced || destination.began <= air_time;
                        let announced = is_told.then_some(air_time);
                        destination.reporter.on_air(Utc::now(), announced);
                        is_first = false;
                    }
                    self.take_stock(destination, connection)?;
                }
                match ready {
                    Poll::Ready(next) => next,
                    Poll::Pending => self.meanwhile(connection, next).await?,
                }
            };
            match next.map_err(Halt::Failed)? {
                Some(next) => packet = next,
                None => {
                    destination.reporter.nothing_due();
                    return Ok(Played::End);
                }
            }
        }
    }

    /// Whether the packet after the one just queued leaves with it.
    fn goes_along(&self, next: &Poll<Result<Option<Packet>, Failure>>, pace: Pace) -> bool {
        match next {
            Poll::Ready(Ok(Some(next))) => {
                let parts_here = self.go_away && is_entry(next);
                !parts_here && pace.due(next.dts) <= Instant::now() + TOGETHER
            }
            _ => false,
        }
    }

    /// Ends the stream and makes sure, as far as one can, that the last frames arrive.
    pub(super) async fn finish(
        &mut self,
        connection: &mut Connection,
        limit: Duration,
    ) -> Result<Played, Halt> {
        let mut farewell = connection.finish(limit).await?;
        loop {
            let before = self.in_flight.arrived();
            self.catch_up(connection);
            let comes_along = self.in_flight.arrived() != before;
            farewell = match farewell {
                Farewell::Closed => return Ok(Played::End),
                // Some ingests close by a reset, and some do not close.
                _ if !self.in_flight.has_open_end() => return Ok(Played::End),
                Farewell::Broken(error) => return Err(Halt::Lost(error)),
                // It is behind and coming along.
                Farewell::Open if comes_along => connection.closes_within(limit).await,
                // It used to acknowledge, and has neither taken the rest nor closed.
                Farewell::Open => return Err(Halt::Lost(LinkError::Stalled(limit))),
            };
        }
    }

    /// What the ingest said before the connection ended: what it has received, and perhaps why.
    pub(super) fn last_words(
        &mut self,
        connection: &mut Connection,
        error: LinkError,
    ) -> LinkError {
        loop {
            match connection.try_event() {
                Ok(Some(event)) => self.on_event(&event),
                Ok(None) => return error,
                Err(reason) => return reason,
            }
        }
    }

    /// Takes in what the ingest has said so far.
    pub(super) fn catch_up(&mut self, connection: &mut Connection) {
        while let Ok(Some(event)) = connection.try_event() {
            self.on_event(&event);
        }
    }

    /// Whether the ingest took media for some time over this connection, or seems to have, if it
    /// does not say what it takes.
    pub(super) fn has_lasted(&self, error: &LinkError) -> bool {
        let has_stalled = match error {
            LinkError::Stalled(_) => true,
            LinkError::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        };
        !self.is_young() && (self.arrived().is_some() || !has_stalled)
    }

    /// Whether the connection is too young to have worked.
    pub(super) fn is_young(&self) -> bool {
        self.began.elapsed() <= WORKING
    }

    /// Whether the ingest is known to have all of what was sent over this connection.
    pub(super) fn has_all(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// The last packet that the ingest is known to have from this connection.
    pub(super) fn arrived(&self) -> Option<MediaTime> {
        self.in_flight.arrived()
    }

    /// The last key frame that the ingest is known to have from this connection.
    pub(super) fn resume(&self) -> Option<MediaTime> {
        self.in_flight.arrived_key_frame()
    }

    /// Does some work, and keeps up the connection meanwhile.
    async fn meanwhile<T>(
        &mut self,
        connection: &mut Connection,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Halt::Stopped),
                value = &mut work => return Ok(value),
                event = connection.event() => self.on_event(&event?),
            }
        }
    }

    fn queue(
        &mut self,
        destination: &mut Destination,
        connection: &mut Connection,
        packet: &Packet,
        pace: Pace,
    ) -> Result<(), Halt> {
        let body = flv::tag_body(packet, destination.show.programme.video().codec);
        let parts = [body.header(), &body.payload[..]];
        let timestamp = stamp(pace, packet.dts);
        match packet.track {
            TrackKind::Video => connection.queue_video(timestamp, &parts)?,
            TrackKind::Audio => connection.queue_audio(timestamp, &parts)?,
        }
        let end = connection.bytes_queued();
        self.in_flight
            .queued(end, packet.dts, is_entry(packet), Instant::now());
        destination.last_queued = packet.dts;
        destination.reporter.queued(packet);
        Ok(())
    }

    /// Hands what is queued to the kernel; the last of it has this decoding time.
    async fn flush(
        &mut self,
        destination: &mut Destination,
        connection: &mut Connection,
        last: MediaTime,
    ) -> Result<(), Halt> {
        tokio::select! {
            () = self.stop.cancelled() => return Err(Halt::Stopped),
            flushed = connection.flush() => flushed?,
        }
        self.in_flight.handed_over(connection.bytes_queued());
        destination.last_sent = Some(last);
        destination.reporter.sent();
        Ok(())
    }

    /// Looks at what the ingest said, and says how far we are.
    fn take_stock(
        &mut self,
        destination: &mut Destination,
        connection: &mut Connection,
    ) -> Result<(), Halt> {
        while let Some(event) = connection.try_event()? {
            self.on_event(&event);
        }
        let now = Instant::now();
        if let Some(silence) = self.in_flight.silence(now) {
            return Err(Halt::Lost(LinkError::Stalled(silence)));
        }
        if let Some(position) = self.in_flight.arrived() {
            destination.reporter.position(position);
        }
        destination.reporter.tick(now);
        Ok(())
    }

    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Acknowledged(bytes) => self.in_flight.acknowledge(*bytes),
            Event::GoAway => self.go_away = true,
            _ => {}
        }
    }
}

/// Whether decoding can start with this packet of the show.
fn is_entry(packet: &Packet) -> bool {
    packet.track == TrackKind::Video && packet.key_frame
}

fn stamp(pace: Pace, dts: MediaTime) -> u32 {
    flv::timestamp_ms(pace.stamp(dts))
}

/// What comes before the first frame, at the last moment: some ingests count it as media, and a
/// publisher that has begun and sends nothing more is dropped.
fn queue_headers(
    destination: &Destination,
    connection: &mut Connection,
    timestamp: u32,
) -> Result<(), MessageTooLarge> {
    let programme = &destination.show.programme;
    connection.queue_metadata(timestamp, &metadata(programme))?;
    let video = flv::video_sequence_header(programme.video());
    connection.queue_video(timestamp, &[&video[..]])?;
    if let Some(audio) = programme.audio() {
        let header = flv::audio_sequence_header(audio);
        connection.queue_audio(timestamp, &[&header[..]])?;
    }
    Ok(())
}
