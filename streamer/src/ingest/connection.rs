//! One connection to an ingest.

use std::{
    fmt,
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use broadcast::{Failure, Ingest, StreamKey};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, timeout, timeout_at},
};

use super::{
    dial::dial,
    error::{LinkError, OpenError},
    policy::DialPolicy,
    stage::Stage,
    stream::Stream,
    tls,
};
use crate::rtmp::{
    AnnouncedCodecs, Event, Goal, MessageTooLarge, PublishTarget, Publisher, amf0::Value,
};

/// A connection over which a stream is published.
///
/// It has no task of its own: it reads, answers and acknowledges while it is polled by
/// [`Self::flush`] or [`Self::event`], one of which its owner always awaits. Both can be dropped at
/// any point and called again.
pub struct Connection {
    stream: Stream,
    publisher: Publisher,
    write_timeout: Duration,
    /// When a byte was last taken, or the queue last began to fill.
    progress: Instant,
    /// Whether bytes may still wait in the TLS layer.
    dirty: bool,
    closed: bool,
}

/// What the other side made of our end of the connection.
#[derive(Debug)]
pub(crate) enum Farewell {
    /// It has ended its own side, having read all that was sent.
    Closed,
    /// It has not done so yet.
    Open,
    /// The connection broke, as by a reset: what it has read is not known from that.
    Broken(LinkError),
}

impl Connection {
    /// Connects and publishes: when this returns, the ingest has accepted the key.
    ///
    /// # Errors
    /// `IngestUnreachable`, `IngestProtocol`, `TokenRejected`, or `BadRequest` for an address that
    /// may not be connected to or a CA file that cannot be read. In words, without the key.
    pub async fn open(
        ingest: &Ingest,
        key: &StreamKey,
        policy: &DialPolicy,
    ) -> Result<Self, Failure> {
        Ok(Self::publish(ingest, key, policy).await?)
    }

    /// [`Self::open`] with errors that tell more.
    pub(crate) async fn publish(
        ingest: &Ingest,
        key: &StreamKey,
        policy: &DialPolicy,
    ) -> Result<Self, OpenError> {
        let mut target = PublishTarget::new(ingest, key.clone());
        target.acknowledgement_window = policy.acknowledgement_window;
        let deadline = Instant::now() + policy.open_timeout;
        Self::reach(ingest, target, policy, deadline).await
    }

    /// Connects and goes as far as the target says.
    pub(super) async fn reach(
        ingest: &Ingest,
        target: PublishTarget,
        policy: &DialPolicy,
        deadline: Instant,
    ) -> Result<Self, OpenError> {
        let host = ingest.host();
        let tcp = dial(host, ingest.port(), policy, deadline).await?;
        let stream = if ingest.is_tls() {
            let tls = tls::wrap(tcp, host, policy);
            Stream::Tls(Box::new(Stage::Tls.within(deadline, tls).await?))
        } else {
            Stream::Plain(tcp)
        };
        Self::speak(stream, target, policy, deadline).await
    }

    /// Publishes over what is no socket.
    #[cfg(test)]
    pub(crate) async fn over(
        stream: tokio::io::DuplexStream,
        target: PublishTarget,
        policy: &DialPolicy,
    ) -> Result<Self, OpenError> {
        let deadline = Instant::now() + policy.open_timeout;
        Self::speak(Stream::Memory(stream), target, policy, deadline).await
    }

    /// Speaks RTMP as far as the target says.
    async fn speak(
        stream: Stream,
        target: PublishTarget,
        policy: &DialPolicy,
        deadline: Instant,
    ) -> Result<Self, OpenError> {
        let goal = target.goal;
        let seed = RandomState::new().hash_one("RTMP handshake");
        let mut connection = Self {
            stream,
            publisher: Publisher::new(target, seed),
            write_timeout: policy.write_timeout,
            progress: Instant::now(),
            dirty: true,
            closed: false,
        };
        let mut stage = Stage::Connecting;
        loop {
            let event = stage
                .within(deadline, async {
                    connection
                        .event()
                        .await
                        .map_err(|error| open_error(error, stage))
                })
                .await?;
            match event {
                Event::Connected if goal == Goal::Connect => return Ok(connection),
                Event::Connected => stage = Stage::Publishing,
                Event::Published => return Ok(connection),
                _ => {}
            }
        }
    }

