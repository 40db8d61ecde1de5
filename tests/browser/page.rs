//! What a page and its workers do otherwise than the contract says, and what it costs there.

use dualfetch::{Config, Error, Session, SessionExt, Timeout};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{Lab, echoed, is_pending, outcome};

use super::lab::{Browsing, pause, run, within};

async fn in_a_page(test: impl AsyncFnOnce(&Browsing)) {
    run(async |lab| {
        if lab.is_page() {
            test(lab).await;
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn redirects_are_followed_unseen() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new());
        for (asked, answered) in [
            (lab.url("/redirect/3"), lab.url("/redirect/0")),
            (lab.url("/redirect/3#part"), lab.url("/redirect/0#part")),
            (
                lab.url(&format!("/redirect-to?location={}", lab.elsewhere("/page/0"))),
                lab.elsewhere("/page/0"),
            ),
        ] {
            let response = session.get(asked).await.expect("a response");
            assert_eq!((response.status().as_u16(), response.history().len()), (200, 0));
            assert_eq!(response.url().as_str(), answered);
            assert!(response.text().await.expect("a page").contains("<title>Page 0</title>"));
        }
        let page = session.page(lab.url("/redirect/2")).await.expect("a page");
        assert_eq!((page.title.as_deref(), page.redirects), (Some("Page 0"), 0));
    })
    .await;
}

#[wasm_bindgen_test]
async fn another_origin_gets_no_credentials() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new().header("x-session", "kept"));
        let url = lab.url(&format!("/redirect-to?location={}", lab.elsewhere("/echo")));
        let get = session.get(url).header("authorization", "Bearer secret");
        let echo = get.await.expect("a response").text().await.expect("an echo");
        assert_eq!(["authorization", "x-session"].map(|name| echoed(&echo, name)), ["", "kept"]);
    })
    .await;
}

#[wasm_bindgen_test]
async fn redirects_that_it_may_not_or_cannot_follow_are_network_errors() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new());
        for url in [
            lab.url("/loop"),
            lab.url("/redirect/21"),
            lab.url("/redirect-to?location=file:///etc/passwd"),
            lab.url(&format!("/redirect-to?location={}", lab.faulty("/forbidden"))),
        ] {
            let error = session.get(&url).await.expect_err("no response");
            assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("network", Some(&url[..])));
            assert_eq!((error.attempts(), error.history().len()), (1, 0), "{error:?}");
        }
    })
    .await;
}

fn unsupported(result: Result<impl Sized, Error>, feature: &str) {
    let Err(error) = result else { panic!("{feature} was taken") };
    assert_eq!(error.code(), "unsupported");
    let text = error.to_string();
    assert!(text.contains(feature) && text.contains("browser"), "{text}");
}

