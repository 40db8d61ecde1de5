//! How settings are read that are more than a number: what is taken, and what is told of the rest.

use dualfetch::gateway::{Keys, Settings};
use dualfetch::{Error, SafeMode};

use super::words::AUTO;

pub(super) fn origin(text: &str) -> Result<String, String> {
    let mut settings = Settings::new();
    settings.origins.push(text.to_owned());
    settings.check().map(|()| text.to_owned()).map_err(|error| told(&error))
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let mut settings = Settings::new();
    settings.hosts.push(text.to_owned());
    settings.check().map(|()| text.to_owned()).map_err(|error| told(&error))
}

/// The setting is named by who has said it.
fn told(error: &Error) -> String {
    error.message().map_or_else(|| error.to_string(), str::to_owned)
}

pub(super) fn proxy(text: &str) -> Result<String, String> {
    let mut settings = Settings::new();
    settings.trusted_proxies.push(text.to_owned());
    settings.check().map(|()| text.to_owned()).map_err(|error| told(&error))
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

/// As chmod has it: `0660`.
pub(super) fn mode(text: String) -> Result<u32, String> {
    let is_plain = (3..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| is_plain && *mode <= 0o777);
    mode.ok_or_else(|| format!("{text:?} is no mode of a file, such as 0660"))
}

pub(super) fn user_agent(text: String) -> Result<Option<String>, String> {
    match http::HeaderValue::from_str(&text) {
        Ok(_) if text == AUTO => Ok(None),
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(format!("{text:?} cannot be sent in a header field")),
    }
}

/// A key itself that was put here is not repeated.
pub(super) fn keys(mut table: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    const MEND: &str = "it is never the key itself; `dualfetch serve --new-key NAME` makes both";
    let mut keys = Keys::new();
    for (name, hash) in &table {
        keys = keys.add(name, hash).map_err(|error| format!("{}; {MEND}", told(&error)))?;
    }
    table.sort();
    Ok(table)
}
