//! Safe mode through whole sessions: what strangers write, where servers send to, what middleware makes of a URL. A
//! server that must see no connection listens where all of it would lead.

mod canary;
mod names;
mod properties;
mod table;

use dualfetch::{Config, DefaultSession, Error, ErrorKind, Retry, SafeMode, Session};

use self::canary::{Canary, Front};
use self::table::{ADDRESSES, AROUND, DISGUISED, REFERENCES};

use super::help::{fetch, run, session};

/// What the front listens at is let through, and at any port: it is the addresses that have to do it.
fn safe_mode() -> SafeMode {
    SafeMode::new().allow_any_port().allow_network("127.0.0.2").expect("a network")
}

fn safe() -> DefaultSession {
    Config::new().safe_mode(safe_mode()).build().expect("a session")
}

/// Every row as a whole URL, and what it comes to when it is asked for.
fn rows() -> Vec<(String, &'static str)> {
    let hosts = |hosts: &[&str], code| -> Vec<_> {
        hosts.iter().map(|host| (format!("http://{host}:{{P}}/"), code)).collect()
    };
    let around = AROUND.iter().map(|url| ((*url).to_owned(), "denied"));
    [hosts(ADDRESSES, "denied"), hosts(DISGUISED, "invalid_url"), around.collect()].concat()
}

