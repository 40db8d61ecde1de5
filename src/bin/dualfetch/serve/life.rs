//! The server's life: it listens, reads its settings again, and ends.

use std::future::pending;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use dualfetch::gateway::{Gateway, Settings};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::args::ServeArgs;
use crate::signals::{Signal, Signals};
use crate::{Stop, output};

use super::addresses::Addresses;
use super::configuration::{Configuration, Folder};
use super::connection::Server;
use super::listener::Listener;
use super::log::Log;
use super::sources::Resolved;
use super::traffic::Times;
use super::value::Value;
use super::words::WORDS;
use super::{notices, settings};

/// Serves until it is told to end, so many connections at once.
pub(super) async fn live(
    args: &ServeArgs,
    mut configuration: Configuration,
    settings: Settings,
    most: usize,
    log: &Log,
) -> Result<ExitCode, Stop> {
    let has_page = settings.assets.is_some();
    let gateway = Gateway::new(settings).map_err(|error| Stop::Fault(error.to_string()))?;
    let cannot_start = |error: io::Error| Stop::Fault(format!("cannot start: {error}"));
    let (mut signals, mut hangup) =
        (Signals::new().map_err(cannot_start)?, Hangup::new().map_err(cannot_start)?);
    let mut listeners = Vec::new();
    for listen in &configuration.listen {
        listeners.push(Listener::bind(listen, configuration.socket_mode).await?);
    }
    let urls: Vec<String> = listeners.iter().map(Listener::url).collect();
    let times = Times { header: configuration.header_timeout, idle: configuration.idle_timeout };
    let (end, ending) = watch::channel(false);
    let server = Server::new(gateway.router(), times, ending.clone());
    let places = Arc::new(Semaphore::new(most));
    let addresses = Addresses::new(configuration.max_connections_per_address, gateway.clone());
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(listener.accept(
            server.clone(),
            Arc::clone(&places),
            addresses.clone(),
            ending.clone(),
        ));
    }
    let status = format!("listening on {}", urls.join(", "));
    welcome(&configuration, &urls, has_page);
    notices::ready(&status);
    loop {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!("{} came: what is under way is finished", name(signal));
                break;
            }
            () = hangup.next() => {
                notices::reloading();
                log.reopen();
                let told = reload(args, &mut configuration, &gateway);
                notices::ready(&told.map_or_else(|error| format!("{status}; the settings stay as they were: {error}"), |()| status.clone()));
            }
        }
    }
    let _ = end.send(true);
    notices::stopping(configuration.stop_timeout);
    gateway.drain();
    let ended = Ending { gateway, places, most, accepting };
    Ok(ended.within(configuration.stop_timeout, &mut signals).await)
}

/// Tells where it is, and how it is used.
fn welcome(configuration: &Configuration, urls: &[String], has_page: bool) {
    for url in urls {
        // Programs wait for these lines; where nobody reads them there is nobody to tell.
        let _ = super::print(&format!("listening on {url}\n"));
        tracing::info!("listening on {url}");
    }
    let Some(url) = urls.first().filter(|url| url.starts_with("http")) else { return };
    let key = if configuration.keys.is_empty() { "" } else { " -H \"Authorization: Bearer $KEY\"" };
    match has_page {
        true => tracing::info!("the page: {url}/"),
        // The repository is not here, or the package is not built in it.
        false if configuration.page == Folder::Auto => tracing::info!(
            "no page is served: --page and --package say where it is; in dualfetch's repository scripts/package builds it"
        ),
        false => {}
    }
    tracing::info!("fetch through it: curl{key} '{url}/fetch?url=https%3A%2F%2Fexample.com%2F'");
    match configuration.keys.len() {
        0 => tracing::info!("no key is needed, and only this machine is served"),
        1 => tracing::info!("one key may use it"),
        keys => tracing::info!("{keys} keys may use it"),
    }
    warn_of_openness(configuration);
}

/// What may be wished, and may be a slip with consequences.
fn warn_of_openness(configuration: &Configuration) {
    let networks = &configuration.allow_network;
    if !networks.is_empty() {
        let networks = networks.join(", ");
        tracing::warn!(
            "whoever uses it can fetch from {networks}, too: what is meant for this machine or network alone"
        );
    }
    if configuration.keys.is_empty() && configuration.origins.iter().any(|origin| origin == "*") {
        tracing::warn!(
            "pages of every site that is open in a browser of this machine can use it: origin is *, with no key"
        );
    }
}

/// Reads the settings again and has those count that can without a restart. The old ones stay where the new ones are wrong.
fn reload(args: &ServeArgs, current: &mut Configuration, gateway: &Gateway) -> Result<(), String> {
    let again = || -> Result<Configuration, String> {
        let mut new = Resolved::new(&args.given, args.config.as_deref())?.configuration;
        for word in WORDS.iter().filter(|word| !word.live) {
            let (is, wanted): (Value, Value) = ((word.write)(current), (word.write)(&new));
            if is != wanted {
                tracing::warn!("{} becomes {wanted} with a restart alone", word.word);
            }
            (word.read)(&mut new, is)?;
        }
        new.check().map_err(|(word, error)| format!("{word}: {error}"))?;
        let settings = settings::settings(&new)?;
        gateway.reload(settings).map_err(|error| error.to_string())?;
        Ok(new)
    };
    match again() {
        Ok(new) => {
            *current = new;
            tracing::info!("the settings were read again");
            Ok(())
        }
        Err(error) => {
            let error = output::plain(&error);
            tracing::error!("the settings stay as they were: {error}");
            Err(error)
        }
    }
}

/// A server that takes no more connections.
struct Ending {
    gateway: Gateway,
    places: Arc<Semaphore>,
    /// Of places.
    most: usize,
    accepting: JoinSet<()>,
}

impl Ending {
    /// What is under way is finished; shortly before the time is over it is told to end, and then it is cut off. A signal
    /// cuts it off at once.
    async fn within(mut self, time: Duration, signals: &mut Signals) -> ExitCode {
        let end = Instant::now() + time;
        // They take what has come to them, which waits for nothing, and give back the place that they had ready.
        while self.accepting.join_next().await.is_some() {}
        let close = end - (time / 10).min(Duration::from_secs(1));
        let mut signalled = false;
        let finished = tokio::select! {
            () = self.finished() => true,
            () = sleep_until(close) => false,
            _ = signals.next() => { signalled = true; false }
        };
        if finished {
            self.gateway.close();
            tracing::info!("ended, with everything finished");
            return ExitCode::SUCCESS;
        }
        let late = self.connections();
        self.gateway.close();
        if !signalled {
            tokio::select! {
                _ = timeout_at(end, self.finished()) => {}
                _ = signals.next() => {}
            }
        }
        tracing::warn!("ended, with {late} connections cut off");
        ExitCode::from(1)
    }

    async fn finished(&self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        if self.places.acquire_many(all).await.is_err() {
            pending::<()>().await;
        }
    }

    fn connections(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }
}

fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Interrupt => "SIGINT",
        Signal::Terminate => "SIGTERM",
    }
}

/// The signal that asks for the settings to be read again.
struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Hangup {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signal: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
impl Hangup {
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        pending::<()>().await;
    }
}
