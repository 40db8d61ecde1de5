//! The servers of tests/native/serving.rs, sessions over the platform's fetch, and what must be left of each test.

use std::cell::RefCell;
use std::time::Duration;

use dualfetch::platform::browser::Browser;
use dualfetch::platform::{Backend, Capabilities};
use dualfetch::{Config, DefaultSession, Figures, Session};
use futures_util::future::{Either, select};
use wasm_bindgen::prelude::*;

use crate::contract::{Lab, outcome};

/// How long a test may take. Far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two origins as of `tests/support/routes.rs`, one of faults, one that refuses, one of WebSockets.
const ORIGINS: Option<&str> = option_env!("DUALFETCH_LAB");

pub(crate) struct Browsing {
    pub(crate) capabilities: Capabilities,
    /// Every session made, to see that nothing is left of it.
    sessions: RefCell<Vec<DefaultSession>>,
}

impl Browsing {
    /// A page, or a worker of one.
    pub(crate) fn is_page(&self) -> bool {
        self.capabilities.platform == "browser"
    }

    /// Whether there is a `WebSocket`. Node has one from its version 22 on.
    pub(crate) fn has_websocket(&self) -> bool {
        js_sys::Reflect::has(&js_sys::global(), &"WebSocket".into()).expect("an object")
    }

    /// What this path of the faulty server does wrong is in tests/native/serving.rs.
    pub(crate) fn faulty(&self, path: &str) -> String {
        at(2, path)
    }

    /// A port where nobody listens.
    pub(crate) fn refusing(&self) -> String {
        at(3, "/")
    }

    /// The outcome of this URL, body included, with the defaults.
    pub(crate) async fn outcome(&self, url: &str) -> String {
        let session = self.session(Config::new());
        outcome(&async { session.get(url).await?.bytes().await }.await)
    }
}

impl Lab for Browsing {
    type Session = DefaultSession;

    fn session(&self, config: Config) -> DefaultSession {
        let session = config.build().expect("a session");
        self.sessions.borrow_mut().push(session.clone());
        session
    }

    fn figures(&self, session: &Self::Session) -> Figures {
        session.figures()
    }

    fn url(&self, path: &str) -> String {
        at(0, path)
    }

    fn elsewhere(&self, path: &str) -> String {
        at(1, path)
    }

    fn socket(&self, path: &str) -> String {
        at(4, path)
    }

    fn tells_why(&self) -> bool {
        false
    }

    fn shows_redirects(&self) -> bool {
        self.capabilities.redirects
    }
}

fn at(origin: usize, path: &str) -> String {
    let origins =
        ORIGINS.expect("servers: there was no DUALFETCH_LAB to compile this with; run scripts/browser-tests");
    format!("{}{path}", origins.split(' ').nth(origin).expect("five origins"))
}

/// Runs a test. It fails if it hangs, if anything of it goes on afterwards, here or at the servers, or if a promise was
/// rejected that nobody looked at.
pub(crate) async fn run(test: impl AsyncFnOnce(&Browsing)) {
    let capabilities = Browser::new().capabilities().clone();
    let lab = Browsing { capabilities, sessions: RefCell::default() };
    unhandled(&lab);
    within("the test's end", test(&lab)).await;
    for session in lab.sessions.take() {
        within("a session at rest", at_rest(&session)).await;
    }
    for idle in [lab.url("/lab/idle"), lab.socket("/ws/idle")] {
        let idle = DefaultSession::new().expect("a session").get(idle).await.expect("an answer");
        let status = idle.status().as_u16();
        assert_eq!((status, &*idle.text().await.expect("a text")), (204, ""), "this goes on at the servers");
    }
    assert_eq!(unhandled(&lab), [""; 0]);
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let late = pause(PATIENCE);
    match select(std::pin::pin!(future), std::pin::pin!(late)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => panic!("waited {PATIENCE:?} in vain for {what}"),
    }
}

pub(crate) async fn pause(duration: Duration) {
    let browser = Browser::new();
    browser.sleep_until(browser.now() + duration).await;
}

/// Responses read in the background end without being awaited.
async fn at_rest(session: &DefaultSession) {
    while session.figures() != Figures::default() {
        pause(Duration::from_millis(5)).await;
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = addEventListener)]
    fn listen(kind: &str, run: &JsValue);
    #[wasm_bindgen(js_namespace = process, js_name = on)]
    fn listen_in_node(kind: &str, run: &JsValue);
}

thread_local! {
    static UNHANDLED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// The rejected promises that nobody looked at, since the first call.
fn unhandled(lab: &Browsing) -> Vec<String> {
    UNHANDLED.with_borrow_mut(|seen| {
        if seen.is_none() {
            let see = Closure::<dyn Fn(JsValue)>::new(|rejection: JsValue| {
                let reason = js_sys::Reflect::get(&rejection, &"reason".into()).unwrap_or(rejection);
                UNHANDLED.with_borrow_mut(|seen| seen.get_or_insert_default().push(format!("{reason:?}")));
            })
            .into_js_value();
            match lab.is_page() {
                true => listen("unhandledrejection", &see),
                false => listen_in_node("unhandledRejection", &see),
            }
        }
        std::mem::take(seen.get_or_insert_default())
    })
}