    /// The codecs that the ingest says it takes beside H.264; most say nothing.
    pub fn announced_codecs(&self) -> &AnnouncedCodecs {
        self.publisher.announced_codecs()
    }

    /// Puts `onMetaData` into the queue.
    pub(crate) fn queue_metadata(
        &mut self,
        timestamp: u32,
        metadata: &[(String, Value)],
    ) -> Result<(), MessageTooLarge> {
        self.before_queueing();
        self.publisher.send_metadata(timestamp, metadata)
    }

    /// Puts a video tag body into the queue.
    pub(crate) fn queue_video(
        &mut self,
        timestamp: u32,
        parts: &[&[u8]],
    ) -> Result<(), MessageTooLarge> {
        self.before_queueing();
        self.publisher.send_video(timestamp, parts)
    }

    /// Puts an audio tag body into the queue.
    pub(crate) fn queue_audio(
        &mut self,
        timestamp: u32,
        parts: &[&[u8]],
    ) -> Result<(), MessageTooLarge> {
        self.before_queueing();
        self.publisher.send_audio(timestamp, parts)
    }

    /// Bytes that were ever queued, from the first of the handshake; what
    /// [`Event::Acknowledged`] counts.
    pub(crate) fn bytes_queued(&self) -> u64 {
        self.publisher.bytes_output()
    }

    /// Bytes in the queue.
    pub(crate) fn unsent(&self) -> usize {
        self.publisher.output().len()
    }

    /// Hands everything in the queue to the kernel.
    pub(crate) async fn flush(&mut self) -> Result<(), LinkError> {
        loop {
            let deadline = self.progress + self.write_timeout;
            match timeout_at(deadline, poll_fn(|cx| self.poll_io(cx))).await {
                Ok(result) => return result,
                Err(_) if self.is_stalled() => {
                    return Err(LinkError::Stalled(self.write_timeout));
                }
                // Some bytes were taken meanwhile.
                Err(_) => {}
            }
        }
    }

    /// Gives this connection up at once, with what was not taken yet.
    pub(crate) fn abandon(self) {
        self.stream.reset_on_close();
    }

    /// The next event, if there is one already.
    pub(crate) fn try_event(&mut self) -> Result<Option<Event>, LinkError> {
        match self.publisher.poll_event() {
            Some(Event::Refused(refusal)) => Err(LinkError::Refused(refusal)),
            Some(Event::Ended) => Err(LinkError::Ended),
            event => Ok(event),
        }
    }

    /// Waits for the next event. Ends only with one or with the connection.
    pub(crate) async fn event(&mut self) -> Result<Event, LinkError> {
        loop {
            if let Some(event) = self.try_event()? {
                return Ok(event);
            }
            let period = self.write_timeout;
            let arrived = poll_fn(|cx| {
                let result = self.poll_io(cx);
                match result {
                    _ if self.publisher.has_event() => Poll::Ready(Ok(())),
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Pending,
                }
            });
            match timeout(period, arrived).await {
                Ok(result) => result?,
                // Only answers of a few bytes are written here, but they stall as all else.
                Err(_) if self.is_stalled() => return Err(LinkError::Stalled(period)),
                Err(_) => {}
            }
        }
    }

    /// Ends the stream for good: what is queued, `FCUnpublish`, `deleteStream`, and half a close;
    /// then waits until the ingest has closed too, or `limit` is over.
    ///
    /// # Errors
    /// When not all could be handed to the kernel.
    pub(crate) async fn finish(&mut self, limit: Duration) -> Result<Farewell, LinkError> {
        self.before_queueing();
        self.publisher.finish();
        self.leave(limit).await
    }

