//! [`SafeMode`]: for programs that fetch what strangers name.

use std::net::IpAddr;

use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

mod network;

pub(crate) use network::Network;

/// Which schemes, ports and addresses may be asked at all: the defence of a program that fetches what strangers name
/// (previews of links, webhooks, feeds, images by URL) against being sent to what only it can reach: server-side request
/// forgery, SSRF.
///
/// The defaults let through `http` and `https`, ports 80 and 443, and addresses of the public internet:
///
/// | | denied |
/// |---|---|
/// | IPv4 and IPv6 | every block of IANA's special-purpose registries (RFC 6890) and their later additions: loopback, private, unique local, link-local, shared (100.64.0.0/10), documentation, benchmarking, "this network", protocols and their anycast; multicast, broadcast, what is reserved or not given out; metadata services of clouds, the one at a public address (168.63.129.16) too |
/// | IPv6 that stands for IPv4 | mapped (`::ffff:10.0.0.1`), compatible, translated, 6to4, Teredo, ISATAP and local NAT64 (64:ff9b:1::/48) forms, whatever is inside; the well-known NAT64 prefix (64:ff9b::/96) where the address inside is denied, since networks without IPv4 reach all of it that way |
///
/// Ports are an allow-list because a web client that can be sent to any port is a port scanner and, by what it sends, a
/// poor client of mail servers and databases.
///
/// What decides on an address, the first that applies: [`deny_network`](Self::deny_network),
/// [`allow_network`](Self::allow_network), the table above.
///
/// In a session every hop is checked: the URL before anything is sent, a name's addresses after its look-up, and the
/// connection goes to an address that was checked, without a second look-up. Addresses fixed by
/// [`Config::resolve`](crate::Config::resolve) are checked as well; the ports fixed there are the program's own choice
/// and are not. Refusals are [`ErrorKind::Denied`], and a name of which some addresses are denied is asked at the others.
/// Spellings such as `127.1` or `0x7f.0.0.1` never come so far: [`Url::parse`] refuses them as
/// [`ErrorKind::InvalidUrl`].
///
/// A request's own, by [`RequestBuilder::safe_mode`](crate::RequestBuilder::safe_mode), takes the place of the session's
/// as a whole and may let through more than it: leave it to the program, never to strangers. A session that has proxies,
/// those of [`Proxy::from_env`](crate::Proxy::from_env) too, is not built with it: what a proxy connects to cannot be
/// checked here.
///
/// What it cannot know: public addresses that are one's own (a firewall may trust them) and a NAT64 prefix out of one's
/// own public IPv6 addresses. Deny those by name.
///
/// ```
/// use dualfetch::{SafeMode, Url};
///
/// let safe = SafeMode::new().allow_network("10.1.0.0/16")?.deny_network("10.1.9.9")?.allow_ports([80, 443, 8443]);
/// safe.check_url(&Url::parse("https://example.com/")?)?;
/// safe.check_url(&Url::parse("http://10.1.0.7/")?)?;
/// let error = safe.check_url(&Url::parse("http://[::1]/")?).unwrap_err();
/// assert_eq!((error.code(), error.message()), ("denied", Some("::1 is loopback (RFC 4291)")));
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "it does nothing until a session is given it"]
pub struct SafeMode {
    schemes: Vec<&'static str>,
    /// `None` for any.
    ports: Option<Vec<u16>>,
    allowed: Vec<Network>,
    denied: Vec<Network>,
}

/// The schemes that can be asked at all.
const SCHEMES: [&str; 2] = ["http", "https"];

impl SafeMode {
    /// The public internet by `http` and `https` at ports 80 and 443.
    pub fn new() -> Self {
        Self {
            schemes: SCHEMES.to_vec(),
            ports: Some(vec![80, 443]),
            allowed: Vec::new(),
            denied: Vec::new(),
        }
    }

    /// Lets through what would be denied by default: `10.1.0.0/16`, `fd00:1::/32`, or one address. An address is
    /// compared as it is written: `10.0.0.0/8` lets no `::ffff:10.0.0.1` through. May be called many times.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] with the text that is no network, or whose address has bits beyond its prefix.
    pub fn allow_network(mut self, network: &str) -> Result<Self> {
        self.allowed.push(read(network, "allow_network")?);
        Ok(self)
    }

    /// Denies these addresses, whatever else allows them: `203.0.113.0/24`, `2a00:1::/32`, or one address. IPv4 ones
    /// are denied in every IPv6 form of them that is known, too. May be called many times.
    ///
    /// # Errors
    /// As [`allow_network`](Self::allow_network).
    pub fn deny_network(mut self, network: &str) -> Result<Self> {
        self.denied.push(read(network, "deny_network")?);
        Ok(self)
    }

