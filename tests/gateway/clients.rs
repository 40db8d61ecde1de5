//! Clients that go away, at each stage: their upstream request is given up within a second, as its server sees it, and
//! nothing of them stays. Clients that read or send slowly: what is on its way stays bounded.

#[path = "clients/flood.rs"]
mod flood;

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Serving, escaped, run, settings};
use crate::support::{Event, How, Pace, RawServer, Script, within};

use flood::Flood;

/// Within what time an upstream hears of it.
const SOON: Duration = Duration::from_secs(1);

async fn gateway() -> Serving {
    let mut settings = settings("127.0.0.1");
    settings.limit_per_host = 0;
    Serving::start(settings).await
}

/// How a client goes.
#[derive(Clone, Copy, Debug)]
enum Going {
    /// By FIN, or by RST where it has left something unread.
    Close,
    /// By FIN alone, with its own ear open.
    HalfClose,
    Reset,
}

const GOINGS: [Going; 3] = [Going::Close, Going::HalfClose, Going::Reset];

/// A client on a bare socket.
struct Client(TcpStream);

impl Client {
    async fn says(gateway: &Serving, request: &str) -> Self {
        let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        Self(stream)
    }

    async fn fetches(gateway: &Serving, method: &str, url: &str, rest: &str) -> Self {
        let line = format!("{method} /fetch?url={} HTTP/1.1\r\nHost: {}\r\n", escaped(url), gateway.address);
        Self::says(gateway, &(line + rest)).await
    }

    /// Reads until this has come.
    async fn hears(&mut self, what: &str) {
        let mut text = Vec::new();
        let wait = async {
            while !text.windows(what.len()).any(|window| window == what.as_bytes()) {
                assert!(self.0.read_buf(&mut text).await.expect("more") > 0, "it ended before {what:?}");
            }
        };
        within(what, String::new, wait).await;
    }

    /// What keeps the socket open until it is dropped.
    async fn goes(mut self, how: Going) -> Option<TcpStream> {
        match how {
            Going::Close => None,
            Going::HalfClose => {
                self.0.shutdown().await.expect("FIN");
                Some(self.0)
            }
            Going::Reset => {
                self.0.set_zero_linger().expect("RST");
                None
            }
        }
    }
}