    /// The same without ending the stream.
    pub(crate) async fn leave(&mut self, limit: Duration) -> Result<Farewell, LinkError> {
        let deadline = Instant::now() + limit;
        match timeout_at(deadline, self.flush()).await {
            Ok(result) => result?,
            Err(_) => return Err(LinkError::Stalled(limit)),
        }
        // Half a close says that nothing follows. If we closed for good with words of the ingest
        // unread, the kernel would reset the connection and take the last frames with it.
        let _ = timeout_at(deadline, self.stream.shutdown()).await;
        Ok(self.closes_within(deadline - Instant::now()).await)
    }

    /// Waits for the ingest to close, after we have; what it says meanwhile are events.
    pub(crate) async fn closes_within(&mut self, limit: Duration) -> Farewell {
        match timeout(limit, poll_fn(|cx| self.poll_end(cx))).await {
            Ok(Ok(())) => Farewell::Closed,
            Ok(Err(error)) => Farewell::Broken(error),
            Err(_) => Farewell::Open,
        }
    }

    /// Reads and writes what can be; ready when the queue is empty.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        self.poll_read(cx)?;
        while !self.publisher.output().is_empty() {
            let output = self.publisher.output();
            match Pin::new(&mut self.stream).poll_write(cx, output) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(LinkError::Closed)),
                Poll::Ready(Ok(count)) => {
                    self.publisher.sent(count);
                    self.progress = Instant::now();
                    self.dirty = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(LinkError::Io(error))),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.dirty {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.dirty = false,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(LinkError::Io(error))),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The time without progress begins when there is something to write.
    fn before_queueing(&mut self) {
        if self.publisher.output().is_empty() {
            self.progress = Instant::now();
        }
    }

    fn is_stalled(&self) -> bool {
        !self.publisher.output().is_empty() && self.progress + self.write_timeout <= Instant::now()
    }

    /// Reads what is there, and leaves a waker for what is not.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<(), LinkError> {
        // An ingest that talks without end must not keep us from sending.
        for _ in 0..16 {
            if self.closed {
                return Err(LinkError::Closed);
            }
            let mut bytes = [0; 4096];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    self.closed = true;
                    // Words before the end come first: they may say why.
                    return if self.publisher.has_event() {
                        Ok(())
                    } else {
                        Err(LinkError::Closed)
                    };
                }
                Poll::Ready(Ok(())) => {
                    self.before_queueing();
                    self.publisher.feed(buffer.filled())?;
                }
                Poll::Ready(Err(error)) if is_end(&error) => {
                    self.closed = true;
                    return if self.publisher.has_event() {
                        Ok(())
                    } else {
                        Err(LinkError::Closed)
                    };
                }
                Poll::Ready(Err(error)) => return Err(LinkError::Io(error)),
                Poll::Pending => return Ok(()),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Reads until the ingest closes. Fails when the connection ends in another way.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        match self.poll_read(cx) {
            _ if self.closed => Poll::Ready(Ok(())),
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// TLS servers often close without a word of goodbye, which says nothing here: RTMP has its own.
fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// What the end of a connection means before the ingest's yes.
fn open_error(error: LinkError, stage: Stage) -> OpenError {
    match error {
        LinkError::Closed if stage == Stage::Publishing => OpenError::ClosedOnKey,
        LinkError::Io(error)
            if stage == Stage::Publishing && error.kind() == io::ErrorKind::ConnectionReset =>
        {
            OpenError::ClosedOnKey
        }
        LinkError::Closed => OpenError::ClosedEarly,
        LinkError::Io(error) => OpenError::Io(error),
        LinkError::Stalled(_) => OpenError::Timeout(stage),
        LinkError::Ended => OpenError::Ended,
        LinkError::Refused(refusal) => OpenError::Refused(refusal),
        LinkError::Protocol(error) => OpenError::Protocol(error),
        LinkError::TooLarge(_) => OpenError::Ended,
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.publisher.fmt(f)
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
