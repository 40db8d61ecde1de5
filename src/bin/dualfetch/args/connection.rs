//! The options of connections, the same for every command that fetches.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use dualfetch::dns::{AddressFamily, Overrides};
use dualfetch::tls::{Fingerprint, Roots, TlsVersion};
use dualfetch::{Config, DefaultSession, Error, ErrorKind, HttpVersion, Netrc, Proxy, SafeMode, Tls};

use crate::Stop;

const CONNECTION: &str = "Connection";
const PROXY: &str = "Proxy";
const SAFE: &str = "Safe mode";
const TLS: &str = "TLS";

/// Where requests go, by which way, and who is trusted there.
#[derive(Args, Debug)]
pub(crate) struct ConnectionArgs {
    /// Speak HTTP/1.1 alone
    #[arg(long, conflicts_with = "http2", help_heading = CONNECTION)]
    http1: bool,

    /// Speak HTTP/2 alone, without TLS as well
    #[arg(long, help_heading = CONNECTION)]
    http2: bool,

    /// Connect to this address instead of looking HOST up; may be given several times
    ///
    /// With a port for that port of HOST alone. Several addresses, with commas between them, are tried in their order.
    /// The request and TLS name HOST as ever. Such as: example.com:443:127.0.0.1, or example.com:[::1].
    #[arg(long, value_name = "HOST[:PORT]:ADDRESS", value_parser = fixed, help_heading = CONNECTION)]
    resolve: Vec<Fixed>,

    /// Connect to IPv4 addresses of hosts alone; a URL's own IP address is connected to as ever
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = CONNECTION)]
    ipv4: bool,

    /// Connect to IPv6 addresses of hosts alone; a URL's own IP address is connected to as ever
    #[arg(short = '6', long, help_heading = CONNECTION)]
    ipv6: bool,

    /// Connect from this address of this machine, or through this interface (eth1); one of each may be given
    #[arg(long, value_name = "ADDRESS|NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = CONNECTION)]
    interface: Vec<String>,

    /// Connect to this Unix domain socket, whatever the host
    #[arg(long, value_name = "PATH", conflicts_with_all = ["proxied", "safe"], help_heading = CONNECTION)]
    unix_socket: Option<PathBuf>,

    /// Take user names and passwords from FILE; by default the one that NETRC names, or ~/.netrc
    ///
    /// Its entry for a host goes with requests to that host alone, redirects included; the default one with those to the
    /// hosts that were given. --user and an Authorization by --header count before it. A proxy is told its own host's
    /// entry, where its URL says nobody.
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true, help_heading = CONNECTION)]
    netrc: Option<Option<PathBuf>>,

    /// Go by way of this proxy: http://, https://, socks5:// or, names being looked up there, socks5h://
    ///
    /// A user name and a password may stand in it: http://me:secret@proxy.example:3128. Others on this machine can see
    /// what stands on a command line; --proxy-env keeps it off there.
    #[arg(short = 'x', long, value_name = "URL", group = "proxied", help_heading = PROXY)]
    proxy: Option<String>,

    /// Go by way of the proxies that the environment names: http_proxy, https_proxy, all_proxy, no_proxy
    ///
    /// In capitals, too. Without this option they are not looked at.
    #[arg(long, group = "proxied", help_heading = PROXY)]
    proxy_env: bool,

    /// Go directly to these hosts, such as 'localhost, .internal, 10.0.0.0/8'; `*` is every host
    #[arg(long, alias = "noproxy", value_name = "HOSTS", requires = "proxied", help_heading = PROXY)]
    no_proxy: Option<String>,

    /// Trust the authorities in FILE (PEM) and no others; may be given several times
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    cacert: Vec<PathBuf>,

    /// Beside those of --cacert trust the authorities of this machine, too
    #[arg(long, requires = "cacert", help_heading = TLS)]
    ca_native: bool,

    /// Show servers that ask for it the certificate in FILE (PEM), with the chain that it needs
    #[arg(short = 'E', long, value_name = "FILE", help_heading = TLS)]
    cert: Option<PathBuf>,

    /// The private key of --cert (PEM, not encrypted); by default it stands in the same file
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = TLS)]
    key: Option<PathBuf>,

    /// Expect this certificate, by the SHA-256 of it, of every server or of one; may be given several times
    ///
    /// It must be sound as well, unless --insecure is given. `openssl x509 -noout -fingerprint -sha256` prints it, and so
    /// does the failure that a wrong one is.
    #[arg(long, value_name = "[HOST=]SHA256", value_parser = pin, help_heading = TLS)]
    pin: Vec<Pin>,

    /// The oldest version of TLS that is spoken
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Oldest::V1_2, help_heading = TLS)]
    tls_min: Oldest,

    /// Take any certificate, of anyone: whoever stands in between can read and change what goes by
    ///
    /// Not so where --pin says which certificate it must be.
    #[arg(short = 'k', long, conflicts_with = "cacert", help_heading = TLS)]
    insecure: bool,

    /// Ask the public internet alone: for URLs that strangers have named
    ///
    /// What leads anywhere else, by a redirect or by its name's addresses as well, fails with `denied`: to private,
    /// loopback, link-local and other special addresses, to metadata services of clouds, and to ports but 80 and 443.
    #[arg(long, conflicts_with = "proxied", help_heading = SAFE)]
    safe: bool,

    /// Ask these addresses, too, such as 10.1.0.0/16; may be given several times
    #[arg(long, value_name = "NETWORK", requires = "safe", value_parser = allowed, help_heading = SAFE)]
    safe_allow: Vec<String>,

    /// Do not ask these addresses, whatever else allows them; may be given several times
    #[arg(long, value_name = "NETWORK", requires = "safe", value_parser = denied, help_heading = SAFE)]
    safe_deny: Vec<String>,

    /// Ask these ports instead of 80 and 443, such as 80,443,8080
    #[arg(long, value_name = "PORTS", requires = "safe", value_delimiter = ',', value_parser = port, help_heading = SAFE)]
    safe_ports: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Oldest {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
}

