//! Connections to ingests: dialling, TLS, publishing up to the ingest's yes, sending, ending; and
//! trying a key without going on air.

mod connection;
mod dial;
mod error;
mod greeting;
mod policy;
mod probe;
mod stage;
mod stream;
mod tls;

pub use connection::Connection;
pub use policy::DialPolicy;
pub use probe::probe;
pub use tls::TlsSetup;

pub(crate) use connection::Farewell;
pub(crate) use error::{LinkError, OpenError};
pub(crate) use greeting::announced_codecs;
