use std::{fs, io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    time,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Behaviour, IngestError, Keys, Options, RunningIngest, connection, ledger::Ledger,
    session::Policy,
};

/// A rehearsal ingest that does not run yet.
#[derive(Debug)]
pub struct Ingest;

impl Ingest {
    /// Starts an ingest on an address; with port 0 the system chooses a free one.
    ///
    /// It runs until [`RunningIngest::shutdown`] or until the returned value is dropped.
    ///
    /// # Errors
    /// The address cannot be listened on, or the directory for recordings cannot be made.
    pub async fn bind(address: SocketAddr, options: Options) -> Result<RunningIngest, IngestError> {
        if let Some(directory) = &options.record_to {
            fs::create_dir_all(directory).map_err(|source| IngestError::Directory {
                directory: directory.clone(),
                source,
            })?;
        }
        let listen = |source| IngestError::Listen { address, source };
        let socket = reserve(address, options.receive_buffer).map_err(listen)?;
        let address = socket.local_addr().map_err(listen)?;
        let door = if options.behaviour.refuse {
            Door::Closed(socket)
        } else {
            Door::Open(socket.listen(BACKLOG).map_err(listen)?)
        };

        let shared = Arc::new(Shared {
            address,
            receive_buffer: options.receive_buffer,
            tls: options.tls.map(TlsAcceptor::from),
            ledger: Arc::new(Ledger::new()),
            keys: watch::Sender::new(options.keys),
            refusing: watch::Sender::new(options.behaviour.refuse),
            behaviour: watch::Sender::new(options.behaviour),
            cuts: watch::Sender::new(()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            policy: Arc::new(Policy {
                rejection: options.rejection,
                duplicates: options.duplicates,
                keep: options.keep,
                record_to: options.record_to,
                window_ack_size: options.window_ack_size,
                peer_bandwidth: options.peer_bandwidth,
                faults: options.faults,
            }),
        });
        shared.tasks.spawn(accept(Arc::clone(&shared), door));
        Ok(RunningIngest::new(shared))
    }
}

/// What the connections and the controls have in common.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) keys: watch::Sender<Keys>,
    pub(crate) behaviour: watch::Sender<Behaviour>,
    /// Whether connections are refused by now; follows the behaviour.
    pub(crate) refusing: watch::Sender<bool>,
    /// Each change cuts every connection.
    pub(crate) cuts: watch::Sender<()>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) policy: Arc<Policy>,
    receive_buffer: Option<usize>,
}

impl Shared {
    /// Returns once connections are refused, or accepted again.
    pub(crate) async fn refuse(&self, refuse: bool) {
        self.behaviour
            .send_modify(|behaviour| behaviour.refuse = refuse);
        let mut refusing = self.refusing.subscribe();
        tokio::select! {
            () = self.stop.cancelled() => {}
            _ = refusing.wait_for(|refusing| *refusing == refuse) => {}
        }
    }

    /// Returns once connections are refused; they are accepted again after `away`.
    pub(crate) async fn refuse_for(&self, away: Duration) {
        self.refuse(true).await;
        let behaviour = self.behaviour.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = time::sleep(away) => behaviour.send_modify(|now| now.refuse = false),
            }
        });
    }
}

const BACKLOG: u32 = 128;

/// The listening port. Closed it is still bound, so that no one else takes it meanwhile.
enum Door {
    Open(TcpListener),
    Closed(TcpSocket),
}

fn reserve(address: SocketAddr, receive_buffer: Option<usize>) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of before may still linger on the port.
    socket.set_reuseaddr(true)?;
    if let Some(bytes) = receive_buffer {
        // Accepted connections inherit it.
        SockRef::from(&socket).set_recv_buffer_size(bytes)?;
    }
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(shared: Arc<Shared>, mut door: Door) {
    let mut behaviour = shared.behaviour.subscribe();
    loop {
        let refuse = behaviour.borrow_and_update().refuse;
        door = match set_door(&shared, door, refuse) {
            Ok(door) => door,
            Err(error) => {
                tracing::error!(%error, "the ingest lost its port");
                return;
            }
        };
        shared.refusing.send_replace(refuse);
        tokio::select! {
            () = shared.stop.cancelled() => return,
            changed = behaviour.changed() => if changed.is_err() { return },
            () = let_in(&shared, &door) => {}
        }
    }
}

fn set_door(shared: &Shared, door: Door, refuse: bool) -> io::Result<Door> {
    match (door, refuse) {
        (Door::Open(listener), true) => {
            drop(listener);
            let socket = reserve(shared.address, shared.receive_buffer)?;
            Ok(Door::Closed(socket))
        }
        (Door::Closed(socket), false) => Ok(Door::Open(socket.listen(BACKLOG)?)),
        (door, _) => Ok(door),
    }
}

/// Serves whoever comes; never returns.
async fn let_in(shared: &Arc<Shared>, door: &Door) {
    let Door::Open(listener) = door else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                let serve = connection::serve(Arc::clone(shared), tcp);
                shared.tasks.spawn(serve);
            }
            Err(error) => {
                // Out of file descriptors, most likely: others may close in a moment.
                tracing::warn!(%error, "could not accept a connection");
                time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