/// A host, or one port of it, and what it is connected to at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fixed {
    host: String,
    addresses: Vec<SocketAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pin {
    host: Option<String>,
    fingerprint: Fingerprint,
}

impl ConnectionArgs {
    /// Adds these settings. Reads the files and the environment that they are to be taken from.
    pub(crate) fn set(&self, mut config: Config) -> Result<Config, Stop> {
        config = match (self.http1, self.http2) {
            (true, _) => config.http_version(HttpVersion::Http1),
            (_, true) => config.http_version(HttpVersion::Http2),
            _ => config,
        };
        for Fixed { host, addresses } in &self.resolve {
            config = config.resolve(host, addresses.iter().copied());
        }
        config = match (self.ipv4, self.ipv6) {
            (true, _) => config.address_family(AddressFamily::Ipv4),
            (_, true) => config.address_family(AddressFamily::Ipv6),
            _ => config,
        };
        for place in &self.interface {
            config = match place.trim_matches(['[', ']']).parse() {
                Ok(address) => config.local_address(address),
                Err(_) => config.interface(place.as_str()),
            };
        }
        if let Some(path) = &self.unix_socket {
            config = config.unix_socket(path);
        }
        let netrc =
            self.netrc.as_ref().map(|file| file.as_ref().map_or_else(Netrc::from_env, Netrc::from_file));
        let netrc = netrc.transpose().map_err(|error| wrong("--netrc", &error))?;
        let proxies = self.proxies(netrc.as_ref())?;
        if !proxies.is_empty() {
            config = config.proxies(proxies);
        }
        if let Some(netrc) = netrc {
            config = config.netrc(netrc);
        }
        if let Some(tls) = self.tls()? {
            config = config.tls(tls);
        }
        match self.safe {
            true => Ok(config.safe_mode(self.safe_mode().map_err(|error| wrong("--safe", &error))?)),
            false => Ok(config),
        }
    }

