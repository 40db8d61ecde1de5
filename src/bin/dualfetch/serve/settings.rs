//! The configuration as the gateway takes it.

use std::path::PathBuf;

use dualfetch::gateway::{Assets, CallRate, Settings};
use dualfetch::{Error, SafeMode, Timeout};

use super::configuration::{Configuration, Folder};

/// The gateway's part. What is wrong with it is told by the setting's name.
pub(super) fn settings(from: &Configuration) -> Result<Settings, String> {
    let mut settings = Settings::new();
    for (name, hash) in &from.keys {
        settings.keys = settings.keys.add(name, hash).map_err(|error| told("key", &error))?;
    }
    settings.origins.clone_from(&from.origins);
    settings.hosts.clone_from(&from.hosts);
    settings.rate = rate(from).map_err(|error| told("rate", &error))?;
    settings.trusted_proxies.clone_from(&from.trusted_proxies);
    settings.limit = from.limit;
    settings.limit_per_host = from.limit_per_host;
    settings.limit_per_caller = from.limit_per_caller;
    settings.timeout = timeout(from);
    settings.retries = from.retries;
    settings.max_redirects = from.max_redirects;
    settings.max_response = from.max_response;
    settings.max_upload = from.max_upload;
    settings.max_urls = from.max_urls;
    settings.safe_mode = safe_mode(from)?;
    if let Some(user_agent) = &from.user_agent {
        settings.user_agent.clone_from(user_agent);
    }
    settings.assets = assets(from)?;
    Ok(settings)
}

fn rate(from: &Configuration) -> Result<Option<CallRate>, Error> {
    let Some(rate) = from.rate else { return Ok(None) };
    let of = CallRate::new(rate.count, rate.per)?;
    match from.burst {
        Some(burst) => of.burst(burst).map(Some),
        None => Ok(Some(of)),
    }
}

fn timeout(from: &Configuration) -> Timeout {
    Timeout::new()
        .total(from.total_timeout)
        .headers(from.timeout)
        .connect(from.connect_timeout)
        .queue(from.queue_timeout)
        .read(from.read_timeout)
}

fn safe_mode(from: &Configuration) -> Result<SafeMode, String> {
    let mut safe = SafeMode::new();
    for network in &from.allow_network {
        safe = safe.allow_network(network).map_err(|error| told("allow_network", &error))?;
    }
    for network in &from.deny_network {
        safe = safe.deny_network(network).map_err(|error| told("deny_network", &error))?;
    }
    Ok(match from.allow_any_port {
        true => safe.allow_any_port(),
        false => safe.allow_ports(from.allow_port.iter().copied()),
    })
}

/// The page's folder and the package's: those that were asked for have to be there.
fn assets(from: &Configuration) -> Result<Option<Assets>, String> {
    let page = folder("page", &from.page, "www", "index.html")?;
    let package = folder("package", &from.package, "pkg", "dist/web/index.web.js")?;
    match (page, package) {
        (Some(page), Some(package)) => {
            Assets::new(page, package).map(Some).map_err(|error| told("page", &error))
        }
        (Some(_), None) if matches!(from.page, Folder::At(_)) => Err(
            "page: it needs the npm package, too; scripts/package builds it, and --package says where it is"
                .to_owned(),
        ),
        (None, Some(_)) if matches!(from.package, Folder::At(_)) => {
            Err("package: it is for a page, and there is none; --page says where it is".to_owned())
        }
        _ => Ok(None),
    }
}

fn folder(word: &str, folder: &Folder, name: &str, has: &str) -> Result<Option<PathBuf>, String> {
    match folder {
        Folder::Nowhere => Ok(None),
        Folder::At(path) if path.join(has).is_file() => Ok(Some(path.clone())),
        Folder::At(path) => Err(format!("{word}: there is no {has} in {}", path.display())),
        Folder::Auto => {
            Ok(Assets::repository().map(|root| root.join(name)).filter(|folder| folder.join(has).is_file()))
        }
    }
}

fn told(word: &str, error: &Error) -> String {
    format!("{word}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_gateways_own() {
        let default =
            Configuration { page: Folder::Nowhere, package: Folder::Nowhere, ..Configuration::default() };
        let settings = settings(&default).expect("defaults");
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::new()));
    }
}
