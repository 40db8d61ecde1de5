//! `demo` and its page.

use std::path::PathBuf;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::run::{dualfetch, output, run, told};
use crate::support::{PATIENCE, within_at_most};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_prints_every_page_and_every_error_as_it_should() {
    for no_ca_store in [false, true] {
        let mut command = dualfetch(&["demo"]);
        if no_ca_store {
            command.env("SSL_CERT_FILE", "/no/such/file").env("SSL_CERT_DIR", "/no/such/folder");
        }
        let (code, out, err) = told(output(command).await);
        assert_eq!(code, Some(0), "{out}{err}");
        for told in [
            "红楼梦",
            "三国演义",
            "西游记",
            "吾輩は猫である",
            "銀河鉄道の夜",
            "雪国",
            "Bücher & Brücken – für Anfänger",
            "À la recherche du temps perdu",
            "El niño",
            "A new home",
            "Five megabytes",
            "Worth the wait",
            "404",
            "500",
            "(no title)",
            "timeout (headers)",
            "disconnected",
            "as expected",
            "left on the server",
        ] {
            assert!(out.contains(told), "{told} is missing:\n{out}");
        }
        assert!(!out.contains('\u{1b}'), "colours are for terminals");
    }
}

/// A folder like the repository, with or without a built package, gone with the value.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str, built: bool) -> Self {
        let root = std::env::temp_dir().join(format!("dualfetch-{}-{name}", std::process::id()));
        let write = |path: &str, content: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
            std::fs::write(path, content).expect("a temporary file");
        };
        write("www/index.html", "<!doctype html><title>The page</title>");
        write("secret.txt", "not to be served");
        write("below/file", "");
        write("pkg/package.json", "{ \"name\": \"dualfetch\" }");
        if built {
            write("pkg/wasm/dualfetch/dualfetch_bg.wasm", "\0asm");
            write("pkg/dist/web/index.web.js", "export {}");
        }
        Self(root)
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_page_needs_its_package_and_a_port_needs_a_page() {
    let repository = Repository::new("not-built", false);
    let mut command = dualfetch(&["demo", "--web"]);
    command.current_dir(&repository.0);
    let (code, out, err) = told(output(command).await);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("run scripts/package") && err.lines().count() == 1, "{err}");
    for args in [&["demo", "--port", "8000"][..], &["demo", "--web", "--port", "65536"]] {
        let (code, _, err) = run(args).await;
        assert!(code == Some(2) && err.contains("--web") | err.contains("65536"), "{err}");
    }
    let (code, out, _) = run(&["demo", "--help"]).await;
    assert!(code == Some(0) && out.contains("--web") && out.contains("--port"), "{out}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_page_and_its_sites_are_served_until_ctrl_c() {
    let repository = Repository::new("built", true);
    let mut command = dualfetch(&["demo", "--web"]);
    let mut child = command.current_dir(repository.0.join("below")).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let line = within_at_most(PATIENCE, "the address", String::new, out.next_line()).await;
    let line = line.expect("UTF-8").expect("a line");
    let page = line.strip_prefix("The demo page: ").expect("the address");

    for (path, status, content_type, content) in [
        ("", 200, "text/html", "The page"),
        ("pkg/dist/web/index.web.js", 200, "text/javascript", "export"),
        ("pkg/wasm/dualfetch/dualfetch_bg.wasm", 200, "application/wasm", "\0asm"),
        ("demo.json", 200, "application/json", "never answers"),
        ("pkg/%2e%2e/secret.txt", 404, "text/plain", "404"),
        ("pkg//secret.txt", 404, "text/plain", "404"),
        ("pkg/dist", 404, "text/plain", "404"),
        ("nothing", 404, "text/plain", "404"),
    ] {
        let (head, body) = exchange("GET", &format!("{page}{path}")).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {content_type}")), "{path}: {head}");
        assert!(body.contains(content), "{path}: {body}");
    }
    let (head, _) = exchange("POST", page).await;
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");

    let (_, list) = exchange("GET", &format!("{page}demo.json")).await;
    let list: Vec<Value> = serde_json::from_str(&list).expect("a list");
    let site = |path: &str| {
        let mut urls = list.iter().filter_map(|entry| entry["url"].as_str());
        urls.find(|url| url.ends_with(path)).unwrap_or_else(|| panic!("no {path}")).to_owned()
    };
    for (path, status) in [("/gzip", 200), ("/old", 301), ("/nowhere", 404), ("/broken", 500)] {
        let (head, _) = exchange("GET", &site(path)).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
    }
    let (head, _) = exchange("OPTIONS", &site("/gzip")).await;
    assert!(head.contains("access-control-allow-headers: *"), "{head}");
    let (head, body) = exchange("GET", &site("/cut")).await;
    assert!(head.contains("access-control-allow-origin: *"), "a browser must not blame CORS: {head}");
    assert!(head.contains("content-length: 1000") && body.len() < 1000, "{head}");

    let taken = page.trim_end_matches('/').rsplit(':').next().expect("a port");
    let mut second = dualfetch(&["demo", "--web", "--port", taken]);
    second.current_dir(&repository.0);
    let (code, _, err) = told(output(second).await);
    assert!(code == Some(2) && err.contains("is taken"), "{err}");

    let id = child.id().expect("it runs").to_string();
    let told = std::process::Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(told.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().await.expect("an end").code(), Some(0));
}

/// The head and the body of what is answered, with nothing interpreted on the way.
async fn exchange(method: &str, url: &str) -> (String, String) {
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
    let mut stream = tokio::net::TcpStream::connect(host).await.expect("a server");
    let request = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an end");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}
