//! Whole heads, as no browser but anybody else can write them; and those that a page of elsewhere has a browser write.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::wire::{Answer, Serving, escaped, one, run, settings};
use super::Lab;

/// First lines that try to be a proxy's, with `{H}` for the gateway's own host and port.
const FORMS: &[&str] = &[
    "GET http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: 127.0.0.1:{P}",
    "GET http://127.0.0.2:{U}/page HTTP/1.1\r\nHost: {H}",
    "GET http://127.0.0.2:{U}/page HTTP/1.1\r\nHost: 127.0.0.2:{U}",
    "GET HTTP://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET https://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://[::1]:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://user@127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://{H}@127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://127.0.0.1:{P}@{H}/ HTTP/1.1\r\nHost: {H}",
    "GET http://{H}\\@127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET file:///etc/passwd HTTP/1.1\r\nHost: {H}",
    "GET ftp://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET ws://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET //127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET /\\127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET \\\\127.0.0.1:{P}\\ HTTP/1.1\r\nHost: {H}",
    "GET 127.0.0.1:{P} HTTP/1.1\r\nHost: {H}",
    "GET @127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET :@127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET ?url=http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET * HTTP/1.1\r\nHost: {H}",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:{P}",
    "GET / HTTP/1.1\r\nHost: {H}\r\nX-Forwarded-Host: 127.0.0.1:{P}",
    "GET / HTTP/1.1\r\nHost: {H}\r\nX-Original-URL: /fetch?url=http://127.0.0.1:{P}/\r\nX-Rewrite-URL: http://127.0.0.1:{P}/",
    "GET / HTTP/1.1\r\nHost: {H}\r\nForwarded: host=\"127.0.0.1:{P}\"",
    "POST http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}\r\nContent-Length: 0",
    "CONNECT 127.0.0.1:{P} HTTP/1.1\r\nHost: 127.0.0.1:{P}",
    "CONNECT 127.0.0.2:{U} HTTP/1.1\r\nHost: 127.0.0.2:{U}",
    "CONNECT [::1]:{P} HTTP/1.1\r\nHost: {H}",
    "CONNECT http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "CONNECT /fetch?url=http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:{P}",
    "OPTIONS http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "TRACE http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "GET http://127.0.0.1:{P}/ HTTP/1.0\r\nHost: {H}",
    "GET http://127.0.0.1:{P}/",
    "PRI http://127.0.0.1:{P}/ HTTP/1.1\r\nHost: {H}",
    "SOURCE 127.0.0.1:{P} HTTP/1.0",
    "\x04\x01\x00\x50\x7f\x00\x00\x01user",
    "\x05\x01",
];

#[test]
fn no_form_of_a_target_makes_it_a_proxy() {
    run(async {
        no_proxy(Lab::start().await).await;
        if let Some(gateway) = Serving::by_command("127.0.0.2").await {
            no_proxy(Lab { gateway, ..Lab::start().await }).await;
        }
    });
}

async fn no_proxy(lab: Lab) {
    for form in FORMS {
        let host = lab.gateway.address.to_string();
        let head = lab.filled(&form.replace("{H}", &host)) + "\r\nConnection: close\r\n\r\n";
        for answer in lab.gateway.says(&head).await {
            let status = answer.status;
            let is_own = answer.field("dualfetch-url").is_none() && status != 101;
            assert!(is_own && answer.text() != "reached", "{form:?}: {answer:?}");
            // Only a target of its own is answered well, and then by no more than its own page.
            let harmless = status >= 400
                || form.starts_with("OPTIONS")
                || form.contains(" / HTTP")
                || form.contains("://");
            assert!(harmless && !(form.starts_with("CONNECT") && status < 400), "{form:?}: {answer:?}");
        }
    }
    lab.saw_nobody(0);
}

/// What a page that a user visits can have the browser send, in a head that asks for what may be asked.
const FOREIGN: &[&str] = &[
    // A name of the page's own that points here: DNS rebinding.
    "Host: rebind.example",
    "Host: rebind.example:{G}",
    "Host: 127.0.0.1.nip.example:{G}",
    "Host: localhost.example:{G}",
    "Host: notlocalhost:{G}",
    "Host: localhost:{G}.example",
    "Host: rebind.example\r\nOrigin: http://rebind.example",
    "Host: ",
    "Host: {H}, rebind.example",
    "Host: rebind.example@{H}",
    "Host: {H}/@rebind.example",
    "Host: {H}\r\nHost: rebind.example",
    "Host: rebind.example\r\nHost: {H}",
    "X-Forwarded-Host: {H}\r\nHost: rebind.example",
    // Another origin.
    "Host: {H}\r\nOrigin: https://evil.example",
    "Host: {H}\r\nOrigin: null",
    "Host: {H}\r\nOrigin: ",
    "Host: {H}\r\nOrigin: http://127.0.0.1",
    "Host: {H}\r\nOrigin: http://127.0.0.1:1",
    "Host: {H}\r\nOrigin: http://localhost:{G}",
    "Host: {H}\r\nOrigin: http://{H}.evil.example",
    "Host: {H}\r\nOrigin: http://{H}@evil.example",
    "Host: {H}\r\nOrigin: ftp://{H}",
    "Host: {H}\r\nOrigin: file://",
    "Host: {H}\r\nOrigin: {H}",
    "Host: {H}\r\nOrigin: http://{H}/",
    "Host: {H}\r\nOrigin: http://{H}, https://evil.example",
    "Host: {H}\r\nOrigin: http://{H}\r\nOrigin: https://evil.example",
    "Host: {H}\r\nOrigin: https://evil.example\r\nOrigin: http://{H}",
    "Host: {H}\r\nSec-Fetch-Site: cross-site",
    "Host: {H}\r\nSec-Fetch-Site: same-site",
    "Host: {H}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image",
    "Host: {H}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document",
    "Host: {H}\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: same-origin",
];

