//! How settings are read that are more than a number: what is taken, and what is told of the rest.

use std::net::IpAddr;

use dualfetch::SafeMode;

use super::words::AUTO;

/// As browsers send it: a scheme and a host, in lower case, with no path.
pub(super) fn origin(text: &str) -> Result<String, String> {
    const FORM: &str =
        "write it as a browser sends it, such as https://app.example or http://localhost:3000, or `*`";
    if text == "*" {
        return Ok(text.to_owned());
    }
    let url = dualfetch::Url::parse(text).map_err(|_| format!("{text:?} is no origin: {FORM}"))?;
    let plain = url.as_str().strip_suffix('/').unwrap_or(url.as_str());
    let has_host_alone = text.split_once("://").is_some_and(|(_, host)| !host.contains(['/', '?', '#', '@']));
    match matches!(url.scheme(), "http" | "https") && has_host_alone && plain == text {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is no origin: {FORM}")),
    }
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let url = dualfetch::Url::parse(&format!("http://{text}/"));
    match url.ok().filter(|url| url.as_str().strip_prefix("http://") == Some(&format!("{text}/"))) {
        Some(url) if url.port().is_none_or(|port| port == 80) && !text.contains(['@', '/']) => {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "{text:?} is no name of a host in lower case, such as gateway.example, without a port"
        )),
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no IP address"))
}

pub(super) fn allowed(text: &str) -> Result<String, String> {
    SafeMode::new().allow_network(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn denied(text: &str) -> Result<String, String> {
    SafeMode::new().deny_network(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("{text:?} is no port from 1 to 65535"))
}

pub(super) fn user_agent(text: String) -> Result<Option<String>, String> {
    match http::HeaderValue::from_str(&text) {
        Ok(_) if text == AUTO => Ok(None),
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(format!("{text:?} cannot be sent in a header field")),
    }
}

/// A key itself that was put here is not repeated.
pub(super) fn keys(table: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    let mut keys: Vec<(String, String)> = Vec::new();
    for (name, hash) in table {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            return Err("the name of a key has letters, digits, `-`, `_` and `.`, 64 at most".to_owned());
        }
        let hex = hash
            .strip_prefix("sha256:")
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(hex) = hex else {
            return Err(format!(
                "{name}: it must be the hash of a key, sha256: and 64 hexadecimal digits, never the key itself; \
                 `dualfetch serve --new-key {name}` makes both"
            ));
        };
        if keys.iter().any(|(known, _)| *known == name) {
            return Err(format!("{name}: there are two keys of this name"));
        }
        keys.push((name, format!("sha256:{}", hex.to_ascii_lowercase())));
    }
    keys.sort();
    Ok(keys)
}
