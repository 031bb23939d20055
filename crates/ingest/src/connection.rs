use std::{io, pin::pin, sync::Arc, time::Duration};

use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::ServerSessionError,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time,
};
use tokio_rustls::server::TlsStream;

use crate::{
    Behaviour, Ending, Event, Moment, Stage,
    server::Shared,
    session::{Session, Turn},
};

/// Serves one TCP connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    let _open = Open::new(&shared);
    // A publisher's small commands are answered at once.
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = &shared.tls else {
        return drive(&shared, tcp).await;
    };
    let mut cut = shared.cuts.subscribe();
    let accepted = tokio::select! {
        () = shared.stop.cancelled() => return,
        _ = cut.changed() => return,
        accepted = tls.accept(tcp) => accepted,
    };
    match accepted {
        Ok(stream) => drive(&shared, stream).await,
        Err(error) => tracing::debug!(%error, "TLS handshake failed"),
    }
}

/// Counts the connection as open while it lives.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.ledger.update(|state| {
            state.snapshot.stats.connections += 1;
            state.snapshot.stats.open_connections += 1;
        });
        shared.ledger.tell(Event::Connected);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let ledger = &self.0.ledger;
        ledger.update(|state| state.snapshot.stats.open_connections -= 1);
        ledger.tell(Event::Disconnected);
    }
}

/// Why a connection is over.
enum Over {
    /// The peer closed it or it broke.
    Gone,
    /// This side has said its last word.
    Close,
    Cut {
        away: Duration,
    },
    Protocol(String),
    Shutdown,
}

impl From<io::Error> for Over {
    fn from(error: io::Error) -> Self {
        tracing::debug!(%error, "connection broke");
        Self::Gone
    }
}

impl From<ServerSessionError> for Over {
    fn from(error: ServerSessionError) -> Self {
        Self::Protocol(error.to_string())
    }
}

async fn drive<S: Socket>(shared: &Shared, mut stream: S) {
    let mut session = None;
    let mut cut = shared.cuts.subscribe();
    let over = tokio::select! {
        biased;
        () = shared.stop.cancelled() => Over::Shutdown,
        _ = cut.changed() => Over::Cut { away: Duration::ZERO },
        Err(over) = talk(shared, &mut stream, &mut session) => over,
    };
    // Who is told of the end may look for the effect at once: first the effect, then the news.
    let how = match over {
        Over::Gone => Ending::Dropped,
        Over::Close => {
            farewell(&mut stream).await;
            Ending::Dropped
        }
        Over::Cut { away } => {
            cut_off(shared, stream, away).await;
            Ending::Cut
        }
        Over::Protocol(text) => {
            tracing::debug!(error = text, "not RTMP");
            Ending::Protocol(text)
        }
        Over::Shutdown => Ending::Shutdown,
    };
    if let Some(session) = &mut session {
        session.end(how);
    }
}

/// Handshake and session; returns only when the connection is over.
async fn talk<S: Socket>(
    shared: &Shared,
    stream: &mut S,
    session: &mut Option<Session>,
) -> Result<std::convert::Infallible, Over> {
    let mut behaviour = shared.behaviour.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    let early = shake_hands(shared, stream, &mut behaviour, &mut buffer).await?;

    let keys = shared.keys.borrow().clone();
    let opened = Session::open(
        &shared.policy,
        keys,
        behaviour.borrow().clone(),
        &shared.ledger,
    )?;
    let session = session.insert(opened);
    let mut turn = session.feed(&early, Moment::now())?;
    let mut is_half_closed = false;
    loop {
        let output = session.output();
        if is_half_closed {
            // There is no way back; what comes is taken all the same.
            let read = read(shared, stream, &mut behaviour, &mut buffer).await?;
            session.feed(&buffer[..read], Moment::now())?;
            continue;
        }
        match turn {
            Turn::Continue | Turn::Close | Turn::Stall | Turn::HalfClose => {
                stream.write_all(&output).await?;
            }
            Turn::Cut { .. } => {}
        }
        stream.flush().await?;
        match turn {
            Turn::Continue => {}
            Turn::Close => return Err(Over::Close),
            Turn::Cut { away } => return Err(Over::Cut { away }),
            Turn::Stall => std::future::pending().await,
            Turn::HalfClose => {
                stream.shutdown().await?;
                is_half_closed = true;
            }
        }
        let read = read(shared, stream, &mut behaviour, &mut buffer).await?;
        turn = session.feed(&buffer[..read], Moment::now())?;
    }
}

/// Returns the bytes that came behind the handshake.
async fn shake_hands<S: Socket>(
    shared: &Shared,
    stream: &mut S,
    behaviour: &mut watch::Receiver<Behaviour>,
    buffer: &mut [u8],
) -> Result<Vec<u8>, Over> {
    let mut handshake = Handshake::new(PeerType::Server);
    loop {
        let read = read(shared, stream, behaviour, buffer).await?;
        if behaviour.borrow().silent_from == Some(Stage::Handshake) {
            continue;
        }
        let progress = handshake
            .process_bytes(&buffer[..read])
            .map_err(|error| Over::Protocol(format!("{error:?}")))?;
        match progress {
            HandshakeProcessResult::InProgress { response_bytes } => {
                stream.write_all(&response_bytes).await?;
                stream.flush().await?;
            }
            HandshakeProcessResult::Completed {
                response_bytes,
                remaining_bytes,
            } => {
                stream.write_all(&response_bytes).await?;
                stream.flush().await?;
                return Ok(remaining_bytes);
            }
        }
    }
}

/// Reads at least one byte, when and as fast as the behaviour lets it.
async fn read<S: Socket>(
    shared: &Shared,
    stream: &mut S,
    behaviour: &mut watch::Receiver<Behaviour>,
    buffer: &mut [u8],
) -> Result<usize, Over> {
    loop {
        let rate = {
            let running = behaviour.wait_for(|now| !now.stall_reading).await;
            running.map_err(|_| Over::Shutdown)?.read_rate
        };
        // Ten reads a second keep a slow reader smooth.
        let most = rate.map_or(buffer.len(), |rate| {
            (rate as usize / 10).clamp(1, buffer.len())
        });
        let mut reading = pin!(stream.read(&mut buffer[..most]));
        let mut stalled = behaviour.clone();
        let read = tokio::select! {
            read = &mut reading => read?,
            _ = stalled.wait_for(|now| now.stall_reading || now.read_rate != rate) => continue,
        };
        if read == 0 {
            return Err(Over::Gone);
        }
        shared
            .ledger
            .update(|state| state.snapshot.stats.bytes += read as u64);
        if let Some(rate) = rate.filter(|rate| *rate > 0) {
            time::sleep(Duration::from_secs_f64(read as f64 / f64::from(rate))).await;
        }
        return Ok(read);
    }
}

/// Closes so that the last words arrive: to drop a socket with unread bytes resets the connection.
async fn farewell<S: Socket>(stream: &mut S) {
    const PATIENCE: Duration = Duration::from_secs(1);
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = [0; 4096];
    let drained = time::timeout(PATIENCE, async {
        while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    });
    // Whether the peer closed in time makes no difference any more.
    let _ = drained.await;
}

async fn cut_off<S: Socket>(shared: &Shared, stream: S, away: Duration) {
    shared.ledger.update(|state| state.snapshot.stats.cuts += 1);
    if !away.is_zero() {
        shared.refuse_for(away).await;
    }
    // A reset cannot fail in a way that matters: the socket is dropped either way.
    let _ = stream.tcp().set_zero_linger();
}

/// A stream and the TCP connection beneath it.
trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}
