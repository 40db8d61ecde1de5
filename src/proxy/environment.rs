//! Proxies as the environment names them.

use std::ffi::OsString;

use crate::error::{Error, ErrorKind, Result};

use super::exempt::Exempt;
use super::{Proxy, Scope};

/// The proxies of an environment, which is asked by the names of its variables.
pub(super) fn proxies(of: impl Fn(&str) -> Option<OsString>) -> Result<Vec<Proxy>> {
    let exempt = match value(&of, "no_proxy", true)? {
        None => Exempt::default(),
        Some((name, hosts)) => {
            let mut exempt = Exempt::default();
            exempt.add(&hosts).map_err(|why| wrong(&name, &why))?;
            exempt
        }
    };
    let is_cgi = of("REQUEST_METHOD").is_some();
    // Those for WebSockets go first: what has none takes the one for requests.
    let rules = [
        ("ws_proxy", true, Scope::Ws),
        ("wss_proxy", true, Scope::Wss),
        ("http_proxy", !is_cgi, Scope::Http),
        ("https_proxy", true, Scope::Https),
        ("all_proxy", true, Scope::Every),
    ];
    let mut proxies = Vec::new();
    for (name, with_capitals, scope) in rules {
        let Some((name, url)) = value(&of, name, with_capitals)? else { continue };
        let mut proxy = match url.trim().is_empty() {
            true => Proxy::direct(),
            false => Proxy::new(&url).map_err(|error| wrong(&name, error.message().unwrap_or_default()))?,
        };
        proxy.exempt = exempt.clone();
        proxies.push(Proxy { scope, ..proxy });
    }
    Ok(proxies)
}

/// A variable's value, and the name under which it was found.
fn value(
    of: &impl Fn(&str) -> Option<OsString>,
    name: &str,
    with_capitals: bool,
) -> Result<Option<(String, String)>> {
    let names = [Some(name.to_owned()), with_capitals.then(|| name.to_ascii_uppercase())];
    let found = names.into_iter().flatten().find_map(|name| of(&name).map(|value| (name, value)));
    let Some((name, value)) = found else { return Ok(None) };
    match value.into_string() {
        Ok(value) => Ok(Some((name, value))),
        Err(_) => Err(wrong(&name, "it is no text")),
    }
}

fn wrong(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "proxy" })
        .with_message(format!("the variable {name}: {why}"))
}
