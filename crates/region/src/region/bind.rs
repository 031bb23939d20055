//! Taking hold of the data directory and the port.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use axum::Router;
use tokio::net::TcpListener;

use super::{Region, StartError};
use crate::data_dir::DataDir;

/// Names the data directory and the port; [`RegionBuilder::bind`] takes hold of both.
#[derive(Debug, Clone)]
pub struct RegionBuilder {
    pub(super) data_dir: PathBuf,
    pub(super) listen: SocketAddr,
}

impl RegionBuilder {
    /// Where to listen: 127.0.0.1 with a port. Port 0, the default, takes the port of the last
    /// region on the data directory when it is free (tasks that outlived that one still talk to
    /// it), and any free one otherwise.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Opens the data directory, locks it, makes the credentials, and takes the port.
    ///
    /// Clients may connect from here on; they are answered after [`Region::start`].
    ///
    /// # Errors
    /// The directory or the port is in use or cannot be used.
    pub async fn bind(self) -> Result<Region, StartError> {
        if self.listen.ip() != Ipv4Addr::LOCALHOST {
            return Err(StartError::NotLoopback(self.listen));
        }
        let data = DataDir::open(&self.data_dir)?;
        let listener = listen(self.listen, data.last_port()).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: self.listen,
            source,
        })?;
        let endpoint = format!("http://{address}");
        let credentials = data.credentials()?;
        data.write_config(&endpoint)?;
        Ok(Region {
            data,
            listener,
            port: address.port(),
            endpoint,
            credentials,
            functions: BTreeMap::new(),
            task_definitions: BTreeMap::new(),
            state_machines: Vec::new(),
            on_execution_status_change: Vec::new(),
            dead_letter: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            function_url: Router::new(),
        })
    }
}

async fn listen(address: SocketAddr, last_port: Option<u16>) -> Result<TcpListener, StartError> {
    if address.port() == 0
        && let Some(port) = last_port
        && let Ok(listener) = TcpListener::bind(SocketAddr::new(address.ip(), port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}