#[test]
fn no_spelling_of_a_denied_address_gets_through() {
    run(async {
        let (canary, session) = (Canary::start().await, safe());
        let rows = rows();
        assert!(rows.len() >= 250, "{}", rows.len());
        let mut wrong = Vec::new();
        for (url, expected) in &rows {
            let url = canary.in_place_of_p(url);
            match session.get(&url).await {
                Err(error) if error.code() == *expected && error.attempts() == u32::from(looks_up(&url)) => {}
                other => wrong.push(format!("{url:?} should be {expected}: {other:?}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(canary.connections(), 0);
    });
}

/// A name is looked up in an attempt; everything else is refused before.
fn looks_up(url: &str) -> bool {
    dualfetch::Url::parse(url).is_ok_and(|url| url.host() == Some("localhost"))
}

#[test]
fn the_server_would_have_seen_what_got_through() {
    run(async {
        let (canary, session) = (Canary::start().await, session());
        let plain = AROUND
            .iter()
            .filter(|url| url.to_ascii_lowercase().contains("127.0.0.1") && !url.starts_with("https"));
        for url in
            plain.chain(&["http://127.0.0.3:{P}/", "http://0.0.0.0:{P}/", "http://127.255.255.254:{P}/"])
        {
            let url = canary.in_place_of_p(url);
            assert_eq!(fetch(&session, &url).await.expect("a page"), "reached", "{url:?}");
        }
        assert!(canary.connections() > 0);
    });
}

#[test]
fn no_redirect_from_an_allowed_server_leads_to_a_denied_address() {
    run(async {
        let canary = Canary::start().await;
        let mut rows: Vec<_> = rows()
            .into_iter()
            .map(|(url, code)| (url, if code == "invalid_url" { "redirect" } else { code }))
            // No header field holds these, and to the front these are paths of its own.
            .filter(|(url, _)| {
                !url.contains(['\r', '\n', '\u{1}'])
                    && !url.starts_with("http:127")
                    && !url.starts_with("http:/127")
            })
            .collect();
        rows.extend(REFERENCES.iter().map(|(reference, code)| ((*reference).to_owned(), *code)));
        assert!(rows.len() >= 250, "{}", rows.len());
        let places: Vec<_> = rows.iter().map(|(place, _)| canary.in_place_of_p(place)).collect();
        let front = Front::start(places.clone()).await;
        let session =
            Config::new().safe_mode(safe_mode()).retry(Retry::standard()).build().expect("a session");
        let mut wrong = Vec::new();
        for (nth, (_, expected)) in rows.iter().enumerate() {
            match session.post(front.url(nth)).body("x").await {
                Err(error) if error.code() == *expected && error.history().len() == 1 => {}
                other => wrong.push(format!("{:?} should be {expected}: {other:?}", places[nth])),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!((canary.connections(), front.requests()), (0, rows.len()));
    });
}

#[test]
fn a_denied_redirect_names_the_place_the_rule_and_the_way_to_it() {
    run(async {
        let canary = Canary::start().await;
        let front = Front::start(vec![canary.url()]).await;
        let error = safe().get(front.url(0)).await.expect_err("denied");
        assert_eq!(*error.kind(), ErrorKind::Denied);
        assert_eq!(error.message(), Some("127.0.0.1 is loopback (RFC 1122)"));
        assert_eq!(error.url().map(|url| url.as_str()), Some(canary.url().as_str()));
        assert_eq!(error.history()[0].url.as_str(), front.url(0));
        assert_eq!(canary.connections(), 0);
    });
}

#[test]
fn redirects_that_are_handed_out_are_no_matter_of_safe_mode() {
    run(async {
        let canary = Canary::start().await;
        let front = Front::start(vec![canary.url()]).await;
        let response = safe().get(front.url(0)).follow_redirects(false).await.expect("a head");
        assert_eq!(response.status(), 301);
        assert_eq!(canary.connections(), 0);
    });
}

#[test]
fn ports_are_80_and_443_unless_named() {
    run(async {
        let front = Front::start(vec!["/0".to_owned()]).await;
        let allowed = SafeMode::new().allow_network("127.0.0.2").expect("a network");
        let session = Config::new().safe_mode(allowed.clone()).build().expect("a session");
        let refused = session.get(front.url(0)).await.expect_err("a port");
        let message = format!("port {} is not among [80, 443]", front.port());
        assert_eq!((refused.code(), refused.message()), ("denied", Some(message.as_str())));
        let response = session.get(front.page()).safe_mode(allowed.allow_ports([front.port()])).await;
        assert_eq!(response.expect("a request's own safe mode").status(), 200);
        assert_eq!(front.requests(), 1);
    });
}

#[test]
fn redirects_keep_to_the_ports_and_schemes_that_are_allowed() {
    run(async {
        let beyond = Front::start(Vec::new()).await;
        let front = Front::start(vec![beyond.page(), "//127.0.0.2/".to_owned()]).await;
        let ports = safe_mode().allow_ports([front.port(), 443]);
        let schemes = safe_mode().allow_schemes(["https"]).expect("a scheme");
        let session = session();
        for nth in 0..2 {
            let error = session.get(front.url(nth)).safe_mode(ports.clone()).await.expect_err("a port");
            assert_eq!((error.code(), error.history().len()), ("denied", 1), "{error:?}");
            assert!(error.message().is_some_and(|message| message.starts_with("port ")), "{error}");
        }
        let error = session.get(front.url(0)).safe_mode(schemes).await.expect_err("a scheme");
        assert_eq!((error.code(), error.attempts()), ("denied", 0));
        assert_eq!((front.requests(), beyond.requests()), (2, 0));
    });
}

#[test]
fn a_connection_made_without_safe_mode_is_not_taken_under_it() {
    run(async {
        let (canary, session) = (Canary::start().await, session());
        let by_name = format!("http://localhost:{}/", canary.port());
        assert_eq!(fetch(&session, &by_name).await.expect("a page"), "reached");
        let made = canary.connections();
        let error = session.get(&by_name).safe_mode(safe_mode()).await.expect_err("denied");
        assert_eq!(error.code(), "denied");
        assert!(error.message().is_some_and(|message| message.contains("is loopback")), "{error}");
        assert_eq!(canary.connections(), made);
    });
}

#[test]
fn middleware_leads_no_further_than_its_caller_may_go() {
    use dualfetch::middleware::{Next, from_fn};
    use dualfetch::{Method, Request};

    run(async {
        let canary = Canary::start().await;
        let front = Front::start(vec!["/0".to_owned()]).await;
        let there = canary.url();
        let astray = from_fn(move |_: Request, mut next: Next<'_>| {
            let request = Request::builder(Method::GET, there.as_str()).build();
            Box::pin(async move { next.run(request?).await })
        });
        for config in [Config::new().hop_middleware(astray.clone()), Config::new().middleware(astray)] {
            let session = config.clone().safe_mode(safe_mode()).build().expect("a session");
            let of_session = session.get(front.page()).await.expect_err("denied");
            let session = config.build().expect("a session");
            let of_request = session.get(front.page()).safe_mode(safe_mode()).await.expect_err("denied");
            assert_eq!((of_session.code(), of_request.code()), ("denied", "denied"));
        }
        assert_eq!((canary.connections(), front.requests()), (0, 0));
    });
}

#[test]
fn a_batch_tells_what_was_denied_and_goes_on() {
    use dualfetch::SessionExt;
    use futures_util::StreamExt;

    run(async {
        let canary = Canary::start().await;
        let front = Front::start(vec![canary.url()]).await;
        let urls = [canary.url(), front.page(), front.url(0)];
        let session = safe();
        let rows: Vec<_> = session.titles(&urls).ordered(true).collect().await;
        let codes: Vec<_> = rows.iter().map(|row| row.error().map(Error::code)).collect();
        assert_eq!(codes, [Some("denied"), None, Some("denied")]);
        assert_eq!(canary.connections(), 0);
    });
}

#[test]
fn what_would_connect_in_its_place_is_refused_beside_safe_mode() {
    use dualfetch::Proxy;

    let safe = || Config::new().safe_mode(safe_mode());
    let expected = ErrorKind::InvalidOption { option: "safe_mode" };
    let proxy = Proxy::new("http://127.0.0.2:3128").expect("a proxy");
    let refused = |config: Config| config.build().expect_err("both").kind().clone();
    assert_eq!(refused(safe().proxy(proxy.clone())), expected);
    assert_eq!(refused(safe().unix_socket("/run/none")), expected);
    run(async {
        let session = safe().build().expect("a session");
        for get in [
            session.get("http://example.com/").proxy(proxy),
            session.get("http://example.com/").unix_socket("/run/none"),
        ] {
            assert_eq!(*get.await.expect_err("both").kind(), expected);
        }
    });
}
