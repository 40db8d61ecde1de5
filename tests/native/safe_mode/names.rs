//! Safe mode and names: what a name's addresses are is known after its look-up alone, and may be otherwise the next time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dualfetch::dns::{Addresses, BoxError, DnsCache, Resolve};
use dualfetch::maybe::BoxFuture;
use dualfetch::{Config, DefaultSession, Retry, Session};

use super::super::help::{fetch, run};
use super::canary::{Canary, Front};
use super::safe_mode;
use super::table::ADDRESSES;

const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const DENIED: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A resolver that answers each question by its number, and `a7.test` by the address of that number in the table.
#[derive(Clone)]
struct Answers {
    questions: Arc<AtomicUsize>,
    in_turn: Arc<[Vec<IpAddr>]>,
}

impl Answers {
    /// The last answer stays.
    fn new(in_turn: &[&[IpAddr]]) -> Self {
        let in_turn = in_turn.iter().map(|answer| answer.to_vec()).collect();
        Self { questions: Arc::default(), in_turn }
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// A safe session that asks anew for each connection, and makes one for each request.
    fn session(&self) -> DefaultSession {
        let config = Config::new().resolver(self.clone()).dns_cache(DnsCache::off()).force_close(true);
        config.safe_mode(safe_mode()).build().expect("a session")
    }
}

impl Resolve for Answers {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        let nth = self.questions.fetch_add(1, Ordering::SeqCst);
        let of_table: Option<usize> =
            name.strip_prefix('a').and_then(|name| name.strip_suffix(".test")?.parse().ok());
        let found = match of_table {
            Some(row) => vec![addresses()[row]],
            None => self.in_turn[nth.min(self.in_turn.len() - 1)].clone(),
        };
        Box::pin(async move { Ok(Addresses::new(found)) })
    }
}

fn addresses() -> Vec<IpAddr> {
    ADDRESSES.iter().map(|address| address.trim_matches(['[', ']']).parse().expect("an address")).collect()
}

#[test]
fn a_name_of_any_denied_address_is_denied_after_its_look_up() {
    run(async {
        let canary = Canary::start().await;
        let urls: Vec<_> =
            (0..ADDRESSES.len()).map(|row| format!("http://a{row}.test:{}/", canary.port())).collect();
        let front = Front::start(urls.clone()).await;
        let answers = Answers::new(&[&[DENIED]]);
        let session = answers.session();
        for (row, url) in urls.iter().enumerate() {
            for url in [url.clone(), url.replace("http:", "https:"), front.url(row)] {
                let error = session.get(&url).await.expect_err(ADDRESSES[row]);
                assert_eq!(error.code(), "denied", "{}: {error:?}", ADDRESSES[row]);
                let address = addresses()[row].to_string();
                assert!(error.message().is_some_and(|message| message.starts_with(&address)), "{error}");
            }
        }
        assert_eq!((canary.connections(), answers.questions()), (0, 3 * urls.len()));
    });
}

#[test]
fn a_fixed_address_is_checked_as_any_other() {
    run(async {
        let canary = Canary::start().await;
        let fixed = [(DENIED, canary.port()).into()];
        let config = Config::new().resolve("example.com", fixed).safe_mode(safe_mode());
        let session = config.build().expect("a session");
        assert_eq!(fetch(&session, "http://example.com/").await.expect_err("denied").code(), "denied");
        assert_eq!(canary.connections(), 0);
    });
}

#[test]
fn what_is_connected_to_is_the_answer_that_was_checked() {
    run(async {
        let (canary, front) = Canary::beside(&[]).await;
        // Who asks once to check and once to connect is led astray.
        let answers = Answers::new(&[&[ALLOWED], &[DENIED]]);
        let session = answers.session();
        let url = format!("http://rebind.test:{}/page", front.port());
        fetch(&session, &url).await.expect("the allowed address");
        assert_eq!((answers.questions(), front.requests(), canary.connections()), (1, 1, 0));
        for asked in 2..=4 {
            assert_eq!(fetch(&session, &url).await.expect_err("rebound").code(), "denied");
            assert_eq!((answers.questions(), front.requests(), canary.connections()), (asked, 1, 0));
        }
    });
}

