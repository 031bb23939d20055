//! Why a region does not start.

use std::{io, net::SocketAddr};

use crate::{data_dir::DataDirError, store::StoreError};

/// Why a region does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Anything but loopback would let others in.
    #[error("a region listens on 127.0.0.1 only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The engine's database cannot be used.
    #[error("cannot use the state database")]
    Store(#[from] StoreError),
    /// The tables' database cannot be used.
    #[error("cannot use the table database")]
    DynamoDb(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A state machine's definition is refused, or its executions cannot be read.
    #[error("cannot set up Step Functions: {0}")]
    StepFunctions(String),
    /// The encryption of the key store cannot be set up.
    #[error("cannot set up the key store")]
    KeyStore(#[source] Box<dyn std::error::Error + Send + Sync>),
}
