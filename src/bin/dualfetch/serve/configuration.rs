//! All settings of the server, with their defaults.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use crate::units::Rate;

/// What counts once flags, environment and file are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) listen: Vec<Listen>,
    /// Of `unix:` sockets.
    pub(crate) socket_mode: u32,
    pub(crate) max_connections: usize,
    /// 0 is no bound.
    pub(crate) max_connections_per_address: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) page: Folder,
    pub(crate) package: Folder,

    /// Names and the hashes of their keys.
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) origins: Vec<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) rate: Option<Rate>,
    pub(crate) burst: Option<u32>,
    pub(crate) trusted_proxies: Vec<String>,

    pub(crate) allow_network: Vec<String>,
    pub(crate) deny_network: Vec<String>,
    pub(crate) allow_port: Vec<u16>,
    pub(crate) allow_any_port: bool,

    pub(crate) limit: usize,
    pub(crate) limit_per_host: usize,
    pub(crate) limit_per_caller: usize,
    pub(crate) max_response: u64,
    pub(crate) max_upload: u64,
    pub(crate) max_urls: usize,
    pub(crate) max_redirects: u32,
    pub(crate) retries: u32,
    pub(crate) total_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) queue_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    /// None is that of this program.
    pub(crate) user_agent: Option<String>,

    /// None is standard error.
    pub(crate) log: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LevelFilter,
}

impl Default for Configuration {
    fn default() -> Self {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        Self {
            listen: vec![Listen::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080))],
            socket_mode: 0o660,
            max_connections: 10_000,
            max_connections_per_address: 256,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(30),
            page: Folder::Auto,
            package: Folder::Auto,
            keys: Vec::new(),
            origins: Vec::new(),
            hosts: Vec::new(),
            rate: None,
            burst: None,
            trusted_proxies: Vec::new(),
            allow_network: Vec::new(),
            deny_network: Vec::new(),
            allow_port: vec![80, 443],
            allow_any_port: false,
            limit: 2_000,
            limit_per_host: 10,
            limit_per_caller: 500,
            max_response: 256 << 20,
            max_upload: 8 << 20,
            max_urls: 10_000,
            max_redirects: 10,
            retries: 2,
            total_timeout: Duration::from_secs(300),
            timeout: seconds(30),
            connect_timeout: seconds(10),
            queue_timeout: seconds(30),
            read_timeout: seconds(30),
            user_agent: None,
            log: None,
            log_format: LogFormat::Text,
            log_level: LevelFilter::INFO,
        }
    }
}

impl Configuration {
    /// What no setting alone can tell.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.listen.is_empty() {
            return Err(("listen", "it must name an address at least, such as 127.0.0.1:8080".to_owned()));
        }
        if self.keys.is_empty() {
            self.check_without_keys()?;
        }
        if self.burst.is_some() && self.rate.is_none() {
            return Err((
                "burst",
                "it says how many may come at once under a rate, and there is no rate".to_owned(),
            ));
        }
        if self.allow_any_port && self.allow_port != Self::default().allow_port {
            return Err(("allow_any_port", "it does away with allow_port; give one of them".to_owned()));
        }
        Ok(())
    }

    /// With no key whoever reaches it may use it: that must be this machine alone, and what is told of it must not say
    /// that others come, through a proxy that the gateway itself sees on this machine only.
    fn check_without_keys(&self) -> Result<(), (&'static str, String)> {
        const MEND: &str = "`dualfetch serve --new-key NAME` makes a key and the line for the configuration";
        if let Some(open) = self.listen.iter().find(|listen| !listen.is_private()) {
            let why = format!(
                "{open} can be reached from other machines, and without a key anyone there could fetch through this one. \
                 {MEND}; without one listen on 127.0.0.1 or [::1]"
            );
            return Err(("listen", why));
        }
        if let Some(host) = self.hosts.first() {
            let why = format!(
                "a gateway that is reached as {host} is there for others, too, and without a key anyone could fetch \
                 through it. {MEND}; without one it answers to localhost and IP addresses alone"
            );
            return Err(("host", why));
        }
        if let Some(proxy) = self.trusted_proxies.first() {
            let why = format!(
                "who comes by the proxy {proxy} comes from elsewhere, and without a key anyone could fetch through this \
                 gateway. {MEND}"
            );
            return Err(("trusted_proxy", why));
        }
        let is_open = self.socket_mode & 0o007 != 0;
        match self.listen.iter().find(|listen| is_open && listen.is_socket()) {
            Some(socket) => Err((
                "socket_mode",
                format!(
                    "{:04o} lets every user of this machine connect to {socket}, and without a key fetch through it. \
                     {MEND}; without one let nobody but owner and group connect, as 0660 does",
                    self.socket_mode
                ),
            )),
            None => Ok(()),
        }
    }
}

/// Where connections come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    Tcp(SocketAddr),
    /// A socket in the file system, for this machine alone.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Listen {
    /// Reads an address and its port, a port of 127.0.0.1, or `unix:` and a path.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Self::Unix(PathBuf::from(path))),
                false => Err(format!(
                    "{text:?}: the path of a socket begins with /, as in unix:/run/dualfetch/socket"
                )),
            };
        }
        let loopback =
            |port: &str| port.parse().ok().map(|port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        let address = text.parse().ok().or_else(|| loopback(text.strip_prefix("localhost:").unwrap_or(text)));
        address.map(Self::Tcp).ok_or_else(|| {
            format!("{text:?} is no address and port, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0:8080 is every address of this machine")
        })
    }

    /// Whether this machine alone gets there.
    fn is_private(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }

    fn is_socket(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A folder of files that are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    /// That of the repository, where this program finds itself in it.
    Auto,
    At(PathBuf),
    Nowhere,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Json,
    Text,
}
