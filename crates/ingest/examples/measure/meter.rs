//! The ingest that only counts.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Instant, SystemTime},
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::LocalSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    chunks::{Chunks, Message},
    report::Measured,
};

#[derive(Default)]
struct Ledger {
    publishes: Vec<Measured>,
    streams: HashMap<Vec<u8>, u32>,
}

/// Takes all that comes until it is told to stop.
pub(crate) async fn run(
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    told: impl Future<Output = ()>,
) -> io::Result<Vec<Measured>> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let tls = tls.map(TlsAcceptor::from);
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let tasks = LocalSet::new();
    let accept = async {
        loop {
            let Ok((tcp, _)) = listener.accept().await else {
                continue;
            };
            let (ledger, tls) = (Rc::clone(&ledger), tls.clone());
            tokio::task::spawn_local(async move {
                let served = match tls {
                    Some(tls) => match tls.accept(tcp).await {
                        Ok(stream) => serve(stream, &ledger).await,
                        Err(error) => Err(error),
                    },
                    None => serve(tcp, &ledger).await,
                };
                if let Err(error) = served {
                    tracing::warn!(%error, "a connection ended");
                }
            });
        }
    };
    tokio::select! {
        () = told => {}
        () = tasks.run_until(accept) => {}
    }
    drop(tasks);
    Ok(std::mem::take(&mut ledger.borrow_mut().publishes))
}

const HANDSHAKE: usize = 1536;
/// What Facebook announces, in bytes.
const WINDOW: u32 = 5_000_000;
/// What is read at a time, in bytes.
const READ: usize = 256 * 1024;

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    ledger: &RefCell<Ledger>,
) -> io::Result<()> {
    let mut hello = [0; 1 + HANDSHAKE];
    stream.read_exact(&mut hello).await?;
    let mut answer = vec![3];
    answer.resize(1 + HANDSHAKE, 0);
    answer.extend_from_slice(&hello[1..]);
    stream.write_all(&answer).await?;
    stream.flush().await?;
    stream.read_exact(&mut hello[1..]).await?;

    let mut connection = Connection {
        received: 2 * HANDSHAKE as u64 + 1,
        acknowledged: 0,
        window: u64::from(WINDOW),
        publish: None,
        output: Vec::new(),
    };
    let mut chunks = Chunks::new();
    let mut buffer = vec![0; READ];
    let mut filled = 0;
    let ended = loop {
        let read = match stream.read(&mut buffer[filled..]).await {
            Ok(0) => break "closed",
            Ok(read) => read,
            Err(_) => break "broken",
        };
        let now = Instant::now();
        connection.received += read as u64;
        filled += read;
        let used = chunks
            .feed(&buffer[..filled], |message| {
                connection.take(&message, now, &mut ledger.borrow_mut());
            })
            .map_err(io::Error::other)?;
        buffer.copy_within(used..filled, 0);
        filled -= used;
        connection.acknowledge();
        if !connection.output.is_empty() {
            stream.write_all(&connection.output).await?;
            stream.flush().await?;
            connection.output.clear();
        }
    };
    connection.end(ended, &mut ledger.borrow_mut());
    Ok(())
}

struct Connection {
    received: u64,
    acknowledged: u64,
    window: u64,
    /// Where in the ledger.
    publish: Option<usize>,
    output: Vec<u8>,
}

impl Connection {
    fn take(&mut self, message: &Message<'_>, now: Instant, ledger: &mut Ledger) {
        match message.kind {
            5 => {
                let window = message
                    .head
                    .first_chunk()
                    .map_or(0, |it| u32::from_be_bytes(*it));
                self.window = u64::from(window.max(1));
            }
            8 | 9 => {
                if let Some(index) = self.publish {
                    media(message, now, &mut ledger.publishes[index]);
                }
            }
            20 => self.command(message.head, ledger),
            _ => {}
        }
    }