    /// The session, or the option that keeps it from being one.
    pub(crate) fn build(&self, config: Config) -> Result<DefaultSession, Stop> {
        config.build().map_err(|error| match error.kind() {
            ErrorKind::InvalidOption { option: "add_roots" } => {
                wrong(&shown("--cacert", &self.cacert), &error)
            }
            ErrorKind::InvalidOption { option: "client_certificate" } => {
                let option = if self.key.is_some() { "--cert and --key" } else { "--cert" };
                wrong(&shown(option, self.cert.iter().chain(&self.key)), &error)
            }
            _ => Stop::Fault(error.to_string()),
        })
    }

    fn proxies(&self, netrc: Option<&Netrc>) -> Result<Vec<Proxy>, Stop> {
        let mut proxies = match &self.proxy {
            Some(url) => vec![Proxy::new(url).map_err(|error| wrong("--proxy", &error))?],
            None if self.proxy_env => Proxy::from_env().map_err(|error| wrong("--proxy-env", &error))?,
            None => Vec::new(),
        };
        if let Some(netrc) = netrc {
            let known: Result<_, _> = proxies.into_iter().map(|proxy| proxy.netrc(netrc)).collect();
            proxies = known.map_err(|error| wrong("--netrc", &error))?;
        }
        if let Some(hosts) = &self.no_proxy {
            let exempt: Result<_, _> = proxies.into_iter().map(|proxy| proxy.no_proxy(hosts)).collect();
            proxies = exempt.map_err(|error| wrong("--no-proxy", &error))?;
        }
        Ok(proxies)
    }

    fn tls(&self) -> Result<Option<Tls>, Stop> {
        let mut tls = Tls::new();
        for file in &self.cacert {
            tls = tls.add_roots(read("--cacert", file)?);
        }
        if !self.cacert.is_empty() && !self.ca_native {
            tls = tls.roots(Roots::None);
        }
        if let Some(file) = &self.cert {
            let chain = read("--cert", file)?;
            let key = match &self.key {
                Some(file) => read("--key", file)?,
                None => chain.clone(),
            };
            tls = tls.client_certificate(chain, key);
        }
        for Pin { host, fingerprint } in &self.pin {
            tls = match host {
                Some(host) => tls.pin_for(host, *fingerprint),
                None => tls.pin(*fingerprint),
            };
        }
        if self.tls_min == Oldest::V1_3 {
            tls = tls.min_version(TlsVersion::V1_3);
        }
        tls = tls.danger_accept_invalid_certificates(self.insecure);
        Ok((tls != Tls::new()).then_some(tls))
    }

    fn safe_mode(&self) -> Result<SafeMode, Error> {
        let mut safe_mode = SafeMode::new();
        for network in &self.safe_allow {
            safe_mode = safe_mode.allow_network(network)?;
        }
        for network in &self.safe_deny {
            safe_mode = safe_mode.deny_network(network)?;
        }
        Ok(match self.safe_ports.is_empty() {
            true => safe_mode,
            false => safe_mode.allow_ports(self.safe_ports.iter().copied()),
        })
    }
}

fn read(option: &str, file: &Path) -> Result<Vec<u8>, Stop> {
    fs::read(file).map_err(|error| Stop::Fault(format!("{option}: cannot read {}: {error}", file.display())))
}

fn shown<'a>(option: &str, files: impl IntoIterator<Item = &'a PathBuf>) -> String {
    files.into_iter().fold(option.to_owned(), |text, file| format!("{text} {}", file.display()))
}

fn wrong(option: &str, error: &Error) -> Stop {
    Stop::Fault(format!("{option}: {}", reason(error)))
}

fn reason(error: &Error) -> String {
    error.message().map_or_else(|| error.to_string(), str::to_owned)
}