#[test]
fn a_name_that_is_rebound_between_two_hops_leads_nowhere() {
    run(async {
        let (canary, front) = Canary::beside(&["/page"]).await;
        let answers = Answers::new(&[&[ALLOWED], &[DENIED]]);
        let url = format!("http://rebind.test:{}/0", front.port());
        let error = fetch(&answers.session(), &url).await.expect_err("rebound");
        assert_eq!((error.code(), error.history().len()), ("denied", 1));
        assert_eq!((answers.questions(), front.requests(), canary.connections()), (2, 1, 0));
    });
}

#[test]
fn of_a_name_s_addresses_those_that_are_denied_are_left_out() {
    run(async {
        let (canary, front) = Canary::beside(&[]).await;
        let mixed =
            [DENIED, "::1".parse().expect("an address"), ALLOWED, "10.0.0.1".parse().expect("an address")];
        let url = format!("http://mixed.test:{}/page", front.port());
        for _ in 0..4 {
            fetch(&Answers::new(&[&mixed]).session(), &url).await.expect("the allowed address");
        }
        assert_eq!((front.requests(), canary.connections()), (4, 0));
        front.end().await;
        let error =
            fetch(&Answers::new(&[&mixed]).session(), &url).await.expect_err("nobody is there any more");
        assert_eq!((error.code(), canary.connections()), ("connect", 0));
    });
}

#[test]
fn a_denied_name_is_not_tried_again() {
    run(async {
        let (canary, front) = Canary::beside(&[]).await;
        let answers = Answers::new(&[&[DENIED], &[ALLOWED]]);
        let url = format!("http://rebind.test:{}/page", front.port());
        let error = answers.session().get(&url).retry(Retry::standard()).await.expect_err("denied");
        assert_eq!((error.code(), error.attempts(), answers.questions()), ("denied", 1, 1));
        assert_eq!((front.requests(), canary.connections()), (0, 0));
    });
}

#[test]
fn an_answer_that_was_kept_without_safe_mode_is_checked_under_it() {
    run(async {
        let canary = Canary::start().await;
        let answers = Answers::new(&[&[DENIED]]);
        let session = Config::new().resolver(answers.clone()).build().expect("a session");
        let url = format!("http://kept.test:{}/", canary.port());
        assert_eq!(fetch(&session, &url).await.expect("a page"), "reached");
        let made = canary.connections();
        let error = session.get(&url).safe_mode(safe_mode()).await.expect_err("denied");
        assert_eq!((error.code(), answers.questions(), canary.connections()), ("denied", 1, made));
    });
}

#[test]
#[cfg(feature = "hickory")]
fn a_name_server_that_binds_its_names_again_leads_nowhere() {
    use dualfetch::dns::HickoryResolver;

    use crate::support::dns_server::{Answer, DnsServer, Kind, Record};

    run(async {
        let (canary, front) = Canary::beside(&["/page"]).await;
        let server = DnsServer::start(|asked| match (asked.name.as_str(), asked.before) {
            // To be kept by nobody, and another one the next time.
            ("rebind.test", 0) => Answer::addresses(asked, 0, ["127.0.0.2"]),
            ("rebind.test", _) => Answer::addresses(asked, 0, ["127.0.0.1", "::1"]),
            ("alias.test", _) => {
                Answer::Records(vec![Record::Alias("inside.test".to_owned(), 0), Record::Address(DENIED, 0)])
            }
            ("mapped.test", _) => Answer::addresses(asked, 0, ["::ffff:127.0.0.1", "::ffff:127.0.0.2"]),
            _ => Answer::addresses(asked, 0, ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"]),
        })
        .await;
        let resolver = HickoryResolver::with_servers([server.address()]).expect("a resolver");
        let config = Config::new().resolver(resolver).force_close(true).safe_mode(safe_mode());
        let session = config.build().expect("a session");
        let at = |name: &str, path: &str| format!("http://{name}:{}{path}", front.port());
        let error = fetch(&session, &at("rebind.test", "/0")).await.expect_err("rebound between two hops");
        assert_eq!((error.code(), error.history().len()), ("denied", 1), "{error:?}");
        assert_eq!(server.count("rebind.test", Kind::A), 2, "one look-up for each connection");
        for name in ["rebind.test", "alias.test", "mapped.test", "inside.test"] {
            let error = fetch(&session, &at(name, "/page")).await.expect_err(name);
            assert_eq!(error.code(), "denied", "{name}: {error:?}");
        }
        assert_eq!((front.requests(), canary.connections()), (1, 0));
    });
}
