//! How ingests are connected to.

use std::{path::PathBuf, time::Duration};

use broadcast::Failure;

use super::tls::{self, TlsSetup};
use crate::{address::AddressPolicy, rtmp};

/// How ingests are connected to. There is no way to leave out the verification of certificates.
#[derive(Clone, Debug)]
pub struct DialPolicy {
    /// Which addresses may be connected to.
    pub addresses: AddressPolicy,
    /// A PEM file with certificates to trust beside those that the system trusts, for ingests of
    /// one's own.
    pub ca_file: Option<PathBuf>,
    /// The same as text in PEM form, where there is no file to put it into. Certificates of CAs are
    /// no secrets.
    pub ca_pem: Option<String>,
    /// How long everything up to the ingest's answer may take.
    pub open_timeout: Duration,
    /// After how long without taking a byte an ingest counts as dead.
    pub write_timeout: Duration,
    /// How many bytes the kernel may hold for us; it takes up to twice as much. What lies there
    /// when a connection breaks is lost, so it is about a second of media. None leaves it to the
    /// kernel.
    pub send_buffer: Option<usize>,
    /// After how many bytes the ingest is asked to acknowledge.
    pub acknowledgement_window: u32,
    /// What TLS has loaded for the certificates above.
    pub tls: TlsSetup,
}

impl DialPolicy {
    /// The usual times, for addresses of a policy.
    pub fn new(addresses: AddressPolicy) -> Self {
        Self {
            addresses,
            ca_file: None,
            ca_pem: None,
            open_timeout: Duration::from_secs(6),
            // With what the kernels on the way still take, a dead ingest is noticed in about 12 s.
            write_timeout: Duration::from_secs(8),
            send_buffer: Some(256 * 1024),
            acknowledgement_window: rtmp::ACKNOWLEDGEMENT_WINDOW,
            tls: TlsSetup::default(),
        }
    }

    /// The same, with the certificates that `INGEST_CA_FILE` (a PEM file) and `INGEST_CA_PEM` (its
    /// text) name, where these variables are set and not empty.
    #[must_use]
    pub fn with_certificates(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let unless_empty = |name| variable(name).filter(|value| !value.trim().is_empty());
        self.ca_file = unless_empty("INGEST_CA_FILE").map(PathBuf::from);
        self.ca_pem = unless_empty("INGEST_CA_PEM");
        self
    }

    /// Reads the certificates, to tell now what would else be told when an ingest is connected to.
    ///
    /// # Errors
    /// `BadRequest` for a file that cannot be read, or that holds no certificate.
    pub fn check_certificates(&self) -> Result<(), Failure> {
        tls::certificates(self)?;
        Ok(())
    }

    /// The same, for which certificates are read anew, and then kept.
    #[must_use]
    pub fn anew(mut self) -> Self {
        self.tls = TlsSetup::default();
        self
    }

    /// The same, with buffers that fit media of `bit_rate` bits per second: a second of it in the
    /// kernel, an acknowledgement each tenth of a second: each wakes us up.
    #[must_use]
    pub fn for_bit_rate(mut self, bit_rate: u64) -> Self {
        let second = usize::try_from(bit_rate / 8).unwrap_or(usize::MAX);
        // What is set cannot grow, and may be cut to 208 KiB (`net.core.wmem_max`), which is too
        // little for more than this over a long way.
        self.send_buffer = (second <= LARGEST_SEND_BUFFER).then(|| second.max(32 * 1024));
        self.acknowledgement_window = (second / 10).clamp(512, 128 * 1024) as u32;
        self
    }

    /// The most that our kernel may hold, in bytes.
    pub(crate) fn held_by_kernel(&self) -> u64 {
        let default = TCP_WMEM_MAX;
        self.send_buffer.map_or(default, |bytes| 2 * bytes as u64)
    }
}

/// Up to 10 Mbit/s.
const LARGEST_SEND_BUFFER: usize = 1_250_000;
/// Where Linux's own choice usually ends (`net.ipv4.tcp_wmem`).
const TCP_WMEM_MAX: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bit_rate: u64, send_buffer: Option<usize>, window: u32) {
        let policy = DialPolicy::new(AddressPolicy::PUBLIC).for_bit_rate(bit_rate);
        assert_eq!(policy.send_buffer, send_buffer);
        assert_eq!(policy.acknowledgement_window, window);
    }

    #[test]
    fn buffers_fit_the_media() {
        check(0, Some(32_768), 512);
        check(6_000_000, Some(750_000), 75_000);
        check(50_000_000, None, 131_072);
        check(u64::MAX, None, 131_072);
    }
}
