//! The contract, natively against real servers and on the scripted backend in virtual time.

use std::time::Duration;

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, DefaultSession, Figures, Method, Request};

use crate::contract::{self, Lab, every_case};
use crate::support::{CountingServer, WebSocketServer, routes};

use super::help::{at_rest, run};
use super::sockets;

struct Native {
    server: CountingServer,
    sockets: WebSocketServer,
    /// Every session made, to see that nothing is left of it.
    sessions: std::cell::RefCell<Vec<DefaultSession>>,
}

impl Lab for Native {
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
        self.server.url(0, path)
    }

    fn elsewhere(&self, path: &str) -> String {
        self.server.url(1, path)
    }

    fn socket(&self, path: &str) -> String {
        self.sockets.url(path)
    }
}

struct InMemory {
    platform: Scripted,
    sessions: std::cell::RefCell<Vec<Client<Scripted>>>,
}

impl Lab for InMemory {
    type Session = Client<Scripted>;

    fn session(&self, config: Config) -> Client<Scripted> {
        let session = Client::with_backend(config, self.platform.clone()).expect("a session");
        self.sessions.borrow_mut().push(session.clone());
        session
    }

    fn figures(&self, session: &Self::Session) -> Figures {
        session.figures()
    }

    fn url(&self, path: &str) -> String {
        format!("http://a.example{path}")
    }

    fn elsewhere(&self, path: &str) -> String {
        format!("http://b.example{path}")
    }

    fn socket(&self, path: &str) -> String {
        format!("http://c.example{path}")
    }
}

macro_rules! natively_and_in_memory {
    ($($module:ident: $($case:ident),+;)+) => {
        mod natively {
            $(mod $module {
                $(#[test]
                fn $case() {
                    super::super::natively(async |lab| super::super::contract::$module::$case(lab).await);
                })+
            })+
        }

        mod in_memory {
            $(mod $module {
                $(#[test]
                fn $case() {
                    super::super::in_memory(async |lab| super::super::contract::$module::$case(lab).await);
                })+
            })+
        }
    };
}
every_case!(natively_and_in_memory);

fn natively(case: impl AsyncFnOnce(&Native)) {
    run(async {
        let server = CountingServer::builder().hosts(2).start().await;
        let sockets = WebSocketServer::start().await;
        let lab = Native { server, sockets, sessions: Default::default() };
        case(&lab).await;
        for session in lab.sessions.take() {
            at_rest(&session).await;
        }
        lab.server.wait_idle().await;
        lab.sockets.wait_idle().await;
    });
}

fn in_memory(case: impl AsyncFnOnce(&InMemory)) {
    let platform = Scripted::new(1);
    let itself = platform.clone();
    platform.on_every(move |request: &Request| match request.url().path().strip_prefix("/ws/") {
        None => answer(request),
        Some(path) => sockets::answer(&itself, request, path),
    });
    let lab = InMemory { platform: platform.clone(), sessions: Default::default() };
    platform.run(case(&lab));
    // What was left to be read in the background is read, or given up.
    platform.run(dualfetch::platform::Backend::sleep_until(
        &platform,
        platform.elapsed() + Duration::from_secs(5),
    ));
    for session in lab.sessions.take() {
        assert_eq!(session.figures(), Figures::default());
    }
    assert_eq!(platform.open(), 0);
}

/// As much of `support/routes.rs` as the contract asks for.
fn answer(request: &Request) -> Reply {
    let url = request.url();
    let query = |name: &str| {
        let pairs = url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.replace("%26", "&"));
        found.next()
    };
    let number = |name: &str| query(name).and_then(|text| text.parse::<u64>().ok());
    let page = |n: &str| routes::page(n.parse().unwrap_or(0), number("size").unwrap_or(2048) as usize);
    let segments: Vec<&str> = url.path().split('/').skip(1).collect();
    let (status, media, body) = match segments.as_slice() {
        ["page", n] => (number("status").unwrap_or(200) as u16, "text/html; charset=utf-8", page(n)),
        ["described"] => {
            let fields = routes::DESCRIBING.iter();
            return fields.fold(Reply::ok("x"), |reply, (name, value)| reply.header(name, value));
        }
        ["redirect", "0"] => (200, "text/html; charset=utf-8", page("0")),
        ["telling"] => (200, "text/html; charset=utf-8", routes::TELLING.into()),
        ["bytes", n] => (200, "application/octet-stream", routes::pattern(n.parse().unwrap_or(0))),
        ["status", code] => {
            (code.parse().unwrap_or(500), "text/html", routes::titled(&format!("Status {code}"), 0))
        }
        ["redirect", n] => return moved(302, &format!("/redirect/{}", n.parse().unwrap_or(1) - 1)),
        ["redirect-to"] => {
            return moved(number("status").unwrap_or(302) as u16, &query("location").unwrap_or_default());
        }
        ["loop"] => return moved(302, "/loop"),
        ["events", last] => match routes::next_event(request.headers().get("last-event-id"), last) {
            Some(event) => (200, "text/event-stream", event.into()),
            None => (204, "text/plain", "".into()),
        },
        ["hang"] => return Reply::hangs(),
        ["endless"] => return Reply::html(routes::titled("Endless", 2048)).stall(),
        ["echo"] => (200, "text/plain; charset=utf-8", echo(request).into()),
        ["echo-body"] => {
            let media = request.headers().get("content-type").and_then(|value| value.to_str().ok());
            let body = request.body().as_bytes().cloned().unwrap_or_default();
            return Reply::ok(body).header("content-type", media.unwrap_or("application/octet-stream"));
        }
        _ => (404, "text/html", routes::titled("Not found", 0)),
    };
    let no_body = *request.method() == Method::HEAD || matches!(status, 204 | 304);
    let delay = Duration::from_millis(number("delay_ms").unwrap_or(0));
    let reply =
        Reply::status(status).after(delay).header("content-type", query("type").as_deref().unwrap_or(media));
    match (no_body, query("stall")) {
        (true, _) => reply,
        (false, None) => reply.then(body),
        (false, Some(_)) => {
            let half = body.slice(..body.len().div_ceil(2));
            reply.header("content-length", &body.len().to_string()).then(half).stall()
        }
    }
}

fn moved(status: u16, location: &str) -> Reply {
    Reply::redirect(status, location).then("moved\n")
}

fn echo(request: &Request) -> String {
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut text = format!("{} {}{query} HTTP/1.1\n", request.method(), url.path());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = request.body().as_bytes().cloned().unwrap_or_default();
    text + "\n" + &String::from_utf8_lossy(&body)
}
