//! What leaves the gateway, byte by byte: one request for each that came, of one length, with nobody's credentials; and one
//! answer for each, with nothing in it that speaks for the gateway.

#[path = "smuggling/answers.rs"]
mod answers;
#[path = "smuggling/framing.rs"]
mod framing;
#[path = "smuggling/recorder.rs"]
mod recorder;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Answer, Serving, escaped, one, run, settings};
use crate::support::within;

use framing::{Comes, FRAMINGS};
use recorder::{Came, Recorder};

/// A gateway and what it may ask.
struct Lab {
    gateway: Serving,
    upstream: Recorder,
}

impl Lab {
    async fn start() -> Self {
        Self::answering(recorder::PAGE).await
    }

    /// By the library's router, and by the command.
    async fn both() -> Vec<Self> {
        let own = Self::start().await;
        let command = Serving::by_command("127.0.0.1").await;
        let upstream = Recorder::answering(recorder::PAGE).await;
        let command = command.map(|gateway| Self { gateway, upstream });
        [Some(own), command].into_iter().flatten().collect()
    }

    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let gateway = Serving::start(settings("127.0.0.1")).await;
        Self { gateway, upstream: Recorder::answering(answer).await }
    }

    fn line(&self, method: &str, path: &str) -> String {
        let url = escaped(&self.upstream.url(path));
        format!("{method} /fetch?url={url} HTTP/1.1\r\nHost: {}\r\n", self.gateway.address)
    }

    /// Sends this, and reads so many answers, or up to the end.
    async fn says(&self, request: &str, count: usize) -> Vec<Answer> {
        self.hears(request, |answers| answers.iter().filter(|answer| answer.whole).count() >= count).await
    }

    /// Sends this, goes away, and reads what still comes.
    async fn ends_with(&self, request: &str) -> Vec<Answer> {
        let mut stream = TcpStream::connect(self.gateway.address).await.expect("a connection");
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut bytes = Vec::new();
        let _ = within("the end", || format!("for {request:?}"), stream.read_to_end(&mut bytes)).await;
        Answer::all(&bytes)
    }

    async fn hears(&self, request: &str, enough: impl Fn(&[Answer]) -> bool) -> Vec<Answer> {
        let mut stream = TcpStream::connect(self.gateway.address).await.expect("a connection");
        // Who refuses a head need not read the rest of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let (mut bytes, mut answers) = (Vec::new(), Vec::new());
        while !enough(&answers) {
            let read = within("an answer", || format!("for {request:?}"), stream.read_buf(&mut bytes)).await;
            if read.unwrap_or(0) == 0 {
                break;
            }
            let is_head = bytes.windows(4).any(|window| window == b"\r\n\r\n");
            answers = if is_head { Answer::all(&bytes) } else { Vec::new() };
        }
        answers
    }
}

/// The upstream's name and the gateway's version differ each time.
fn plain(lab: &Lab, came: &Came) -> Vec<String> {
    let lines = came.lines().into_iter();
    let told = lines.map(|line| line.replace(&lab.upstream.address.to_string(), "UPSTREAM"));
    told.map(|line| line.replace(env!("CARGO_PKG_VERSION"), "VERSION")).collect()
}

const SECRETS: &str = "Authorization: Bearer secret\r\nProxy-Authorization: Basic secret\r\nCookie: a=secret\r\nCookie2: secret\r\n\
    Origin: http://{H}\r\nReferer: http://secret.example/\r\nUser-Agent: secret\r\nFrom: kept@example.com\r\n\
    Forwarded: for=secret\r\nX-Forwarded-For: secret\r\nX-Forwarded-Host: secret\r\nX-Forwarded-Proto: secret\r\nX-Forwarded-Port: secret\r\n\
    X-Forwarded-Server: secret\r\nX-Forwarded-User: secret\r\nX-Real-IP: secret\r\nX-Client-IP: secret\r\nClient-IP: secret\r\n\
    True-Client-IP: secret\r\nCF-Connecting-IP: secret\r\nX-Request-Id: secret\r\nVia: 1.1 secret\r\n\
    X_Forwarded_For: secret\r\nX_Real_IP: secret\r\nRemote_Addr: secret\r\n\
    Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nSec-CH-UA: secret\r\nSec-GPC: 1\r\nSec-Purpose: secret\r\n\
    Proxy-Connection: keep-alive\r\nKeep-Alive: secret\r\nTE: trailers\r\nTrailer: X-Secret\r\nUpgrade: h2c\r\nHTTP2-Settings: secret\r\n\
    Dualfetch-Url: secret\r\nDualfetch-Error: secret\r\nDualfetch-Anything: secret\r\n\
    Access-Control-Request-Method: secret\r\nAccess-Control-Request-Headers: secret\r\n\
    X-Named: secret\r\nX-Named-Too: secret\r\nConnection: X-Named, Authorization, Host, Content-Length\r\nConnection: close, x-named-too\r\n";

