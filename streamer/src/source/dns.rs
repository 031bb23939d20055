//! Name resolution that hands out only addresses that may be connected to.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::{AddressPolicy, AddressRefused, is_private};

/// The addresses a client may connect to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    /// Whatever the policy allows: over TLS.
    Policy(AddressPolicy),
    /// Loopback and private addresses only: in the clear.
    PrivateOnly,
}

impl Reach {
    pub(crate) fn check(self, address: IpAddr) -> Result<(), Unreachable> {
        match self {
            Self::Policy(policy) => Ok(policy.check(address)?),
            Self::PrivateOnly if is_private(address) => Ok(()),
            Self::PrivateOnly => {
                AddressPolicy::PRIVATE_TOO.check(address)?;
                Err(Unreachable::Public)
            }
        }
    }
}

/// Why no connection is made.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error(transparent)]
    Refused(#[from] AddressRefused),
    #[error("plain http leaves the private network")]
    Public,
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let mut allowed: Vec<SocketAddr> = Vec::new();
            let mut refused = None;
            // Port 0 stands for the port of the URL.
            for address in tokio::net::lookup_host((name.as_str(), 0)).await? {
                match reach.check(address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(error) => refused = Some(error),
                }
            }
            match refused {
                Some(error) if allowed.is_empty() => Err(error.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