#[wasm_bindgen_test]
async fn a_say_in_redirects_is_unsupported() {
    in_a_page(async |lab| {
        unsupported(Config::new().max_redirects(3).build(), "max_redirects");
        unsupported(Config::new().follow_redirects(false).build(), "follow_redirects");
        let session = lab.session(Config::new());
        unsupported(session.get(lab.url("/redirect/2")).max_redirects(3).await, "max_redirects");
        unsupported(session.get(lab.url("/redirect/2")).follow_redirects(false).await, "follow_redirects");
        // What happens anyway may be asked for.
        let followed = session.get(lab.url("/redirect/2")).follow_redirects(true).await;
        assert_eq!(outcome(&followed), "ok");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_header_that_it_keeps_to_itself_is_unsupported_not_left_out() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new());
        for (name, value) in [
            ("accept-encoding", "br"),
            ("connection", "close"),
            ("cookie", "a=b"),
            ("dnt", "1"),
            ("host", "a.example"),
            ("origin", "http://a.example"),
            ("proxy-authorization", "Basic YTpi"),
            ("referer", "http://a.example/"),
            ("sec-fetch-mode", "navigate"),
            ("x-http-method-override", "TRACE"),
        ] {
            unsupported(session.get(lab.url("/echo")).header(name, value).await, name);
        }
        let harmless = session.get(lab.url("/echo")).header("x-http-method-override", "PUT").await;
        assert_eq!(outcome(&harmless), "ok");
        let of_the_session = lab.session(Config::new().header("cookie", "a=b"));
        unsupported(of_the_session.get(lab.url("/echo")).await, "cookie");
        unsupported(session.get(lab.url("/echo")).cookie("a", "b").await, "cookie");
        unsupported(session.get(lab.url("/echo")).cookies(true).await, "cookies");
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_defaults_need_no_preflight() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new());
        // This server allows what needs none alone.
        let echo = session.get(lab.url("/echo?cors=simple")).await.expect("a response").text().await;
        let echo = echo.expect("an echo");
        assert!(echoed(&echo, "user-agent").contains("Mozilla"), "{echo}");
        assert_eq!(echoed(&echo, "accept"), "*/*");
        let text = session.post(lab.url("/echo?cors=simple")).header("content-type", "text/plain").body("x");
        assert_eq!(outcome(&text.await), "ok");
        let own = session.get(lab.url("/echo?cors=simple")).header("x-own", "1").await;
        assert_eq!(outcome(&own), "network");
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_may_not_be_read_is_a_network_error() {
    in_a_page(async |lab| {
        for url in [lab.url("/page/1?cors=no"), lab.url("/status/500?cors=no"), lab.faulty("/forbidden")] {
            let session = lab.session(Config::new());
            let error = session.get(&url).await.expect_err("forbidden");
            assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("network", Some(&url[..])));
            assert!(error.message().is_some_and(|message| !message.is_empty()), "{error:?}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn six_requests_at_once_to_a_host_are_enough() {
    in_a_page(async |lab| {
        let session = lab.session(Config::new());
        // Time in the browser's own queue would count as waiting for the head.
        let mut waiting: Vec<_> = (0..10)
            .map(|n| {
                let get = session.get(lab.url(&format!("/hang?{n}"))).timeout(Timeout::new().headers(None));
                Box::pin(get.send())
            })
            .collect();
        for send in &mut waiting {
            assert!(is_pending(send).await);
        }
        assert_eq!((session.figures().in_flight, session.figures().waiting), (6, 4));
        let other = session.get(lab.elsewhere("/page/1")).await;
        assert_eq!(outcome(&other), "ok");
        drop(waiting);
        within("a permit", session.get(lab.url("/page/1")).send()).await.expect("a page");
        pause(Duration::from_millis(1)).await;
        assert_eq!(session.figures().waiting, 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_options_of_a_browser_s_fetch_are_passed_on() {
    in_a_page(async |lab| {
        use dualfetch::browser_options::{BrowserOptions, Cache, Credentials, Mode};

        let session = lab.session(Config::new().browser(BrowserOptions::new().cache(Cache::NoStore)));
        // Not a page: browsers keep those of another origin out whatever the mode (opaque response blocking).
        let send = async |options: BrowserOptions| {
            outcome(&async { session.get(lab.url("/bytes/10")).browser(options).await?.text().await }.await)
        };
        assert_eq!(send(BrowserOptions::new().mode(Mode::Cors)).await, "ok");
        assert_eq!(send(BrowserOptions::new().mode(Mode::NoCors)).await, "opaque");
        // The servers are of another origin than the page.
        assert_eq!(send(BrowserOptions::new().mode(Mode::SameOrigin)).await, "network");
        // They allow every origin, hence by CORS none with credentials.
        assert_eq!(send(BrowserOptions::new().credentials(Credentials::Include)).await, "network");
        assert_eq!(send(BrowserOptions::new().credentials(Credentials::Omit)).await, "ok");
        let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(send(BrowserOptions::new().integrity(wrong)).await, "network");
        // Only within the own origin, says the standard.
        assert_eq!(send(BrowserOptions::new().cache(Cache::OnlyIfCached)).await, "unsupported");
    })
    .await;
}