fn fixed(text: &str) -> Result<Fixed, String> {
    const FORM: &str = "write a host, perhaps a port, and an IP address, such as example.com:443:127.0.0.1 or example.com:[::1]";
    let (host, rest) = text.split_once(':').ok_or(FORM)?;
    let with_port = rest.split_once(':').and_then(|(port, rest)| {
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = if is_number { port.parse().ok()? } else { return None };
        Some((format!("{host}:{port}"), addresses(rest)?))
    });
    let without = addresses(rest).map(|addresses| (host.to_owned(), addresses));
    let (host, addresses) = match (with_port, without) {
        (Some(_), Some(_)) => {
            return Err("write the IPv6 address in brackets: it may begin with a port".to_owned());
        }
        (with_port, without) => with_port.or(without).ok_or(FORM)?,
    };
    match Overrides::new().with(&host, addresses.iter().copied()) {
        Ok(_) => Ok(Fixed { host, addresses }),
        Err(error) => Err(reason(&error)),
    }
}

/// Addresses at whichever port the URL has.
fn addresses(text: &str) -> Option<Vec<SocketAddr>> {
    let address = |text: &str| {
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        Some(SocketAddr::new(bare.parse().ok()?, 0))
    };
    text.split(',').map(address).collect()
}

fn pin(text: &str) -> Result<Pin, String> {
    // As openssl prints it: what stands before the `=` is no host.
    if let Ok(fingerprint) = Fingerprint::parse(text) {
        return Ok(Pin { host: None, fingerprint });
    }
    let (host, digits) = match text.rsplit_once('=') {
        Some(("", _)) => return Err("no host stands before the `=`".to_owned()),
        Some((host, digits)) => (Some(host.to_owned()), digits),
        None => (None, text),
    };
    let fingerprint = Fingerprint::parse(digits).map_err(|error| reason(&error))?;
    Ok(Pin { host, fingerprint })
}

fn allowed(text: &str) -> Result<String, String> {
    SafeMode::new().allow_network(text).map(|_| text.to_owned()).map_err(|error| reason(&error))
}

fn denied(text: &str) -> Result<String, String> {
    SafeMode::new().deny_network(text).map(|_| text.to_owned()).map_err(|error| reason(&error))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "write ports between commas: 80,443".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_fixed_as_curl_has_it_and_without_a_port() {
        for (text, host, expected) in [
            ("a.example:443:127.0.0.1", "a.example:443", &["127.0.0.1:0"][..]),
            ("a.example:127.0.0.1", "a.example", &["127.0.0.1:0"]),
            ("a.example:443:[::1],127.0.0.1", "a.example:443", &["[::1]:0", "127.0.0.1:0"]),
            ("a.example:443:::1", "a.example:443", &["[::1]:0"]),
            ("a.example:[2001:db8::1]", "a.example", &["[2001:db8::1]:0"]),
            ("a.example:fd00::1", "a.example", &["[fd00::1]:0"]),
        ] {
            let addresses = expected.iter().map(|address| address.parse().expect("an address")).collect();
            assert_eq!(fixed(text), Ok(Fixed { host: host.to_owned(), addresses }), "{text}");
        }
        for bad in [
            "",
            "a.example",
            "a.example:",
            "a.example:443",
            "a.example:443:",
            "a.example:99999:127.0.0.1",
            "a.example:443:b.example",
            // Port 2001 of db8::1, or 2001:db8::1.
            "a.example:2001:db8::1",
            "127.0.0.1:127.0.0.2",
            ":127.0.0.1",
            "a b:127.0.0.1",
        ] {
            assert!(fixed(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pin_is_for_every_server_or_for_one() {
        let digits = "AB".repeat(32);
        let fingerprint = Fingerprint::from([0xab; 32]);
        assert_eq!(pin(&digits), Ok(Pin { host: None, fingerprint }));
        let host = Some("a.example".to_owned());
        assert_eq!(pin(&format!("a.example={digits}")), Ok(Pin { host, fingerprint }));
        for bad in [format!("={digits}"), "a.example=".to_owned(), "a.example".to_owned()] {
            assert!(pin(&bad).is_err(), "{bad}");
        }
    }
}
