//! Where requests go and by which way: fixed names, families, proxies, Unix sockets, netrc, safe mode.

use super::run::{File, dualfetch, output, rows, run, told};
use crate::support::{CountingServer, RawServer, Refusing, Script};

/// The name with the server's port.
fn named(server: &CountingServer, name: &str, path: &str) -> String {
    format!("http://{name}:{}{path}", server.address(0).port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_name_is_connected_to_there_and_keeps_its_name() {
    let server = CountingServer::builder().start().await;
    let (api, port) = (named(&server, "api.example", "/echo"), server.address(0).port());
    for fixed in
        [format!("api.example:{port}:127.0.0.1"), "API.example:[::ffff:127.0.0.1],127.0.0.1".to_owned()]
    {
        let (code, out, err) = run(&["get", "--resolve", &fixed, &api]).await;
        assert_eq!(code, Some(0), "{err}");
        assert!(out.contains(&format!("\nhost: api.example:{port}\n")), "{out}");
    }
    let row = ["titles", "--resolve", "api.example:127.0.0.1", "--retries", "0", "--format", "jsonl"];
    let (code, out, err) = run(&[&row[..], &[&named(&server, "api.example", "/page/1")]].concat()).await;
    assert_eq!((code, &rows(&out)[0]["title"]), (Some(0), &"Page 1".into()), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_addresses_that_were_asked_for_are_connected_to_and_from() {
    let server = CountingServer::builder().start().await;
    let url = named(&server, "api.example", "/page/1");
    let fixed = ["get", "--retries", "0", "--resolve", "api.example:127.0.0.1", &url];
    for args in
        [&["-4"][..], &["--interface", "127.0.0.1"], &["--interface", "127.0.0.1", "--interface", "::1"]]
    {
        let (code, out, err) = run(&[&fixed[..], args].concat()).await;
        assert!(code == Some(0) && out.contains("Page 1"), "{args:?}: {err}");
    }
    // TEST-NET-1 is nobody's, so it is not this machine's.
    for args in [
        &["--ipv6"][..],
        &["--interface", "no-such-one"],
        &["--interface", "192.0.2.1"],
        &["--interface", "::1"],
    ] {
        let (code, out, err) = run(&[&fixed[..], args].concat()).await;
        assert!(code == Some(1) && out.is_empty() && err.starts_with("error: "), "{args:?}: {err}");
    }
    assert_eq!(server.total().requests, 3);
}

/// A proxy that answers by itself what it is asked, and opens no tunnel.
async fn proxy() -> RawServer {
    RawServer::by_head(|head| match head.method.as_str() {
        "CONNECT" => Script::new().read_head().send("HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n").close(),
        _ => Script::new().read_head().send_page("<title>by proxy</title>"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_by_the_proxy_but_to_exempt_hosts() {
    let (server, proxy) = (CountingServer::builder().start().await, proxy().await);
    let (by, direct) = (format!("http://me:secret@{}", proxy.address()), server.url(0, "/page/1"));
    let args = ["titles", "-x", &by, "--no-proxy", "localhost,127.0.0.0/8", "--ordered", "--format", "jsonl"];
    let urls = ["http://origin.example/a?b", &direct, "https://origin.example/", "--retries", "0", "--quiet"];
    let (code, out, err) = run(&[&args[..], &urls].concat()).await;
    assert_eq!((code, err.as_str()), (Some(1), ""));
    let rows = rows(&out);
    assert_eq!((&rows[0]["title"], &rows[1]["title"]), (&"by proxy".into(), &"Page 1".into()), "{out}");
    assert_eq!(rows[2]["error"]["code"], "proxy", "{out}");
    assert!(rows[2]["error"]["message"].as_str().is_some_and(|message| message.contains("407")), "{out}");
    assert!(!out.contains("secret"), "{out}");
    let mut targets: Vec<_> = proxy.heads().into_iter().map(|(_, head)| head.target).collect();
    targets.sort();
    assert_eq!(targets, ["http://origin.example/a?b", "origin.example:443"]);
    assert_eq!(server.total().requests, 1);
    let refusing = Refusing::new();
    let dead = refusing.url("");
    let (code, out, err) = run(&["get", "--retries", "0", "--proxy", &dead, &direct]).await;
    assert!(code == Some(1) && out.is_empty() && err.contains("by the proxy"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_s_proxies_are_asked_where_that_is_said() {
    let (server, proxy) = (CountingServer::builder().start().await, proxy().await);
    let (by, direct) = (format!("http://{}", proxy.address()), server.url(0, "/page/1"));
    let with_env = async |args: &[&str], by: &str| {
        let mut command = dualfetch(args);
        for name in ["HTTP_PROXY", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"] {
            command.env_remove(name);
        }
        told(
            output({
                command.env("http_proxy", by);
                command
            })
            .await,
        )
    };
    let (code, out, err) = with_env(&["get", "--proxy-env", &direct], &by).await;
    assert!(code == Some(0) && out.contains("by proxy"), "{out}{err}");
    for args in [&["get", &direct][..], &["get", "--proxy-env", "--no-proxy", "127.0.0.1", &direct]] {
        let (code, out, err) = with_env(args, &by).await;
        assert!(code == Some(0) && out.contains("Page 1"), "{args:?}: {out}{err}");
    }
    let (code, _, err) = with_env(&["get", "--proxy-env", &direct], "ftp://me:secret@proxy").await;
    assert!(code == Some(2) && err.contains("--proxy-env: ") && err.contains("http_proxy"), "{err}");
    assert!(!err.contains("secret"), "{err}");
    assert_eq!((proxy.heads().len(), server.total().requests), (1, 2));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_takes_the_place_of_every_host() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let place = File::new("connections.sock", b"");
    std::fs::remove_file(place.path()).expect("it is not there yet");
    let listener = tokio::net::UnixListener::bind(place.path()).expect("a socket");
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
        while !asked.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut piece).await.expect("a request");
            assert_ne!(length, 0, "a whole head");
            asked.extend_from_slice(&piece[..length]);
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", asked.len());
        stream.write_all(&[answer.as_bytes(), &asked].concat()).await.expect("it is there");
    });
    let (code, out, err) = run(&["get", "--unix-socket", place.path(), "http://docker/version"]).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("GET /version HTTP/1.1\r\n") && out.contains("host: docker\r\n"), "{out}");
    serving.await.expect("it was asked");
    let (code, _, err) = run(&["get", "--unix-socket", place.path(), "docker/version"]).await;
    assert!(code == Some(2) && err.contains("write http://docker/version"), "{err}");
    let (code, _, err) = run(&["get", "--retries", "0", "--unix-socket", "/no/such", "http://docker/"]).await;
    assert!(code == Some(1) && err.contains("could not connect: /no/such: "), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn netrc_says_who_is_asking_where_it_is_asked_and_nobody_else_does() {
    let server = CountingServer::builder().start().await;
    let (echo, file) =
        (server.url(0, "/echo"), File::new("netrc", b"machine 127.0.0.1 login me password secret"));
    let (option, basic) = (format!("--netrc={}", file.path()), "authorization: Basic bWU6c2VjcmV0\n");
    let with_env = async |args: &[&str]| {
        told(
            output({
                let mut command = dualfetch(args);
                command.env("NETRC", file.path());
                command
            })
            .await,
        )
    };
    for args in [&["get", &option, &echo][..], &["get", "-n", &echo], &["get", &echo, "--netrc"]] {
        let (code, out, err) = with_env(args).await;
        assert!(code == Some(0) && out.contains(basic), "{args:?}: {out}{err}");
    }
    for (args, expected) in [
        (&["get", &echo][..], ""),
        (&["get", "-n", "-u", "you:too", &echo], "authorization: Basic eW91OnRvbw==\n"),
        (&["get", "-n", "-H", "authorization: own", &echo], "authorization: own\n"),
    ] {
        let (code, out, err) = with_env(args).await;
        assert!(code == Some(0) && out.contains(expected) && !out.contains(basic), "{args:?}: {out}{err}");
        assert_eq!(out.contains("authorization"), !expected.is_empty(), "{out}");
    }
    let proxy = proxy().await;
    let (by, by_you) = (proxy.address().to_string(), format!("http://you:too@{}", proxy.address()));
    for (args, expected) in [
        (&["--proxy", &by][..], None),
        (&["--proxy", &by, &option], Some("Basic bWU6c2VjcmV0")),
        (&["--proxy", &by_you, &option], Some("Basic eW91OnRvbw==")),
    ] {
        let (code, _, err) = run(&[&["get", "http://origin.example/"], args].concat()).await;
        assert_eq!(code, Some(0), "{args:?}: {err}");
        let (_, head) = proxy.heads().pop().expect("it was asked");
        let field = head.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        assert_eq!(field.map(|(_, value)| value.as_str()), expected, "{args:?}");
        assert!(head.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("authorization")), "{args:?}");
    }
    let broken = File::new("netrc-broken", b"machine 127.0.0.1\nlogin me\nsecret");
    let (code, _, err) = run(&["get", &format!("--netrc={}", broken.path()), &echo]).await;
    assert!(code == Some(2) && err.contains("--netrc: ") && err.contains("line 3"), "{err}");
    assert!(!err.contains("secret"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_mode_asks_nothing_but_what_it_lets_through() {
    let server = CountingServer::builder().start().await;
    let (page, port) = (server.url(0, "/page/1"), server.address(0).port().to_string());
    let named = named(&server, "inside.example", "/page/1");
    let inside = server.url(0, &format!("/redirect-to?location=http://[::1]:{port}/"));
    let there = ["--safe", "--safe-ports", &port, "--resolve", "inside.example:127.0.0.1"];
    let allowed = ["--safe-allow", "127.0.0.0/8"];
    let cases: [(&[&str], &str, &str); 6] = [
        (&["--safe"], &page, &port),
        (&there, &page, "127.0.0.1 is loopback"),
        (&there, &named, "127.0.0.1 is loopback"),
        (&[&there[..], &["--safe-allow", "10.0.0.0/8"]].concat(), &page, "127.0.0.1 is loopback"),
        (&[&there[..], &allowed, &["--safe-deny", "127.0.0.1"]].concat(), &page, "127.0.0.1"),
        (&["--safe"], "http://169.254.169.254/latest/", "169.254.169.254"),
    ];
    for (args, url, expected) in cases {
        let (code, out, err) = run(&[&["titles", "--format", "jsonl", url], args].concat()).await;
        assert_eq!(code, Some(1), "{args:?}: {out}{err}");
        let row = &rows(&out)[0];
        assert_eq!((&row["error"]["code"], &row["status"]), (&"denied".into(), &().into()), "{out}");
        let message = row["error"]["message"].as_str().expect("a message");
        assert!(message.starts_with("denied: ") && message.contains(expected), "{message}");
        assert_eq!(message.matches("denied: ").count(), 1, "{message}");
        let (code, out, err) = run(&[&["get", url], args].concat()).await;
        assert!(code == Some(1) && out.is_empty() && err.starts_with("error: denied: "), "{args:?}: {err}");
        assert_eq!(err.matches("denied: ").count(), 1, "{err}");
    }
    assert_eq!(server.total().connections, 0);
    for (url, expected) in [(&page, Some(0)), (&named, Some(0)), (&inside, Some(1))] {
        let (code, out, err) = run(&[&["get", url], &there[..], &allowed].concat()).await;
        assert_eq!((code, out.contains("Page 1")), (expected, expected == Some(0)), "{err}");
        assert_eq!(err.contains("denied: ::1 is loopback"), expected == Some(1), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_that_is_wrong_is_named_and_its_secrets_are_not_shown() {
    let server = CountingServer::builder().start().await;
    let page = server.url(0, "/page/1");
    let cases: [(&[&str], &str); 21] = [
        (&["--proxy", "ftp://me:secret@proxy.example"], "--proxy: "),
        (&["--proxy", "http://me:secret@proxy.example/path"], "--proxy: "),
        (&["--proxy", "proxy.example", "--no-proxy", "10.0.0.0/99"], "--no-proxy: \"10.0.0.0/99\""),
        (&["--proxy", "proxy.example", "--proxy-env"], "'--proxy-env'"),
        (&["--no-proxy", "localhost"], "--proxy <URL>|--proxy-env"),
        (&["--resolve", "api.example"], "'--resolve"),
        (&["--resolve", "*:7080:127.0.0.1"], "'--resolve"),
        (&["--resolve", "127.0.0.1:127.0.0.2"], "'--resolve"),
        (&["--interface", ""], "'--interface"),
        (&["-4", "-6"], "'--ipv6'"),
        (&["--unix-socket", "/run/x", "--proxy", "proxy.example"], "'--unix-socket"),
        (&["--netrc=/no/such/file"], "--netrc: /no/such/file"),
        (&["--safe", "--proxy", "proxy.example"], "'--safe'"),
        (&["--safe", "--unix-socket", "/run/x"], "--safe"),
        (&["--safe-allow", "10.0.0.0/8"], "--safe"),
        (&["--safe", "--safe-allow", "10.0.0.1/8"], "'--safe-allow"),
        (&["--safe", "--safe-deny", "ten"], "'--safe-deny"),
        (&["--safe", "--safe-ports", "80,http"], "'--safe-ports"),
        (&["--safe", "--safe-ports", "80-90"], "ports between commas: 80,443"),
        (&["--http1", "--http2"], "'--http2'"),
        (&["--tls-min", "1.1"], "'--tls-min"),
    ];
    for (args, expected) in cases {
        for command in ["get", "page", "titles"] {
            let (code, out, err) = run(&[&[command, page.as_str()], args].concat()).await;
            assert_eq!((code, out.as_str()), (Some(2), ""), "{command} {args:?}: {err}");
            assert!(err.contains(expected), "{command} {args:?}: {err}");
            assert!(!err.contains("secret") && !err.contains("panicked"), "{args:?}: {err}");
        }
    }
    assert_eq!(server.total().connections, 0);
}