#[test]
fn no_page_of_elsewhere_has_it_fetch() {
    run(async {
        let lab = Lab::start().await;
        let host = lab.gateway.address.to_string();
        let url = format!("http://127.0.0.2:{}/page", lab.upstream.port);
        let body = format!("[\"{url}\"]");
        let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: dualfetch.v1";
        let mut wrong = Vec::new();
        for fields in FOREIGN {
            let fields = lab.filled(&fields.replace("{H}", &host));
            let requests = [
                format!("GET /fetch?url={} HTTP/1.1\r\n{fields}\r\nConnection: close\r\n\r\n", escaped(&url)),
                format!(
                    "POST /titles HTTP/1.1\r\n{fields}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                ),
                format!("GET /ws HTTP/1.1\r\n{fields}\r\nConnection: Upgrade\r\n{upgrade}\r\n\r\n"),
                format!("GET /metrics HTTP/1.1\r\n{fields}\r\nConnection: close\r\n\r\n"),
            ];
            for request in requests {
                let answer = first(&lab.gateway, &request).await;
                let is_refused =
                    matches!((answer.status, answer.code().as_deref()), (403, Some("forbidden")) | (400, _));
                if !is_refused || answer.field("access-control-allow-origin").is_some() {
                    wrong.push(format!("{request:?}: {answer:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
        lab.saw_nobody(0);
        // The same head without any of it.
        let request = format!(
            "GET /fetch?url={} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n",
            escaped(&url)
        );
        assert_eq!(one(&request, lab.gateway.says(&request).await).status, 200);
    });
}

/// The answer's beginning, of a connection that may go on.
async fn first(gateway: &Serving, request: &str) -> Answer {
    let mut stream = tokio::net::TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut bytes = Vec::new();
    // A refusal ends with its body, of a length that is told.
    loop {
        let read = stream.read_buf(&mut bytes).await.unwrap_or(0);
        if read == 0
            || bytes.ends_with(b"}")
            || bytes.starts_with(b"HTTP/1.1 101")
            || bytes.ends_with(b"\r\n\r\n") && bytes.starts_with(b"HTTP/1.1 400")
        {
            break;
        }
    }
    Answer::all(&bytes).into_iter().next().unwrap_or_default()
}

#[test]
fn a_gateway_that_is_fetched_by_a_gateway_fetches_nothing() {
    run(async {
        let mut lab = Lab::start().await;
        // At the address that may be asked.
        lab.gateway = Serving::at(Ipv4Addr::new(127, 0, 0, 2), settings("127.0.0.2")).await;
        let other = Serving::at(Ipv4Addr::new(127, 0, 0, 2), settings("127.0.0.2")).await;
        let page = format!("http://127.0.0.2:{}/page", lab.upstream.port);
        let by =
            |gateway: &Serving, url: &str| format!("http://{}/fetch?url={}", gateway.address, escaped(url));
        assert_eq!(lab.gateway.fetch(&page).await.status, 200);
        let through = [
            by(&lab.gateway, &page),
            by(&other, &page),
            by(&other, &by(&lab.gateway, &page)),
            by(&lab.gateway, &by(&lab.gateway, &by(&lab.gateway, &page))),
            lab.upstream.sends_to(&by(&other, &page)),
        ];
        for url in &through {
            let answer = lab.gateway.fetch(url).await;
            // The inner one's answer, relayed as any other is.
            assert_eq!((answer.status, &answer.json()["code"]), (508, &"loop".into()), "{url}: {answer:?}");
            assert!(answer.field("dualfetch-error").is_none() && answer.field("dualfetch-url").is_some());
        }
        for via in ["1.1 dualfetch", "1.0 a, 1.1 DualFetch (x)", "1.1 a\r\nVia: HTTP/1.1 dualfetch"] {
            let target = format!("/fetch?url={}", escaped(&page));
            let host = lab.gateway.address;
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nVia: {via}\r\nConnection: close\r\n\r\n");
            let answer = one(&request, lab.gateway.says(&request).await);
            assert_eq!((answer.status, answer.code().as_deref()), (508, Some("loop")), "{via}");
        }
        lab.saw_nobody(2);
    });
}