#[test]
fn the_upstream_gets_what_was_meant_for_it_and_nothing_else() {
    run(async {
        for lab in Lab::both().await {
            let own = "Accept: text/html\r\nAccept-Language: de\r\nAccept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\nRange: bytes=0-1\r\nX-Own: kept\r\nX-Own: too\r\n";
            let secrets = SECRETS.replace("{H}", &lab.gateway.address.to_string());
            let request = lab.line("GET", "/a%20b?c=%0d%0a&url=http://x/#secret") + &secrets + own + "\r\n";
            let answer = one(&request, lab.gateway.says(&request).await);
            assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{answer:?}");
            let came = lab.upstream.came();
            assert_eq!((came.len(), came[0].requests, came[0].body()), (1, 1, &b""[..]));
            let expected = [
                "GET /a%20b?c=%0d%0a&url=http://x/ HTTP/1.1",
                "accept-encoding: gzip",
                "accept-language: de",
                "accept: text/html",
                "from: kept@example.com",
                "host: UPSTREAM",
                "if-none-match: \"x\"",
                "range: bytes=0-1",
                "user-agent: dualfetch/VERSION (gateway)",
                "via: 1.1 dualfetch",
                "x-own: kept",
                "x-own: too",
            ];
            assert_eq!(plain(&lab, &came[0]), expected);
        }
    });
}

#[test]
fn every_method_carries_its_body_once() {
    run(async {
        for lab in Lab::both().await {
            let mut asked = 0;
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                for (framing, body, told) in [
                    ("Content-Length: 5\r\n\r\nhello", "hello", Some("content-length: 5")),
                    (
                        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                        "5\r\nhello\r\n0\r\n\r\n",
                        Some("transfer-encoding: chunked"),
                    ),
                    ("\r\n", "", None),
                ] {
                    asked += 1;
                    let path = format!("/{asked}");
                    let fields = "Connection: close\r\nContent-Type: text/plain\r\n";
                    let request = lab.line(method, &path) + fields + framing;
                    let answer = one(&request, lab.gateway.says(&request).await);
                    let came = lab.upstream.at(&path);
                    // What a body of a GET would mean, nobody knows (RFC 9110, 9.3.1): it goes no further.
                    let (body, told) = if method == "GET" { ("", None) } else { (body, told) };
                    assert_eq!(
                        (answer.status, came.len(), came[0].requests),
                        (200, 1, 1),
                        "{request:?}: {answer:?}"
                    );
                    assert_eq!(came[0].body(), body.as_bytes(), "{request:?}");
                    let lines = came[0].lines();
                    let length = |line: &&String| {
                        line.starts_with("content-length:") || line.starts_with("transfer-encoding:")
                    };
                    let lengths: Vec<_> = lines.iter().filter(length).map(String::as_str).collect();
                    let none = if matches!(method, "POST" | "PUT" | "PATCH") {
                        vec!["content-length: 0"]
                    } else {
                        vec![]
                    };
                    assert!(
                        lengths == told.map_or(vec![], |told| vec![told])
                            || told.is_none() && lengths == none,
                        "{request:?}: {lines:?}"
                    );
                    assert!(
                        lines[0].starts_with(&format!("{method} {path} "))
                            && lines.contains(&"content-type: text/plain".to_owned())
                    );
                }
            }
        }
    });
}

