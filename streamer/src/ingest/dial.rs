//! From a host name to a TCP connection.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::{Instant, sleep},
};

use super::{error::OpenError, policy::DialPolicy, stage::Stage};
use crate::address::AddressRefused;

/// How long one address has to answer before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// When an idle connection is asked whether it is alive: one that holds at the gate has no other
/// way to notice that the ingest is gone.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(3);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(1);

/// Connects to the first address that answers and that the policy allows.
pub(super) async fn dial(
    host: &str,
    port: u16,
    policy: &DialPolicy,
    deadline: Instant,
) -> Result<TcpStream, OpenError> {
    let addresses = Stage::Resolving
        .within(deadline, resolve(host, port))
        .await?;
    let addresses = allowed(host, addresses, |address| {
        policy.addresses.check(address.ip())
    })?;
    Stage::Dialling
        .within(deadline, async {
            race(addresses, policy)
                .await
                .map_err(|source| OpenError::Dial {
                    host: host.to_owned(),
                    port,
                    source,
                })
        })
        .await
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, OpenError> {
    match lookup_host((host, port)).await {
        Ok(addresses) => Ok(alternate(addresses.collect())),
        Err(source) => Err(OpenError::Resolve {
            host: host.to_owned(),
            source,
        }),
    }
}

/// Turn by turn an address of either family, beginning with the resolver's favourite, so that a
/// family without a route costs one stagger and no more.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut result = Vec::new();
    for address in first {
        result.push(address);
        result.extend(second.next());
    }
    result.extend(second);
    result
}

fn allowed(
    host: &str,
    addresses: Vec<SocketAddr>,
    check: impl Fn(&SocketAddr) -> Result<(), AddressRefused>,
) -> Result<Vec<SocketAddr>, OpenError> {
    let mut refused = None;
    let mut result = Vec::new();
    for address in addresses {
        match check(&address) {
            Ok(()) => result.push(address),
            Err(reason) => refused = Some(reason),
        }
    }
    match (result.is_empty(), refused) {
        (false, _) => Ok(result),
        (true, Some(source)) => Err(OpenError::AddressRefused {
            host: host.to_owned(),
            source,
        }),
        (true, None) => Err(OpenError::NoAddress {
            host: host.to_owned(),
        }),
    }
}

async fn race(addresses: Vec<SocketAddr>, policy: &DialPolicy) -> io::Result<TcpStream> {
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let more = match addresses.next() {
            Some(address) => {
                attempts.push(connect(address, policy));
                addresses.len() > 0
            }
            None if attempts.is_empty() => return Err(last),
            None => false,
        };
        let stagger = sleep(STAGGER);
        tokio::pin!(stagger);
        // Until one answers; the next address is tried when one fails or after the stagger.
        while !attempts.is_empty() {
            tokio::select! {
                attempt = attempts.next() => match attempt {
                    Some(Ok(stream)) => return Ok(stream),
                    Some(Err(error)) => {
                        last = error;
                        if more {
                            break;
                        }
                    }
                    None => break,
                },
                () = &mut stagger, if more => break,
            }
        }
    }
}