    /// The ports that may be asked, in place of 80 and 443.
    pub fn allow_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        let mut ports: Vec<u16> = ports.into_iter().collect();
        ports.sort_unstable();
        ports.dedup();
        self.ports = Some(ports);
        self
    }

    /// Any port may be asked.
    pub fn allow_any_port(mut self) -> Self {
        self.ports = None;
        self
    }

    /// The schemes that may be asked, in place of `http` and `https`: `["https"]`, redirects included.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] with a scheme that is neither of the two.
    pub fn allow_schemes<'a>(mut self, schemes: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.schemes.clear();
        for scheme in schemes {
            let known = SCHEMES.into_iter().find(|known| scheme.eq_ignore_ascii_case(known));
            let Some(known) = known else {
                return Err(Error::new(ErrorKind::InvalidOption { option: "allow_schemes" })
                    .with_message(format!("{scheme:?} is neither http nor https")));
            };
            self.schemes.push(known);
        }
        self.schemes.sort_unstable();
        self.schemes.dedup();
        Ok(self)
    }

    /// Whether this URL may be asked: its scheme, its port and, where its host is an address, that address. The
    /// addresses of a name are [`check_address`](Self::check_address)'s, after its look-up.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] with what is not allowed, and why.
    pub fn check_url(&self, url: &Url) -> Result<()> {
        let scheme = url.scheme();
        let refused = if !self.schemes.contains(&scheme) {
            Err(format!("the scheme {scheme:?} is not among {:?}", self.schemes))
        } else if let (Some(ports), port) = (&self.ports, url.port())
            && !port.is_some_and(|port| ports.contains(&port))
        {
            Err(format!("port {} is not among {ports:?}", port.unwrap_or_default()))
        } else {
            match url.host().and_then(address_of) {
                Some(address) => self.judge(address),
                None => Ok(()),
            }
        };
        refused.map_err(|why| denied(why).with_url(url))
    }

    /// Whether this address may be connected to.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] with the address and what it is: `10.0.0.1 is private (RFC 1918)`.
    pub fn check_address(&self, address: IpAddr) -> Result<()> {
        self.judge(address).map_err(denied)
    }

    fn judge(&self, address: IpAddr) -> Result<(), String> {
        if let Some(network) = self.denied.iter().find(|network| network.contains(address)) {
            return Err(format!("{address} is in {network}, which deny_network names"));
        }
        let forms = network::embedded(address);
        for inner in forms.into_iter().flatten().map(IpAddr::V4) {
            if let Some(network) = self.denied.iter().find(|network| network.contains(inner)) {
                return Err(format!(
                    "{address} stands for {inner}, which is in {network}, which deny_network names"
                ));
            }
        }
        if self.allowed.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        network::built_in(address)
    }
}

impl Default for SafeMode {
    fn default() -> Self {
        Self::new()
    }
}

fn read(text: &str, option: &'static str) -> Result<Network> {
    Network::parse(text).map_err(|why| {
        Error::new(ErrorKind::InvalidOption { option }).with_message(format!("{text:?}: {why}"))
    })
}

