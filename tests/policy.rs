//! The engine's policy in virtual time, on the scripted backend: the same tests on every target.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(not(target_arch = "wasm32"))]
#[path = "support/folder.rs"]
mod folder;
#[cfg(feature = "digest")]
mod strict;

mod policy {
    pub(crate) mod batch;
    pub(crate) mod closing;
    pub(crate) mod coming_from;
    pub(crate) mod connecting;
    pub(crate) mod conversions;
    #[cfg(feature = "cookies")]
    pub(crate) mod cookies;
    pub(crate) mod deadlines;
    #[cfg(feature = "digest")]
    pub(crate) mod digest;
    #[cfg(feature = "digest")]
    pub(crate) mod digest_nonces;
    /// Files are native.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) mod downloads;
    pub(crate) mod dyn_session;
    pub(crate) mod event_sources;
    pub(crate) mod event_streams;
    pub(crate) mod events;
    /// Wakers are `Send`, which the platform is on native targets alone.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) mod handover;
    #[cfg(feature = "json")]
    pub(crate) mod json;
    pub(crate) mod limits;
    pub(crate) mod middleware;
    /// multer is there for native targets.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) mod multer;
    pub(crate) mod multipart;
    pub(crate) mod netrc;
    pub(crate) mod options;
    pub(crate) mod pages;
    pub(crate) mod parts;
    pub(crate) mod pieces;
    /// proptest is for native targets.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) mod properties;
    pub(crate) mod rate;
    pub(crate) mod reading;
    pub(crate) mod redirects;
    pub(crate) mod responses;
    pub(crate) mod retries;
    pub(crate) mod session_options;
    #[cfg(all(feature = "tracing", not(target_arch = "wasm32")))]
    pub(crate) mod spans;
    pub(crate) mod uploads;
    #[cfg(feature = "websocket")]
    pub(crate) mod websocket;
}

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use dualfetch::platform::scripted::Scripted;
use dualfetch::{Client, Config};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Polls once, as a `select!` does whose other arm wins. Whether it is pending.
async fn once<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_pending())).await
}

/// A session over a new scripted platform.
fn session(config: Config) -> (Scripted, Client<Scripted>) {
    let platform = Scripted::new(1);
    let session = Client::with_backend(config, platform.clone()).expect("sound settings");
    (platform, session)
}

#[test]
fn a_run_in_virtual_time_is_the_same_each_time() {
    use dualfetch::Session;
    use dualfetch::platform::scripted::Reply;

    let run = || {
        let (platform, session) = session(Config::new().limit(2));
        platform.on_every(|request: &dualfetch::Request| {
            let pause = request.url().path().len() as u64;
            Reply::ok("x").after(secs(pause))
        });
        platform.run(futures_util::future::join_all(
            ["/a", "/bbbb", "/cc"].map(|path| session.get(format!("https://a.example{path}")).send()),
        ));
        (platform.elapsed(), format!("{:?}", platform.calls()))
    };
    assert_eq!(run(), run());
}