async fn connect(address: SocketAddr, policy: &DialPolicy) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_nodelay(true)?;
    if let Some(bytes) = policy.send_buffer {
        socket.set_send_buffer_size(u32::try_from(bytes).unwrap_or(u32::MAX))?;
    }
    let options = SockRef::from(&socket);
    options.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE_AFTER)
            .with_interval(KEEPALIVE_EVERY),
    )?;
    // Data that is not acknowledged, or that a closed window holds back, breaks the connection
    // after this time, however much of it the kernel could still buffer. The kernel tells the other
    // side nothing when it does, which then refuses the next connection as a second publisher; so
    // it comes somewhat after our own timeout.
    #[cfg(target_os = "linux")]
    options.set_tcp_user_timeout(Some(policy.write_timeout * 13 / 10))?;
    socket.connect(address).await
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, time::timeout};

    use super::*;
    use crate::address::AddressPolicy;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        assert_eq!(
            alternate(addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"])),
            addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
        assert_eq!(
            alternate(addresses(&["1.1.1.1:1", "[::1]:1", "[::2]:1"])),
            addresses(&["1.1.1.1:1", "[::1]:1", "[::2]:1"])
        );
    }

    #[test]
    fn refused_addresses_are_left_out_until_none_is_left() {
        let check = |address: &SocketAddr| AddressPolicy::PUBLIC.check(address.ip());
        let both = addresses(&["127.0.0.1:1", "1.1.1.1:1"]);
        assert_eq!(
            allowed("host", both, check).unwrap(),
            addresses(&["1.1.1.1:1"])
        );
        let refused = allowed("host", addresses(&["127.0.0.1:1"]), check);
        assert!(matches!(refused, Err(OpenError::AddressRefused { .. })));
        let none = allowed("host", Vec::new(), check);
        assert!(matches!(none, Err(OpenError::NoAddress { .. })));
    }

    fn policy() -> DialPolicy {
        DialPolicy::new(AddressPolicy::PRIVATE_TOO)
    }

    async fn listener(address: &str) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address of which connections are refused.
    async fn refusing(address: &str) -> SocketAddr {
        listener(address).await.1
    }

    /// An address that does not answer: its queue of connections is full. It is so while the value
    /// lives.
    async fn black_hole(address: &str) -> (impl Sized, SocketAddr) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) =
            timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            queue.push(stream.unwrap());
        }
        ((listener, queue), address)
    }

    /// Which address is connected to, and how long that takes.
    async fn winner(addresses: &[SocketAddr]) -> (SocketAddr, Duration) {
        let started = Instant::now();
        let policy = policy();
        let racing = race(addresses.to_vec(), &policy);
        let stream = timeout(Duration::from_secs(20), racing).await.unwrap();
        (stream.unwrap().peer_addr().unwrap(), started.elapsed())
    }

    #[tokio::test]
    async fn the_first_of_several_wins_if_it_answers() {
        let (_a, first) = listener("127.0.0.1:0").await;
        let (_b, second) = listener("127.0.0.2:0").await;
        assert_eq!(winner(&[first, second]).await.0, first);
        assert_eq!(winner(&[second, first]).await.0, second);
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses() {
        let (_listener, address) = listener("127.0.0.3:0").await;
        let refused = [refusing("127.0.0.1:0").await, refusing("127.0.0.2:0").await];
        let (winner, took) = winner(&[refused[0], refused[1], address]).await;
        assert_eq!(winner, address);
        assert!(took < STAGGER, "{took:?}");
        let error = race(refused.to_vec(), &policy()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_costs_one_stagger() {
        let (_hole, hole) = black_hole("127.0.0.1:0").await;
        let (_listener, address) = listener("127.0.0.2:0").await;
        let (winner, took) = winner(&[hole, address]).await;
        assert_eq!(winner, address);
        assert!((STAGGER..10 * STAGGER).contains(&took), "{took:?}");
        // And is the one that is waited for when there is no other.
        let policy = policy();
        let alone = race(vec![hole], &policy);
        assert!(timeout(2 * STAGGER, alone).await.is_err());
    }

    #[tokio::test]
    async fn families_stand_in_for_each_other() {
        let (_v4, v4) = listener("127.0.0.1:0").await;
        // 100::/64 leads nowhere by definition (RFC 6666): no route, or no answer.
        let nowhere = "[100::1]:9".parse().unwrap();
        assert_eq!(winner(&[nowhere, v4]).await.0, v4);
        // A machine may have no IPv6 at all.
        let Ok(v6) = TcpListener::bind("[::1]:0").await else {
            return;
        };
        let v6 = v6.local_addr().unwrap();
        assert_eq!(winner(&[refusing("127.0.0.1:0").await, v6]).await.0, v6);
    }
}
