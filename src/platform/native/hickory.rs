//! Name look-up by hickory's resolver: questions to DNS servers from this process, without a thread for each.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::runtime::{self, Handle};

use crate::error::{Error, ErrorKind, Result};
use crate::maybe::BoxFuture;
use crate::names::{Addresses, BoxError, Resolve};

/// The longest time for a question: hickory adds it to a clock that ends.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How many questions are under way over one TCP connection; past that, hickory fails.
const OVER_TCP: usize = 1024;

/// How many runtimes have their sockets kept.
const RUNTIMES: usize = 4;

/// A resolver that asks DNS servers itself, by [hickory](https://docs.rs/hickory-resolver), in place of the system's: a
/// look-up occupies no thread, ends when nobody waits for it any more, and tells how long the addresses hold.
///
/// Each name is asked for both A and AAAA records; AAAA ones come first. Names below `localhost` are this machine's
/// (RFC 6761). What else the system resolves names by, such as mDNS or NIS, is not asked. An answer is kept by the session
/// alone: see [`DnsCache`](crate::dns::DnsCache).
///
/// Needs the crate feature `hickory`. Native.
///
/// ```no_run
/// use std::time::Duration;
/// use dualfetch::dns::HickoryResolver;
///
/// let as_configured = HickoryResolver::system()?;
/// let own = HickoryResolver::with_servers(["192.0.2.53:53".parse()?])?.timeout(Duration::from_secs(1)).attempts(2);
/// # let _ = (as_configured, own);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancellation
/// Dropping a look-up ends it: no further question is sent.
#[derive(Clone)]
pub struct HickoryResolver {
    setting: Setting,
    /// Sockets and timers belong to a runtime. The most recently made last.
    made: Arc<Mutex<VecDeque<(runtime::Id, TokioResolver)>>>,
}

#[derive(Clone)]
struct Setting {
    config: ResolverConfig,
    options: ResolverOpts,
    hosts: Arc<Hosts>,
}

impl HickoryResolver {
    /// The servers, search domains and options of `/etc/resolv.conf`, and the names of `/etc/hosts`; on Windows and
    /// macOS what stands in their place. Both are read now, and not again.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`]: the configuration cannot be read, or names no server.
    pub fn system() -> Result<Self> {
        let (config, options) = read_system_conf()
            .map_err(|error| wrong("the system's configuration of DNS cannot be read").with_source(error))?;
        // Without the file, which few systems have not got, there are no names in it.
        let hosts = Hosts::from_system().unwrap_or_default();
        Ok(Self::of(config, options, hosts))
    }

    /// These servers, by UDP and, for answers that UDP does not hold, by TCP; two are asked at the same time. No search
    /// domain, and no hosts file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`]: there is no server, or one's port is 0.
    pub fn with_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Result<Self> {
        let servers = servers.into_iter().map(server).collect::<Result<Vec<_>>>()?;
        if servers.is_empty() {
            return Err(wrong("there is no server to ask"));
        }
        let config = ResolverConfig::from_name_servers(servers);
        Ok(Self::of(config, ResolverOpts::default(), Hosts::default()))
    }

    /// How long an attempt at a question may take, an hour at most. Within it, what is lost on UDP's way is sent again.
    /// By default what the system's configuration says, or 5 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.setting.options.timeout = timeout.min(LONGEST);
        self.anew()
    }

    /// How often a question that has come to nothing is attempted in all; zero counts as one. A server's word that there
    /// is no such name is an answer. By default 3, or one more than the system's configuration says.
    #[must_use]
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.setting.options.attempts = attempts.saturating_sub(1);
        self.anew()
    }

    fn of(config: ResolverConfig, mut options: ResolverOpts, hosts: Hosts) -> Self {
        // The session's cache is the one that can be set, and cleared.
        options.cache_size = 0;
        // Where neither has addresses, hickory's error is that of the first; IPv4's tells more.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.use_hosts_file = ResolveHosts::Never;
        options.max_active_requests = OVER_TCP;
        options.timeout = options.timeout.min(LONGEST);
        Self { setting: Setting { config, options, hosts: Arc::new(hosts) }, made: Arc::default() }
    }

    fn anew(self) -> Self {
        Self { made: Arc::default(), ..self }
    }

    /// The one whose sockets are the runtime's that this runs in.
    fn here(&self) -> Result<TokioResolver, BoxError> {
        let id = Handle::try_current()?.id();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, resolver)) = made.iter().find(|(runtime, _)| *runtime == id) {
            return Ok(resolver.clone());
        }
        let Setting { config, options, hosts } = self.setting.clone();
        let mut resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()?;
        resolver.set_hosts(hosts);
        if made.len() == RUNTIMES {
            made.pop_front();
        }
        made.push_back((id, resolver.clone()));
        Ok(resolver)
    }
}

impl Resolve for HickoryResolver {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        let (resolver, name) = (self.clone(), name.to_owned());
        Box::pin(async move {
            let found = match resolver.here()?.lookup_ip(name).await {
                Ok(found) => found,
                Err(error) => return nothing(error),
            };
            // Aliases on the way hold as long as they say, too.
            let ttl = found.as_lookup().answers().iter().map(|record| record.ttl).min();
            let (ipv4, ipv6): (Vec<_>, Vec<_>) = found.iter().partition(IpAddr::is_ipv4);
            let addresses = Addresses::new(ipv6.into_iter().chain(ipv4));
            Ok(match ttl {
                Some(ttl) => addresses.with_ttl(Duration::from_secs(ttl.into())),
                None => addresses,
            })
        })
    }
}

/// What to say where there is no address: hickory shows the whole question.
fn nothing(error: NetError) -> Result<Addresses, BoxError> {
    match error {
        error if error.is_nx_domain() => Err("there is no such name".into()),
        error if error.is_no_records_found() => Ok(Addresses::default()),
        NetError::Timeout => Err("no name server has answered in time".into()),
        error => Err(error.into()),
    }
}

impl fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { config, options, .. } = &self.setting;
        let servers: Vec<_> = config.name_servers().iter().map(|server| server.ip).collect();
        f.debug_struct("HickoryResolver")
            .field("servers", &servers)
            .field("timeout", &options.timeout)
            .finish_non_exhaustive()
    }
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "resolver" }).with_message(why)
}

fn server(address: SocketAddr) -> Result<NameServerConfig> {
    if address.port() == 0 {
        return Err(wrong(&format!("{address} names no port; DNS servers use 53")));
    }
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    let ported = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    server.connections = server.connections.into_iter().map(ported).collect();
    Ok(server)
}