    fn command(&mut self, payload: &[u8], ledger: &mut Ledger) {
        let Some((name, rest)) = text(payload) else {
            return;
        };
        let transaction = rest.get(..9).unwrap_or(&[0; 9]);
        match name {
            b"connect" => {
                self.message(5, 0, &WINDOW.to_be_bytes());
                self.message(6, 0, &[WINDOW.to_be_bytes().as_slice(), &[2]].concat());
                self.message(1, 0, &4096_u32.to_be_bytes());
                let status = status("NetConnection.Connect.Success");
                self.reply(transaction, &status);
            }
            b"createStream" => {
                let one = [&[0][..], &1_f64.to_be_bytes()].concat();
                self.reply(transaction, &one);
            }
            b"publish" => {
                // The transaction, null, the key.
                let key = rest
                    .get(10..)
                    .and_then(text)
                    .map_or(&[][..], |(key, _)| key);
                let next = ledger.streams.len() as u32 + 1;
                let stream = *ledger.streams.entry(key.to_vec()).or_insert(next);
                self.publish = Some(ledger.publishes.len());
                ledger.publishes.push(Measured::new(stream));
                let zero = [0; 9];
                let mut payload = string(b"onStatus");
                payload.extend_from_slice(&zero);
                payload.push(5);
                payload.extend_from_slice(&status("NetStream.Publish.Start"));
                self.message(20, 1, &payload);
            }
            b"FCUnpublish" | b"deleteStream" => self.end("unpublished", ledger),
            _ => {}
        }
    }

    fn end(&mut self, how: &str, ledger: &mut Ledger) {
        if let Some(index) = self.publish {
            let ended = &mut ledger.publishes[index].ended;
            ended.get_or_insert_with(|| how.to_owned());
        }
    }

    fn reply(&mut self, transaction: &[u8], answer: &[u8]) {
        let mut payload = string(b"_result");
        payload.extend_from_slice(transaction);
        payload.push(5);
        payload.extend_from_slice(answer);
        self.message(20, 0, &payload);
    }

    /// All that is said here fits one chunk.
    fn message(&mut self, kind: u8, stream: u8, payload: &[u8]) {
        let [_, _, high, low] = (payload.len() as u32).to_be_bytes();
        let id = if kind == 20 { 3 } else { 2 };
        let header = [id, 0, 0, 0, 0, high, low, kind, stream, 0, 0, 0];
        self.output.extend_from_slice(&header);
        self.output.extend_from_slice(payload);
    }

    fn acknowledge(&mut self) {
        if self.received - self.acknowledged >= self.window {
            self.acknowledged = self.received;
            let sequence = (self.received & u64::from(u32::MAX)) as u32;
            self.message(3, 0, &sequence.to_be_bytes());
        }
    }
}

fn media(message: &Message<'_>, now: Instant, publish: &mut Measured) {
    publish.bytes += message.length as u64;
    let first = message.head.first().copied().unwrap_or(0);
    let is_video = message.kind == 9;
    // H.264 and AAC tell by their second byte, Enhanced RTMP by the lower half of its first.
    let is_header = match (is_video, first & 0x80 != 0) {
        (true, true) => first & 0x0f == 0,
        _ => message.head.get(1) == Some(&0),
    };
    if is_header {
        publish.sequence_headers += 1;
        return;
    }
    if is_video {
        publish.video += 1;
    } else {
        publish.audio += 1;
    }
    publish.packet(message.timestamp, now, SystemTime::now);
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    let [2, high, low] = *head else { return None };
    rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))
}

fn string(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
    bytes.extend_from_slice(text);
    bytes
}

fn status(code: &str) -> Vec<u8> {
    let mut bytes = vec![3];
    for (name, value) in [("level", "status"), ("code", code), ("description", "")] {
        bytes.extend_from_slice(&string(name.as_bytes())[1..]);
        bytes.extend_from_slice(&string(value.as_bytes()));
    }
    bytes.extend_from_slice(&[0, 0, 9]);
    bytes
}
