//! Which addresses may be connected to.
//!
//! Asked with the address that the name resolved to, right before it is connected to, so that no
//! name, redirect or DNS answer leads past it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a source or an ingest may have.
///
/// Link-local addresses, where metadata and credentials are served, are refused by every policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether loopback and private addresses are allowed too: yes on one's own machine, no on AWS
    /// unless the deployment says so.
    pub allow_private: bool,
}

impl AddressPolicy {
    /// Public addresses only.
    pub const PUBLIC: Self = Self {
        allow_private: false,
    };
    /// Public, private and loopback addresses.
    pub const PRIVATE_TOO: Self = Self {
        allow_private: true,
    };

    /// Whether `address` may be connected to.
    ///
    /// # Errors
    /// The address and why it is refused.
    pub fn check(self, address: IpAddr) -> Result<(), AddressRefused> {
        match classify(address) {
            AddressClass::Public => Ok(()),
            AddressClass::Private if self.allow_private => Ok(()),
            AddressClass::Private => Err(AddressRefused::Private(address)),
            AddressClass::Metadata => Err(AddressRefused::Metadata(address)),
            AddressClass::Unusable => Err(AddressRefused::Unusable(address)),
        }
    }
}

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// Link-local, or a cloud's metadata service.
    #[error("{0} is a link-local or metadata address, which is never connected to")]
    Metadata(IpAddr),
    /// Loopback or private, and the policy wants public ones.
    #[error("{0} is a private address, which this installation does not connect to")]
    Private(IpAddr),
    /// Multicast, broadcast or reserved.
    #[error("{0} is not the address of a server")]
    Unusable(IpAddr),
}

/// Whether `address` is loopback or private: the ones where plain `http` may be allowed.
pub fn is_private(address: IpAddr) -> bool {
    classify(address) == AddressClass::Private
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AddressClass {
    Public,
    Private,
    Metadata,
    Unusable,
}

fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(address) => classify_v4(address),
            None => classify_v6(address),
        },
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    let [a, b, ..] = address.octets();
    if address.is_link_local() || address == AZURE_METADATA {
        AddressClass::Metadata
    } else if address.is_multicast() || a >= 240 {
        AddressClass::Unusable
    } else if address.is_private()
        || address.is_loopback()
        // "This network": Linux connects 0.0.0.0 to itself.
        || a == 0
        // Shared address space, RFC 6598.
        || (a == 100 && (64..128).contains(&b))
        // Benchmarking, RFC 2544.
        || (a == 198 && (18..20).contains(&b))
        // IETF protocol assignments, RFC 6890.
        || address.octets()[..3] == [192, 0, 0]
    {
        AddressClass::Private
    } else {
        AddressClass::Public
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    let segments = address.segments();
    if address.is_unicast_link_local() || segments[..2] == EC2_METADATA {
        AddressClass::Metadata
    } else if address.is_multicast()
        // Teredo, RFC 4380, and NAT64 for local use, RFC 8215: tunnels to IPv4 addresses that
        // cannot be told, or only by the network's own rules.
        || segments[..2] == [0x2001, 0]
        || segments[..3] == [0x64, 0xff9b, 1]
    {
        AddressClass::Unusable
    } else if address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        // Site-local, deprecated by RFC 3879 but still routed in places.
        || segments[0] & 0xffc0 == 0xfec0
    {
        AddressClass::Private
    } else {
        AddressClass::Public
    }
}

/// The IPv4 address that a translating IPv6 address leads to: mapped or compatible (RFC 4291),
/// NAT64 (RFC 6052) and 6to4 (RFC 3056). Loopback and the unspecified address have the form of
/// compatible ones, too, and end up as addresses of "this network": private.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let v4 = |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] => Some(v4(12)),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(v4(12)),
        [0x2002, ..] => Some(v4(2)),
        _ => None,
    }
}

/// The wire server of Azure's virtual machines: a public number, but their metadata.
const AZURE_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// What EC2 serves its machines over IPv6: instance metadata, credentials, time and names.
const EC2_METADATA: [u16; 2] = [0xfd00, 0xec2];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, public: bool, private_too: bool) {
        let address = address.parse().unwrap();
        assert_eq!(AddressPolicy::PUBLIC.check(address).is_ok(), public);
        assert_eq!(
            AddressPolicy::PRIVATE_TOO.check(address).is_ok(),
            private_too
        );
    }

    #[test]
    fn public_addresses() {
        check("52.216.1.1", true, true);
        check("2600:1f18::1", true, true);
        check("::ffff:52.216.1.1", true, true);
        check("100.128.0.1", true, true);
    }

    #[test]
    fn private_addresses() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::",
            "fd12::1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "::10.0.0.1",
            "::127.0.0.1",
        ] {
            check(address, false, true);
        }
    }

    #[test]
    fn never() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "fe80::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            check(address, false, false);
        }
    }
}
