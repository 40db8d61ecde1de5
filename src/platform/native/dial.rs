//! Connecting to one of a host's addresses: several are tried beside each other (Happy Eyeballs, RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use crate::connector::Connector;
use crate::error::{ErrorKind, Result};

/// After how long the next address is tried beside the one before. (RFC 8305, section 8.)
const HAPPY_EYEBALLS: Duration = Duration::from_millis(250);

/// How long a connection is silent before TCP probes it, and how long between probes.
const PROBE: Duration = Duration::from_secs(15);

/// What a system's clock for it takes.
const SHORTEST: Duration = Duration::from_secs(1);

/// Nearly nine hours.
const LONGEST: Duration = Duration::from_secs(32_767);

/// How many probes go unanswered before a connection is given up. What was sent may be unacknowledged as long.
const PROBES: u32 = 2;

/// Whether connections can be made to go through one interface.
const CHOOSES_INTERFACES: bool = cfg!(any(target_os = "android", target_os = "fuchsia", target_os = "linux"));

/// How TCP connections are made.
#[derive(Clone)]
pub(super) struct Dial {
    delay: Option<Duration>,
    local_ipv4: Option<Ipv4Addr>,
    local_ipv6: Option<Ipv6Addr>,
    interface: Option<Arc<str>>,
    keepalive: Option<Duration>,
    nodelay: bool,
}

impl Dial {
    /// # Errors
    /// An interface is set, and the system knows no way to use one.
    pub(super) fn new(connector: Option<&Connector>) -> Result<Self> {
        let keepalive = connector.and_then(|connector| connector.tcp_keepalive).unwrap_or(Some(PROBE));
        let interface = connector.and_then(|connector| connector.interface.clone());
        if interface.is_some() && !CHOOSES_INTERFACES {
            return Err(ErrorKind::Unsupported { feature: "interface", platform: "native" }.into());
        }
        Ok(Self {
            interface,
            delay: connector.and_then(|connector| connector.happy_eyeballs).unwrap_or(Some(HAPPY_EYEBALLS)),
            local_ipv4: connector.and_then(|connector| connector.local_ipv4),
            local_ipv6: connector.and_then(|connector| connector.local_ipv6),
            keepalive: keepalive.map(|idle| idle.clamp(SHORTEST, LONGEST)),
            nodelay: connector.and_then(|connector| connector.tcp_nodelay).unwrap_or(true),
        })
    }

    /// A connection to one of these addresses: to the first that answers. The error is the first that came and tells of them.
    pub(super) async fn connect(&self, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        let mut rest = interleaved(addresses.iter().copied().filter(|address| self.can_reach(*address)));
        let Some(first) = rest.pop_front() else {
            let message = "no address of the family that is connected from";
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, message));
        };
        if rest.is_empty() {
            return self.one(first).await;
        }
        let mut under_way = FuturesUnordered::from_iter([self.one(first)]);
        let mut failed: Option<io::Error> = None;
        loop {
            let ended = match self.delay.filter(|_| !rest.is_empty()) {
                None => under_way.next().await,
                Some(delay) => match tokio::time::timeout(delay, under_way.next()).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        under_way.extend(rest.pop_front().map(|next| self.one(next)));
                        continue;
                    }
                },
            };
            match ended {
                Some(Ok(stream)) => return Ok(stream),
                // What failed makes room for the next at once.
                Some(Err(error)) => {
                    failed = Some(match failed.take() {
                        Some(first) => more_telling(first, error),
                        None => error,
                    });
                    under_way.extend(rest.pop_front().map(|next| self.one(next)));
                }
                None => return Err(failed.unwrap_or_else(|| io::ErrorKind::NotConnected.into())),
            }
        }
    }

    fn can_reach(&self, address: SocketAddr) -> bool {
        match (self.local_ipv4, self.local_ipv6) {
            (None, None) => true,
            (ipv4, ipv6) => {
                if address.is_ipv4() {
                    ipv4.is_some()
                } else {
                    ipv6.is_some()
                }
            }
        }
    }

    async fn one(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let (socket, local) = match address {
            SocketAddr::V4(_) => (TcpSocket::new_v4()?, self.local_ipv4.map(IpAddr::V4)),
            SocketAddr::V6(_) => (TcpSocket::new_v6()?, self.local_ipv6.map(IpAddr::V6)),
        };
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        if let Some(interface) = &self.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        if let Some(local) = local {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        socket.set_nodelay(self.nodelay)?;
        if let Some(idle) = self.keepalive {
            let options = SockRef::from(&socket);
            // Without probes a connection is as good; a system that knows none is no reason to have none.
            let _ = options.set_tcp_keepalive(&probing(idle));
            #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
            let _ = options.set_tcp_user_timeout(Some(idle.saturating_mul(PROBES)));
        }
        socket.connect(address).await
    }
}

