//! How ingests are connected to.

use std::{path::PathBuf, time::Duration};

use crate::{address::AddressPolicy, rtmp};

/// How ingests are connected to. There is no way to leave out the verification of certificates.
#[derive(Clone, Debug)]
pub struct DialPolicy {
    /// Which addresses may be connected to.
    pub addresses: AddressPolicy,
    /// A PEM file with certificates to trust beside those that the system trusts, for ingests of
    /// one's own.
    pub ca_file: Option<PathBuf>,
    /// How long everything up to the ingest's answer may take.
    pub open_timeout: Duration,
    /// After how long without taking a byte an ingest counts as dead.
    pub write_timeout: Duration,
    /// How many bytes the kernel may hold for us; it takes up to twice as much. What lies there
    /// when a connection breaks is lost, so it is about a second of media.
    pub send_buffer: usize,
    /// After how many bytes the ingest is asked to acknowledge.
    pub acknowledgement_window: u32,
}

impl DialPolicy {
    /// The usual times, for addresses of a policy.
    pub fn new(addresses: AddressPolicy) -> Self {
        Self {
            addresses,
            ca_file: None,
            open_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            send_buffer: 256 * 1024,
            acknowledgement_window: rtmp::ACKNOWLEDGEMENT_WINDOW,
        }
    }

    /// The same, with buffers that fit media of `bit_rate` bits per second: a second of it in the
    /// kernel, an acknowledgement each twentieth of a second.
    #[must_use]
    pub fn for_bit_rate(mut self, bit_rate: u64) -> Self {
        let second = usize::try_from(bit_rate / 8).unwrap_or(usize::MAX);
        self.send_buffer = second.clamp(32 * 1024, 2 * 1024 * 1024);
        self.acknowledgement_window = (second / 20).clamp(512, 64 * 1024) as u32;
        self
    }
}
