//! The servers behind `tests/browser.rs`. Wasm can start none, so scripts/browser-tests has this serve beside it.

use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;

use crate::support::{
    CountingServer, Head, RawServer, Refusing, Script, WebSocketServer, cors, faults, routes,
};

use super::matrix;

/// Prints what the tests are compiled with: the visits of the fault matrix in a page and in Node, the hash of the key
/// that a browser has to trust for them, and as the last line `DUALFETCH_LAB=` and five origins: two of well-behaved
/// servers, one of [`fault`]s, one that refuses, one of WebSockets.
#[test]
#[ignore = "serves tests/browser.rs until its standard input ends: scripts/browser-tests"]
fn until_standard_input_ends() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let itself = Arc::new(OnceLock::<CountingServer>::new());
        let own = Arc::clone(&itself);
        let idle = Router::new().route("/lab/idle", get(move || idle(Arc::clone(&own))));
        let builder = CountingServer::builder().hosts(2).cors().routes(idle);
        #[cfg(feature = "digest")]
        let builder = builder.routes(digest());
        let server = builder.start().await;
        let faults = RawServer::by_head(fault).await;
        let refusing = Refusing::new();
        let sockets = WebSocketServer::start().await;
        let origins =
            [server.url(0, ""), server.url(1, ""), faults.url(""), refusing.url(""), sockets.url("")];
        itself.set(server).expect("set once");
        // Not `println!`: the harness keeps that to itself. The newline ends what it has begun to say.
        let mut stdout = io::stdout();
        let matrix = matrix::Servers::start().await;
        let (page, node) = (matrix::in_a_line(&matrix.page()), matrix::in_a_line(&matrix.node()));
        let key = matrix.issuer.key_hash();
        let said = format!("DUALFETCH_PAGE_VISITS={page}\nDUALFETCH_NODE_VISITS={node}\nDUALFETCH_KEY={key}");
        writeln!(stdout, "\n{said}\nDUALFETCH_LAB={}", origins.join(" "))
            .and_then(|()| stdout.flush())
            .expect("a reader");
        let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
        end.await.expect("no panic").expect("a standard input");
    });
}

/// What is answered to who proves to know a password.
#[cfg(feature = "digest")]
fn digest() -> Router {
    let strict = Arc::new(crate::strict::Strict::new("SHA-512-256", "auth,auth-int"));
    let judged = move |request| crate::strict_served::judged(Arc::clone(&strict), request);
    Router::new().route("/lab/digest/{*path}", axum::routing::any(judged))
}

/// 204 once nothing is in flight but this question: what a test has given up must not go on.
async fn idle(server: Arc<OnceLock<CountingServer>>) -> (StatusCode, String) {
    let Some(server) = server.get() else { return (StatusCode::NOT_FOUND, String::new()) };
    let alone = server.wait_until("nothing else in flight", |counts| counts.in_flight <= 1);
    match tokio::time::timeout(Duration::from_secs(20), alone).await {
        Ok(_) => (StatusCode::NO_CONTENT, String::new()),
        Err(_) => (StatusCode::CONFLICT, format!("{:?}", server.total())),
    }
}

/// What each path does wrong. All but `/forbidden` may be read by pages.
fn fault(head: &Head) -> Script {
    let page = routes::titled("Half", 1000);
    let half = page.slice(..500);
    match head.target.split('?').next().unwrap_or_default() {
        "/closed" => Script::new().close(),
        "/corrupt-gzip" => {
            let mut gzip = faults::gzip(&page).to_vec();
            // Its checksum.
            let at = gzip.len() - 8;
            gzip[at] ^= 0xff;
            encoded("gzip", gzip.len()).send(gzip)
        }
        "/cut-gzip" => {
            let gzip = faults::gzip(&page);
            let cut = gzip.slice(..gzip.len() - 100);
            encoded("gzip", cut.len()).send(cut)
        }
        "/forbidden" => Script::new()
            .send_head("200 OK", &[("Content-Type", "text/html"), ("Content-Length", "1000")])
            .send(page),
        "/gzip" => {
            let gzip = faults::gzip(&routes::titled("Packed", 5000));
            encoded("gzip", gzip.len()).send(gzip)
        }
        "/no-gzip" => encoded("gzip", page.len()).send(page),
        "/short" => allowed(&[("Content-Length", "1000")]).send(half).close(),
        "/stalled" => allowed(&[("Content-Length", "1000")]).send(half).expect_close(),
        "/silent" => Script::new().expect_close(),
        _ => allowed(&[("Content-Length", &page.len().to_string())]).send(page),
    }
}

fn encoded(encoding: &str, length: usize) -> Script {
    allowed(&[("Content-Encoding", encoding), ("Content-Length", &length.to_string())])
}

/// The head of an HTML page that may be read from anywhere.
fn allowed(more: &[(&str, &str)]) -> Script {
    let html = [("Content-Type", "text/html; charset=utf-8")];
    Script::new().send_head("200 OK", &[&html[..], more, &cors::ALLOWING[..]].concat())
}