/// Waits until nothing is under way, for a second at the most.
async fn is_free(gateway: &Serving, since: Instant) {
    loop {
        let figures = gateway.gateway.figures();
        if (figures.in_flight, figures.waiting, figures.hosts.len()) == (0, 0, 0) {
            return;
        }
        assert!(since.elapsed() < SOON, "still under way: {figures:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The upstream's connections up to now have ended, by the gateway, within a second.
async fn is_let_go(upstream: &RawServer, since: Instant, story: &str) {
    for connection in 0..upstream.connections() {
        let ended = upstream.ended(connection).await;
        assert!(ended.by_peer() || ended.how == How::ServerClosed, "{story}: {ended:?}");
    }
    assert!(since.elapsed() < SOON, "{story}: {:?}", since.elapsed());
}

#[test]
fn who_waits_for_a_head_lets_go_of_its_upstream() {
    run(async {
        for going in GOINGS {
            let gateway = gateway().await;
            let upstream = RawServer::start(Script::new().read_head().expect_close()).await;
            let client = Client::fetches(&gateway, "GET", &upstream.url("/"), "\r\n").await;
            upstream.silent(0).await;
            let since = Instant::now();
            let _open = client.goes(going).await;
            is_let_go(&upstream, since, &format!("{going:?}")).await;
            is_free(&gateway, since).await;
        }
    });
}

#[test]
fn who_is_in_the_midst_of_an_answer_lets_go_of_its_upstream() {
    run(async {
        for going in GOINGS {
            let gateway = gateway().await;
            // One that says nothing more, one that says something now and then, and one that never stops.
            let head = |script: Script| {
                let fields = [("Content-Length", "100000000"), ("Content-Type", "text/plain")];
                script.read_head().send_head("200 OK", &fields).send("begun")
            };
            for rest in [
                Script::new().expect_close(),
                Script::new().endless("more", Pace::Gap(Duration::from_millis(100))),
                Script::new().endless(vec![b'x'; 65_536], Pace::AtOnce),
            ] {
                let upstream = RawServer::start(head(Script::new()).then(rest)).await;
                let mut client = Client::fetches(&gateway, "GET", &upstream.url("/"), "\r\n").await;
                client.hears("begun").await;
                let since = Instant::now();
                let _open = client.goes(going).await;
                is_let_go(&upstream, since, &format!("{going:?}")).await;
                is_free(&gateway, since).await;
            }
        }
    });
}

#[test]
fn who_is_in_the_midst_of_sending_lets_go_of_its_upstream() {
    run(async {
        for going in GOINGS {
            for framing in [
                "Content-Length: 1000000\r\n\r\nbegun",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n",
                "Transfer-Encoding: chunked\r\n\r\n50\r\nbegun",
            ] {
                let gateway = gateway().await;
                let upstream = RawServer::start(Script::new().read_head().mark("head").expect_close()).await;
                let client = Client::fetches(&gateway, "POST", &upstream.url("/"), framing).await;
                upstream.reached("head").await;
                let since = Instant::now();
                let _open = client.goes(going).await;
                is_let_go(&upstream, since, &format!("{going:?} {framing:?}")).await;
                is_free(&gateway, since).await;
            }
        }
    });
}

#[test]
fn who_waits_for_its_turn_leaves_the_line() {
    run(async {
        let mut settings = settings("127.0.0.1");
        settings.limit_per_host = 1;
        let gateway = Serving::start(settings).await;
        let upstream = RawServer::start(Script::new().read_head().expect_close()).await;
        let first = Client::fetches(&gateway, "GET", &upstream.url("/first"), "\r\n").await;
        upstream.silent(0).await;
        for going in GOINGS {
            let second = Client::fetches(&gateway, "GET", &upstream.url("/second"), "\r\n").await;
            let waits = async {
                while gateway.gateway.figures().waiting != 1 {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            within("one that waits", || format!("{:?}", gateway.gateway.figures()), waits).await;
            let since = Instant::now();
            let _open = second.goes(going).await;
            while gateway.gateway.figures().waiting > 0 {
                assert!(since.elapsed() < SOON, "{going:?}: {:?}", gateway.gateway.figures());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let since = Instant::now();
        drop(first);
        is_let_go(&upstream, since, "the first").await;
        is_free(&gateway, since).await;
        assert_eq!(upstream.heads().len(), 1, "nobody else was asked for");
    });
}

#[test]
fn who_has_not_asked_yet_leaves_nothing() {
    run(async {
        let gateway = gateway().await;
        let upstream = RawServer::start(Script::new().read_head().expect_close()).await;
        let head = format!(
            "GET /fetch?url={} HTTP/1.1\r\nHost: {}\r\n\r",
            escaped(&upstream.url("/")),
            gateway.address
        );
        for length in [0, 1, 10, head.len() / 2, head.len()] {
            for going in GOINGS {
                let client = Client::says(&gateway, &head[..length]).await;
                let _open = client.goes(going).await;
            }
        }
        is_free(&gateway, Instant::now()).await;
        assert_eq!(gateway.fetch("http://127.0.0.1:1/").await.status, 502);
        assert_eq!(upstream.connections(), 0);
    });
}

/// As many at once as the limit lets.
const AT_ONCE: usize = 20;

fn urls(upstream: &RawServer) -> Vec<String> {
    (0..200).map(|nth| upstream.url(&format!("/{nth}"))).collect()
}

async fn of_lists() -> (Serving, RawServer) {
    let mut settings = settings("127.0.0.1");
    settings.limit = AT_ONCE;
    settings.limit_per_host = 0;
    let gateway = Serving::start(settings).await;
    // The first answers; the others hang.
    let page = Script::new().send_page("<title>x</title>").close();
    let hangs = Script::new().expect_close();
    let upstream =
        RawServer::by_head(move |head| if head.target == "/0" { page.clone() } else { hangs.clone() });
    (gateway, upstream.await)
}

/// The upstream has all that may be asked at once.
async fn is_busy(gateway: &Serving, upstream: &RawServer) {
    let busy = async {
        while gateway.gateway.figures().in_flight < AT_ONCE || upstream.heads().len() < AT_ONCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    within("requests under way", || upstream.story(), busy).await;
}

#[test]
fn who_waits_for_rows_lets_go_of_all_upstreams() {
    run(async {
        for going in GOINGS {
            for (kind, body) in [("application/json", true), ("application/x-ndjson", false)] {
                let (gateway, upstream) = of_lists().await;
                let urls = urls(&upstream);
                let body = match body {
                    true => json!(urls).to_string(),
                    false => urls.iter().map(|url| format!("{}\n", json!(url))).collect(),
                };
                let length = body.len();
                let fields = format!("Host: {}\r\nContent-Type: {kind}", gateway.address);
                let request =
                    format!("POST /titles HTTP/1.1\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}");
                let mut client = Client::says(&gateway, &request).await;
                client.hears("\"index\":0").await;
                is_busy(&gateway, &upstream).await;
                let since = Instant::now();
                let _open = client.goes(going).await;
                is_let_go(&upstream, since, &format!("{going:?} {kind}")).await;
                is_free(&gateway, since).await;
                assert!(upstream.heads().len() <= AT_ONCE + 1, "more were begun: {}", upstream.heads().len());
            }
        }
    });
}

#[test]
fn who_leaves_a_websocket_lets_go_of_all_upstreams() {
    run(async {
        use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
        for is_polite in [false, true] {
            let (gateway, upstream) = of_lists().await;
            let mut request =
                format!("ws://{}/ws", gateway.address).into_client_request().expect("a request");
            request.headers_mut().insert("sec-websocket-protocol", "dualfetch.v1".parse().expect("a value"));
            let stream = TcpStream::connect(gateway.address).await.expect("a connection");
            let (mut socket, _) =
                tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
            let start = json!({ "type": "start", "id": "a", "urls": urls(&upstream) });
            socket.send(Message::text(start.to_string())).await.expect("it is sent");
            let row = async {
                loop {
                    let message = socket.next().await.expect("a message").expect("a message");
                    let told: Value = serde_json::from_str(message.to_text().expect("a text")).expect("JSON");
                    if told["type"] == "row" {
                        break;
                    }
                }
            };
            within("a row", || upstream.story(), row).await;
            is_busy(&gateway, &upstream).await;
            let since = Instant::now();
            if is_polite {
                socket.close(None).await.expect("it is closed");
                is_let_go(&upstream, since, "by a close frame").await;
            } else {
                drop(socket);
                is_let_go(&upstream, since, "by nothing").await;
            }
            is_free(&gateway, since).await;
        }
    });
}

#[test]
fn who_resets_a_stream_of_http_2_lets_go_of_its_upstream() {
    run(async {
        let gateway = gateway().await;
        let upstream = RawServer::start(
            Script::new()
                .read_head()
                .send_head("200 OK", &[("Content-Length", "1000")])
                .send("begun")
                .expect_close(),
        )
        .await;
        let stream = TcpStream::connect(gateway.address).await.expect("a connection");
        let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        let uri = format!("http://{}/fetch?url={}", gateway.address, escaped(&upstream.url("/")));
        let request = http::Request::get(uri).body(()).expect("a request");
        let (answer, _) = sender.send_request(request, true).expect("it is sent");
        let mut body = answer.await.expect("an answer").into_body();
        assert_eq!(body.data().await.expect("a frame").expect("a frame"), "begun");
        let since = Instant::now();
        drop(body);
        is_let_go(&upstream, since, "by RST_STREAM").await;
        is_free(&gateway, since).await;
    });
}

/// What the system keeps of two loopback connections, each up to 32 MiB and more where it is let, and some for what lies
/// between them. Who is not held back has no end.
const ON_ITS_WAY: u64 = 128 << 20;

#[test]
fn who_reads_slowly_holds_its_upstream_back() {
    run(async {
        let (gateway, upstream) = (gateway().await, Flood::start().await);
        let mut client = Client::fetches(&gateway, "GET", &upstream.url("/flood"), "\r\n").await;
        client.hears("\r\n\r\n").await;
        let first = upstream.settled(|flowed| &flowed.sent).await;
        assert!(first < ON_ITS_WAY, "{first} bytes to one who reads nothing");
        // It goes on once it is read.
        let mut left = first + (8 << 20);
        let mut some = vec![0; 1 << 20];
        while left > 0 {
            let read = within("more", String::new, client.0.read(&mut some)).await.expect("more");
            left = left.saturating_sub(read as u64);
        }
        let second = upstream.settled(|flowed| &flowed.sent).await;
        assert!(second > first && second < first + (8 << 20) + ON_ITS_WAY, "{first} and then {second}");
        let since = Instant::now();
        drop(client);
        is_free(&gateway, since).await;
        while upstream.open() > 0 {
            assert!(since.elapsed() < SOON, "it is still sent to");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

#[test]
fn who_sends_slowly_is_passed_on_as_it_comes() {
    run(async {
        let gateway = gateway().await;
        let upstream =
            RawServer::start(Script::new().read_head().read_body().send_page("taken").expect_close()).await;
        let mut client =
            Client::fetches(&gateway, "PUT", &upstream.url("/"), "Transfer-Encoding: chunked\r\n\r\n").await;
        // The head does not wait for the body.
        upstream.head(0).await;
        for piece in ["a", "b", "c", "d", "e", "f"] {
            client.0.write_all(format!("1\r\n{piece}\r\n").as_bytes()).await.expect("it is sent");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client.0.write_all(b"0\r\n\r\n").await.expect("it is sent");
        client.hears("taken").await;
        let body = upstream.wait_for("a body", |seen| match &seen.event {
            Event::Body(body) => Some(body.clone()),
            _ => None,
        });
        let body = body.await;
        let letters: String =
            body.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_lowercase).collect();
        assert_eq!(letters, "abcdef");
    });
}

#[test]
fn who_sends_to_one_that_does_not_read_is_held_back() {
    run(async {
        let mut settings = settings("127.0.0.1");
        settings.max_upload = 8 << 30;
        let (gateway, upstream) = (Serving::start(settings).await, Flood::start().await);
        let length = 4_u64 << 30;
        let rest = format!("Content-Length: {length}\r\n\r\n");
        let mut client = Client::fetches(&gateway, "PUT", &upstream.url("/deaf"), &rest).await;
        let (chunk, mut sent) = (vec![b'x'; 1 << 20], 0_u64);
        // It stands still where nothing has been taken for a second.
        while let Ok(written) = tokio::time::timeout(SOON, client.0.write(&chunk)).await {
            sent += written.expect("it is open") as u64;
            assert!(sent < 4 * ON_ITS_WAY, "{sent} bytes were taken for nobody");
        }
        assert!(sent < ON_ITS_WAY, "{sent} bytes were taken for nobody");
    });
}

#[test]
fn what_is_under_way_is_cut_when_the_gateway_closes() {
    run(async {
        let (gateway, upstream) = (gateway().await, Flood::start().await);
        let quiet = RawServer::start(
            Script::new()
                .read_head()
                .send_head("200 OK", &[("Content-Length", "1000")])
                .send("begun")
                .expect_close(),
        )
        .await;
        let mut flooded = Client::fetches(&gateway, "GET", &upstream.url("/flood"), "\r\n").await;
        let mut waiting = Client::fetches(&gateway, "GET", &quiet.url("/"), "\r\n").await;
        flooded.hears("xxx").await;
        waiting.hears("begun").await;
        let since = Instant::now();
        gateway.gateway.close();
        let mut some = vec![0; 1 << 20];
        for client in [&mut flooded, &mut waiting] {
            let end = async { while client.0.read(&mut some).await.is_ok_and(|read| read > 0) {} };
            within("the end", String::new, end).await;
        }
        is_let_go(&quiet, since, "closing").await;
        is_free(&gateway, since).await;
        assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    });
}
