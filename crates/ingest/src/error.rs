use std::{io, net::SocketAddr, path::PathBuf};

/// Why an ingest could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The address is taken, or is not one of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The directory for recordings cannot be made.
    #[error("cannot create the directory {} for recordings", directory.display())]
    Directory {
        /// The directory that was asked for.
        directory: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