#[test]
fn no_body_ends_in_two_ways() {
    run(async {
        for lab in Lab::both().await {
            let (mut wrong, mut nowhere_to) = (Vec::new(), Vec::new());
            for (nth, (framing, comes)) in FRAMINGS.iter().enumerate() {
                let second = lab.line("GET", &format!("/second/{nth}")) + "Connection: close\r\n\r\n";
                let request =
                    lab.line("POST", &format!("/first/{nth}")) + &framing.replace("{SECOND}", &second);
                let answers = match comes {
                    Comes::Cut => lab.ends_with(&request).await,
                    _ => lab.says(&request, 1).await,
                };
                let came = lab.upstream.came();
                // Connections are kept, so one of them may have both.
                let all_of = |path: String| -> Vec<_> {
                    let pieces = came.iter().flat_map(Came::pieces);
                    pieces.filter(|piece| piece.bytes.starts_with(path.as_bytes())).collect()
                };
                let firsts = all_of(format!("POST /first/{nth} HTTP/1.1\r\n"));
                if *comes == Comes::Nowhere {
                    nowhere_to.push(format!("/first/{nth}"));
                }
                let first = answers.first();
                let nowhere = || firsts.is_empty() && first.is_none_or(|answer| answer.status == 400);
                let cut = || {
                    firsts.iter().all(|first| first.requests == 0)
                        && answers.iter().all(|answer| answer.status == 400)
                };
                let with = |body: &str| {
                    let is_body = firsts.len() == 1 && firsts[0].requests == 1 && is_body(&firsts[0], body);
                    is_body && first.is_some_and(|answer| answer.status == 200)
                };
                let right = match comes {
                    Comes::Nowhere => nowhere(),
                    Comes::With(body) => with(body),
                    Comes::Either(body) => with(body) || nowhere(),
                    Comes::Cut => cut(),
                };
                if !right {
                    wrong.push(format!("{framing:?} should come {comes:?}: {firsts:?} {answers:?}"));
                }
            }
            assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), FRAMINGS.len(), wrong.join("\n"));
            // None of those came late, and nothing else did.
            assert!(nowhere_to.iter().all(|target| lab.upstream.at(target).is_empty()));
            let starts = ["POST /first/", "GET /second/"].map(str::as_bytes);
            for piece in lab.upstream.came().iter().flat_map(Came::pieces) {
                assert!(starts.iter().any(|start| piece.bytes.starts_with(start)), "{piece:?}");
            }
        }
    });
}

/// Of one length, told once.
fn is_body(came: &Came, body: &str) -> bool {
    let told = |line: &&String| line.starts_with("content-length:") || line.starts_with("transfer-encoding:");
    let lines = came.lines();
    let told: Vec<_> = lines.iter().filter(told).map(String::as_str).collect();
    let plain = format!("content-length: {}", body.len());
    match told.as_slice() {
        ["transfer-encoding: chunked"] => joined(came.body()).is_some_and(|joined| joined == body.as_bytes()),
        [told] => *told == plain && came.body() == body.as_bytes(),
        [] => body.is_empty() && came.body().is_empty(),
        _ => false,
    }
}

/// What chunks of the plainest kind hold.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return (rest == b"\r\n").then_some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[test]
fn lines_in_a_url_are_no_lines_of_a_head() {
    run(async {
        let lab = Lab::start().await;
        for (path, target) in [
            ("/a\r\nX-Injected: 1", "/aX-Injected:%201"),
            ("/a HTTP/1.1\r\nHost: evil\r\n\r\nGET /b", "/a%20HTTP/1.1Host:%20evilGET%20/b"),
            ("/a%0d%0aX-Injected:%201", "/a%0d%0aX-Injected:%201"),
            ("/a?b=\r\nX-Injected: 1", "/a?b=X-Injected:%201"),
            ("/a\u{85}\u{2028}b", "/a%C2%85%E2%80%A8b"),
            ("/\u{10a}\u{10d}", "/%C4%8A%C4%8D"),
            ("/a\0b", "/a%00b"),
            ("/a\tb", "/ab"),
        ] {
            let answer = lab.gateway.fetch(&lab.upstream.url(path)).await;
            let came = lab.upstream.at(target);
            assert_eq!((answer.status, came.len(), came[0].requests), (200, 1, 1), "{path:?}: {answer:?}");
            assert_eq!(came[0].lines()[0], format!("GET {target} HTTP/1.1"), "{path:?}");
            assert!(!came[0].lines().iter().any(|line| line.to_ascii_lowercase().starts_with("x-injected")));
        }
    });
}