/// The address that a host is, which is a name otherwise.
fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn denied(why: String) -> Error {
    Error::new(ErrorKind::Denied).with_message(why)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn told(safe: &SafeMode, address: &str) -> Option<String> {
        let address = address.parse().expect("an address");
        let error = safe.check_address(address).err()?;
        assert_eq!(*error.kind(), ErrorKind::Denied);
        error.message().map(str::to_owned)
    }

    fn of_url(safe: &SafeMode, url: &str) -> Option<String> {
        let error = safe.check_url(&Url::parse(url).expect("a URL")).err()?;
        assert_eq!(*error.kind(), ErrorKind::Denied);
        error.message().map(str::to_owned)
    }

    #[test]
    fn what_is_denied_is_named_with_its_rule() {
        let safe = SafeMode::new();
        for (address, expected) in [
            ("10.0.0.1", "10.0.0.1 is private (RFC 1918)"),
            ("127.255.255.254", "127.255.255.254 is loopback (RFC 1122)"),
            ("169.254.169.254", "169.254.169.254 is a cloud's metadata service"),
            ("168.63.129.16", "168.63.129.16 is a cloud's metadata service"),
            ("100.64.0.1", "100.64.0.1 is shared by a carrier's customers (RFC 6598)"),
            ("255.255.255.255", "255.255.255.255 is broadcast (RFC 919)"),
            ("::", ":: is unspecified (RFC 4291)"),
            ("fd00:ec2::254", "fd00:ec2::254 is a cloud's metadata service"),
            ("fd12::1", "fd12::1 is unique local (RFC 4193)"),
            ("4000::1", "4000::1 is not among the public addresses, 2000::/3 (RFC 4291)"),
            ("::ffff:8.8.8.8", "::ffff:8.8.8.8 is IPv4-mapped (RFC 4291)"),
            ("2002:a00:1::", "2002:a00:1:: is of 6to4 (RFC 7526)"),
            ("64:ff9b::a00:1", "64:ff9b::a00:1 stands for 10.0.0.1, which is private (RFC 1918)"),
        ] {
            assert_eq!(told(&safe, address).as_deref(), Some(expected));
        }
    }

    #[test]
    fn public_addresses_and_names_are_let_through() {
        let safe = SafeMode::new();
        for url in ["http://example.com/", "https://1.1.1.1/", "http://[2606:4700::1111]/", "https://a.b:80/"]
        {
            assert_eq!(of_url(&safe, url), None, "{url}");
        }
        assert_eq!(told(&safe, "64:ff9b::808:808"), None, "public IPv4 as a network without IPv4 reaches it");
    }

    #[test]
    fn own_denials_go_before_own_allowances_and_those_before_the_built_in_table() {
        let safe = SafeMode::new();
        let safe = safe.allow_network("10.0.0.0/8").and_then(|safe| safe.deny_network("10.9.0.0/16"));
        let safe = safe.and_then(|safe| safe.deny_network("8.8.8.8")).expect("networks");
        assert_eq!(told(&safe, "10.1.2.3"), None);
        let in_denied = "10.9.0.1 is in 10.9.0.0/16, which deny_network names";
        assert_eq!(told(&safe, "10.9.0.1").as_deref(), Some(in_denied));
        let inside = "64:ff9b::808:808 stands for 8.8.8.8, which is in 8.8.8.8/32, which deny_network names";
        assert_eq!(told(&safe, "64:ff9b::808:808").as_deref(), Some(inside));
        for form in ["::ffff:10.1.2.3", "::10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::"] {
            assert!(told(&safe, form).is_some(), "{form} is another address than the allowed one");
        }
    }

    #[test]
    fn an_own_denial_is_seen_through_every_form_that_is_allowed_by_name() {
        let safe = SafeMode::new().allow_network("::/0").and_then(|safe| safe.deny_network("10.0.0.0/8"));
        let safe = safe.expect("networks");
        for form in [
            "::ffff:10.1.2.3",
            "::10.1.2.3",
            "::ffff:0:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "64:ff9b:1::10.1.2.3",
            "64:ff9b:1:a01:2:300::",
            "2002:a01:203::1",
            "2001:0:a01:203::",
            "2001:0:102:304:0:0:f5fe:fdfc",
            "fe80::5efe:10.1.2.3",
            "2a00::200:5efe:10.1.2.3",
            "2002:808:808::5efe:10.1.2.3",
            "2002:a01:203::5efe:8.8.8.8",
            "2001:0:808:808::5efe:10.1.2.3",
        ] {
            assert!(told(&safe, form).is_some(), "{form}");
        }
        assert_eq!(told(&safe, "fe80::1"), None);
    }

    #[test]
    fn ports_and_schemes_are_those_of_the_lists() {
        let safe = SafeMode::new();
        let refused = of_url(&safe, "http://example.com:22/").expect("refused");
        assert_eq!(refused, "port 22 is not among [80, 443]");
        assert_eq!(of_url(&safe.clone().allow_any_port(), "http://example.com:22/"), None);
        let own = safe.allow_ports([8443, 443, 443]);
        assert_eq!(of_url(&own, "https://example.com:8443/"), None);
        assert_eq!(of_url(&own, "http://example.com/").expect("refused"), "port 80 is not among [443, 8443]");
        let secure = SafeMode::new().allow_schemes(["HTTPS"]).expect("a scheme");
        let refused = of_url(&secure, "http://example.com/").expect("refused");
        assert_eq!(refused, "the scheme \"http\" is not among [\"https\"]");
        assert!(of_url(&SafeMode::new(), "ftp://example.com/").is_some());
    }

    #[test]
    fn what_is_no_network_or_scheme_is_refused_by_its_text() {
        for text in
            ["", "10", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.1/8", "::/129", "fe80::1%1/64"]
        {
            let error = SafeMode::new().deny_network(text).expect_err(text);
            assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "deny_network" });
            assert!(error.message().is_some_and(|message| message.contains(&format!("{text:?}"))), "{error}");
        }
        let error = SafeMode::new().allow_schemes(["https", "ftp"]).expect_err("ftp");
        assert_eq!(error.message(), Some("\"ftp\" is neither http nor https"));
    }

    #[test]
    fn a_whole_family_may_be_named() {
        let open = SafeMode::new().allow_network("0.0.0.0/0").expect("a network");
        assert_eq!(told(&open, "127.0.0.1"), None);
        assert!(told(&open, "::1").is_some());
    }
}