fn probing(idle: Duration) -> TcpKeepalive {
    let keepalive = TcpKeepalive::new().with_time(idle);
    #[cfg(not(any(target_os = "openbsd", target_os = "solaris", target_os = "windows")))]
    let keepalive = keepalive.with_retries(PROBES);
    #[cfg(not(any(target_os = "openbsd", target_os = "solaris")))]
    let keepalive = keepalive.with_interval(idle);
    keepalive
}

/// The first of two failures, unless it tells of this machine alone, which has no way out by that family.
fn more_telling(first: io::Error, next: io::Error) -> io::Error {
    match first.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => next,
        _ => first,
    }
}

/// The two families in turn, each in its own order, the first address staying the first. (RFC 8305, section 4.)
fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.peekable();
    let is_first_ipv6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == is_first_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut out = VecDeque::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        out.extend(first.next());
        out.extend(second.next());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 80)).collect()
    }

    #[test]
    fn families_take_turns_and_the_first_address_stays_the_first() {
        let order = |texts: &[&str]| Vec::from(interleaved(addresses(texts).into_iter()));
        assert_eq!(
            order(&["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"]),
            addresses(&["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"])
        );
        assert_eq!(order(&["1.1.1.1", "::1", "2.2.2.2"]), addresses(&["1.1.1.1", "::1", "2.2.2.2"]));
        assert_eq!(order(&[]), []);
    }

    #[test]
    fn that_there_is_no_way_out_by_one_family_hides_no_failure_by_the_other() {
        use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
        for (first, next, told) in [
            (NetworkUnreachable, ConnectionRefused, ConnectionRefused),
            (AddrNotAvailable, ConnectionRefused, ConnectionRefused),
            (ConnectionRefused, NetworkUnreachable, ConnectionRefused),
            (HostUnreachable, ConnectionRefused, HostUnreachable),
        ] {
            assert_eq!(more_telling(first.into(), next.into()).kind(), told, "{first:?}, {next:?}");
        }
    }

    #[tokio::test]
    async fn keep_alive_and_no_delay_are_the_socket_s_own() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address");
        let set = |keepalive, nodelay| {
            let mut connector = Connector::default();
            (connector.tcp_keepalive, connector.tcp_nodelay) = (keepalive, nodelay);
            Dial::new(Some(&connector)).expect("no interface")
        };
        for (dial, keepalive, nodelay) in [
            (Dial::new(None).expect("no interface"), Some(15), true),
            (set(Some(Some(Duration::from_secs(40))), Some(true)), Some(40), true),
            (set(Some(Some(Duration::ZERO)), None), Some(1), true),
            (set(Some(Some(Duration::MAX)), None), Some(32_767), true),
            (set(Some(None), Some(false)), None, false),
        ] {
            let stream = dial.connect(&[address]).await.expect("a connection");
            let socket = SockRef::from(&stream);
            assert_eq!(socket.tcp_nodelay().expect("it is TCP"), nodelay);
            assert_eq!(socket.keepalive().expect("it is TCP"), keepalive.is_some());
            #[cfg(target_os = "linux")]
            if let Some(idle) = keepalive {
                let told = (socket.tcp_keepalive_time(), socket.tcp_keepalive_interval());
                let idle = Duration::from_secs(idle);
                assert_eq!((told.0.expect("it is TCP"), told.1.expect("it is TCP")), (idle, idle));
                assert_eq!(socket.tcp_keepalive_retries().expect("it is TCP"), PROBES);
                assert_eq!(socket.tcp_user_timeout().expect("it is TCP"), Some(idle * PROBES));
            }
        }
    }
}
