//! Clients of `serve` as they should not be, and many of them.

use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::run::run;
use super::served::{LOCAL, Served, answer, request};
use crate::support::{CountingServer, Folder, PlainClient, within};

/// Sends a byte now and then until the server has had enough. All that it answered.
async fn drip(mut client: PlainClient, bytes: &[u8]) -> Vec<u8> {
    let mut answered = Vec::new();
    let dripping = async {
        for byte in bytes.iter().chain(std::iter::repeat(&b'x')) {
            if client.0.write_all(&[*byte]).await.is_err() {
                return;
            }
            let mut buffer = [0; 1024];
            match tokio::time::timeout(Duration::from_millis(10), client.0.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(length)) => answered.extend_from_slice(&buffer[..length]),
                Err(_) => {}
            }
        }
    };
    within("the end of a slow client", String::new, dripping).await;
    answered
}

/// A connection that has been answered on, however busy this machine is.
async fn kept(server: &Served) -> PlainClient {
    let answered = async {
        loop {
            let mut client = PlainClient::connect(server.address).await;
            if asked(&mut client).await {
                return client;
            }
        }
    };
    within("an answer", || server.log(), answered).await
}

/// Whether the connection brings an answer: it may have been closed meanwhile.
async fn asked(client: &mut PlainClient) -> bool {
    const END: &[u8] = b"\"}";
    let mut bytes = Vec::new();
    let _ = client.0.write_all(request("/healthz", "").as_bytes()).await;
    while !bytes.ends_with(END) {
        match client.0.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => return false,
        }
    }
    answer(&bytes).0 == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_too_slowly_is_cut_and_others_are_served_meanwhile() {
    let server = Served::start(&["--header-timeout", "300ms", "--idle-timeout", "1h"]).await;
    let (mut other, slow_one) = (kept(&server).await, kept(&server).await);
    let mut slow = Vec::new();
    for begin in ["GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", "PRI * HTTP/2.0\r\n", "", "P"] {
        for _ in 0..5 {
            let client = PlainClient::connect(server.address).await;
            slow.push(tokio::spawn(async move { drip(client, begin.as_bytes()).await }));
        }
    }
    let rest_of_head = b"GET /healthz HTTP/1.1\r\nX-Slow: ";
    slow.push(tokio::spawn(async move { drip(slow_one, rest_of_head).await }));
    while slow.iter().any(|slow| !slow.is_finished()) {
        assert!(asked(&mut other).await, "{}", server.log());
    }
    for slow in slow {
        let answered = String::from_utf8(slow.await.expect("it ended")).expect("ASCII");
        assert!(!answered.contains(" 200 "), "{answered}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed() {
    let server = Served::start(&["--header-timeout", "300ms", "--idle-timeout", "1h"]).await;
    let mut silent = PlainClient::connect(server.address).await;
    assert_eq!(silent.rest().await.0, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_is_closed_after_its_idle_time_and_one_at_work_is_not() {
    let upstream = CountingServer::start().await;
    let args = [&LOCAL[..], &["--header-timeout", "1h", "--idle-timeout", "200ms"]].concat();
    let server = Served::start(&args).await;
    let mut working = PlainClient::connect(server.address).await;
    working
        .send(request(&Served::fetch(&upstream.url(0, "/bytes/9000?chunk=3000&body_gate=held")), ""))
        .await;
    assert!(working.head().await.starts_with("HTTP/1.1 200"));
    // Each of them lives through the idle time after the other one began to wait.
    for _ in 0..3 {
        let twice = async {
            loop {
                let mut client = kept(&server).await;
                // Unless this machine was so busy meanwhile that it was idle for too long.
                if asked(&mut client).await {
                    return client;
                }
            }
        };
        let mut kept = within("a second answer", || server.log(), twice).await;
        assert_eq!(kept.sees_fin().await, b"");
    }
    upstream.gate("held").open();
    assert_eq!(working.exactly(9000).await.len(), 9000);
    working.sees_fin().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_of_its_answer_is_cut() {
    let upstream = CountingServer::start().await;
    let args = [&LOCAL[..], &["--idle-timeout", "300ms", "--total-timeout", "1h", "--read-timeout", "none"]]
        .concat();
    let server = Served::start(&args).await;
    let mut client = PlainClient::connect(server.address).await;
    client.send(request(&Served::fetch(&upstream.url(0, "/bytes/200000000?chunk=100000")), "")).await;
    upstream.wait_in_flight(1).await;
    // It is given up there without a byte having been read here.
    upstream.wait_idle().await;
    let (bytes, _) = client.rest().await;
    assert!(bytes.len() < 200_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_wait_until_one_ends() {
    let server = Served::start(&["--max-connections", "2"]).await;
    let mut first = PlainClient::connect(server.address).await;
    let mut second = PlainClient::connect(server.address).await;
    for client in [&mut first, &mut second] {
        client.ask("GET", "/healthz").await;
        client.response().await;
    }
    let mut third = PlainClient::get(server.address, "/healthz").await;
    server.tells("as many connections as max_connections allows", 1).await;
    // Those that were there are served as ever.
    first.ask("GET", "/healthz").await;
    first.response().await;
    assert!(
        third.0.try_read(&mut [0; 16]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    );
    drop(second);
    let (head, _) = within("its turn", || server.log(), third.response()).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_large_are_refused() {
    let server = Served::start(&[]).await;
    let many = "a: b\r\n".repeat(150);
    assert_eq!(server.get_with("/healthz", &many).await.0, 431);
    let mut client = PlainClient::connect(server.address).await;
    let _ =
        client.0.write_all(request("/healthz", &format!("a: {}\r\n", "b".repeat(100_000))).as_bytes()).await;
    let (bytes, _) = client.rest().await;
    assert_eq!(answer(&bytes).0, 431);
    assert_eq!(server.get("/healthz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_http_2_and_listens_on_sockets_of_the_file_system() {
    let folder = Folder::new();
    let path = folder.at("socket");
    let path = path.to_str().expect("UTF-8");
    // That of a server that was killed.
    drop(std::os::unix::net::UnixListener::bind(path).expect("a socket"));
    let server = Served::start(&["--listen", "127.0.0.1:0", "--listen", &format!("unix:{path}")]).await;
    let (code, out, err) =
        run(&["get", "-v", "--http2", &format!("http://{}/healthz", server.address)]).await;
    assert!(code == Some(0) && out.contains("\"ok\"") && err.contains("HTTP/2"), "{out} {err}");
    let (code, out, err) = run(&["get", "--unix-socket", path, "http://localhost/metrics"]).await;
    assert!(code == Some(0) && out.contains("dualfetch_"), "{out} {err}");
    server.signal(Signal::TERM);
    assert_eq!(server.end().await.0, Some(0));
    assert!(!folder.at("socket").exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_open_no_more_files_goes_on_and_takes_those_who_wait_once_it_may() {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

    let server = Served::start(&[]).await;
    let mut kept = PlainClient::connect(server.address).await;
    kept.ask("GET", "/healthz").await;
    kept.response().await;
    let files =
        std::fs::read_dir(format!("/proc/{}/fd", server.pid().as_raw_nonzero())).expect("its files").count();
    let maximum = getrlimit(Resource::Nofile).maximum;
    let allow = |files| {
        prlimit(Some(server.pid()), Resource::Nofile, Rlimit { current: Some(files), maximum })
            .expect("a limit");
    };
    allow(files as u64);
    let mut waiting = Vec::new();
    // Numbers that are free among those of its files may be taken.
    for _ in 0..files + 5 {
        waiting.push(PlainClient::get(server.address, "/healthz").await);
    }
    server.tells("a connection could not be taken", 1).await;
    kept.ask("GET", "/healthz").await;
    assert!(kept.response().await.0.starts_with("HTTP/1.1 200"));
    allow(files as u64 * 10);
    for client in &mut waiting {
        let (head, _) = within("its turn", || server.log(), client.response()).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
    assert_eq!(server.log().matches("a connection could not be taken").count(), 1, "it is told now and then");
}