#[test]
fn a_host_is_told_once() {
    run(async {
        for lab in Lab::both().await {
            let host = lab.gateway.address;
            let target = format!("/fetch?url={}", escaped(&lab.upstream.url("/")));
            for head in [
                format!("GET {target} HTTP/1.1\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost:\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost : {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\n Host: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nX: x\r\n Host: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host} evil.example\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host}\tevil.example\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host},{host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: http://{host}/\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host}/\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: {host}#\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: evil@{host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:x\r\n\r\n"),
                format!("GET {target}\r\nHost: {host}\r\n\r\n"),
                format!("GET  {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1 x\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.2\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/2.0\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} http/1.1\r\nHost: {host}\r\n\r\n"),
                format!("GET\t{target}\tHTTP/1.1\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\rHost: {host}\r\n\r\n"),
                format!("G(T {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                format!("GET {target}\0 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\n\r\nHost: {host}\r\n\r\n"),
            ] {
                let answers = lab.says(&head, 1).await;
                assert!(
                    answers.iter().all(|answer| matches!(answer.status, 400 | 403 | 405)),
                    "{head:?}: {answers:?}"
                );
            }
            // After one that came, none can be on its way.
            assert_eq!(lab.gateway.fetch(&lab.upstream.url("/last")).await.status, 200);
            assert_eq!((lab.upstream.count(), lab.upstream.at("/last").len()), (1, 1));
        }
    });
}

#[test]
fn nothing_makes_a_connection_into_another_protocol() {
    run(async {
        let lab = Lab::start().await;
        for (nth, fields) in [
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "Connection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/2.0\r\n",
            "Upgrade: h2c\r\n",
        ]
        .into_iter()
        .enumerate()
        {
            let path = format!("/{nth}");
            let request = lab.line("GET", &path) + fields + "\r\n";
            let answers = lab.says(&request, 1).await;
            let came = lab.upstream.at(&path);
            assert_eq!(
                (answers[0].status, came.len(), came[0].requests),
                (200, 1, 1),
                "{fields:?}: {answers:?}"
            );
            let names = came[0].lines().join("\n").to_ascii_lowercase();
            assert!(
                !["upgrade", "connection:", "http2-settings", "sec-"].iter().any(|name| names.contains(name)),
                "{names}"
            );
        }
        // An upstream that changes by itself.
        let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        let lab = Lab::answering(switching).await;
        let answer = lab.gateway.fetch(&lab.upstream.url("/")).await;
        assert_eq!(answer.status, 502, "{answer:?}");
    });
}

#[test]
fn requests_of_one_connection_stay_apart() {
    run(async {
        for lab in Lab::both().await {
            let posts = |path: &str, body: &str| {
                lab.line("POST", path) + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
            };
            let request = posts("/1", "GET /evil HTTP/1.1\r\n\r\n")
                + &posts("/2", "0\r\n\r\n")
                + &lab.line("GET", "/3")
                + "\r\n";
            let answers = lab.says(&request, 3).await;
            assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200; 3]);
            let bytes: Vec<u8> = lab.upstream.came().into_iter().flat_map(|came| came.bytes).collect();
            let text = String::from_utf8(bytes).expect("ASCII");
            let lines: Vec<_> = text.split("\r\n").filter(|line| line.ends_with(" HTTP/1.1")).collect();
            assert_eq!(
                lines,
                ["POST /1 HTTP/1.1", "GET /evil HTTP/1.1", "POST /2 HTTP/1.1", "GET /3 HTTP/1.1"]
            );
            assert_eq!(lab.upstream.came().iter().map(|came| came.requests).sum::<usize>(), 3);
            assert!(text.contains("content-length: 22\r\n"), "the one that is a body is told as one: {text}");
        }
    });
}
