//! The end, by SIGTERM, in the midst of lists.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::run;
use super::server::{Server, within};
use super::upstream::Upstream;

const CLIENTS: usize = 50;
const URLS: usize = 200;
const STOP: Duration = Duration::from_secs(5);

/// What one client was told.
#[derive(Debug, Default)]
struct Told {
    rows: Vec<Value>,
    is_whole: bool,
}

#[test]
fn every_url_that_was_taken_has_one_row_where_there_is_time() {
    run(async {
        let told = ended(|nth| format!("/page/{}", 10 + nth % 40)).await;
        let (mut closed, mut titles) = (0, 0);
        for told in &told {
            for row in &told.rows {
                match row["error"]["code"].as_str() {
                    None => titles += usize::from(row["title"].as_str().is_some()),
                    Some("closed") => closed += 1,
                    Some(_) => panic!("{row}"),
                }
            }
        }
        println!("  {titles} titles, {closed} told that it has closed");
        assert_eq!(titles + closed, CLIENTS * URLS);
    });
}

#[test]
fn every_url_that_was_taken_has_one_row_where_there_is_none() {
    run(async {
        // One in twenty never answers.
        let told = ended(|nth| if nth % 20 == 19 { "/hang".to_owned() } else { "/page/5".to_owned() }).await;
        let closed = |told: &Told| told.rows.iter().filter(|row| row["error"]["code"] == "closed").count();
        assert!(told.iter().all(|told| closed(told) >= URLS / 20), "what hangs cannot have been answered");
    });
}

/// Lists of as many clients are ended by SIGTERM once each has some rows.
async fn ended(path: impl Fn(usize) -> String) -> Vec<Told> {
    let stop = format!("{}s", STOP.as_secs());
    let (server, upstream) = (Server::start(&["--stop-timeout", &stop]).await, Upstream::start().await);
    let urls: Vec<_> = (0..URLS).map(|nth| upstream.url(&path(nth))).collect();
    let body = json!(urls).to_string();
    let (rows, mut told) = watch::channel(0_usize);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let fields =
            format!("Host: {}\r\nContent-Type: application/json\r\nConnection: close", server.address);
        let request =
            format!("POST /titles HTTP/1.1\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let stream = server.says(&request).await;
        clients.spawn(listen(stream, rows.clone()));
    }
    within("some rows", told.wait_for(|rows| *rows >= CLIENTS * URLS / 5)).await.expect("clients");
    let since = Instant::now();
    server.terminate();
    let status = server.end().await;
    let took = since.elapsed();
    let told = within("the clients' ends", clients.join_all()).await;
    println!("{CLIENTS} lists of {URLS}: {status} after {took:.1?}, {STOP:?} were given");
    assert!(status.success(), "{status}");
    assert!(took < STOP + Duration::from_secs(1), "{took:?}");
    for told in &told {
        let indices: HashSet<_> = told.rows.iter().filter_map(|row| row["index"].as_u64()).collect();
        let is_each_once =
            told.rows.len() == URLS && indices.len() == URLS && indices.iter().all(|nth| *nth < URLS as u64);
        assert!(is_each_once, "{} rows of {} URLs", told.rows.len(), indices.len());
        assert!(told.is_whole, "a list has no end");
    }
    told
}

/// Reads rows to the end.
async fn listen(mut stream: TcpStream, rows: watch::Sender<usize>) -> Told {
    let (mut bytes, mut seen) = (Vec::new(), 0);
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let now = bytes.windows(8).filter(|window| window == b"\"index\":").count();
        rows.send_modify(|rows| *rows += now - seen);
        seen = now;
    }
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    let is_whole = body.ends_with("\r\n0\r\n\r\n");
    // Chunks are lines here: a size, and rows.
    let (mut lines, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        let Some(chunk) = after.get(..size) else { break };
        lines += chunk;
        rest = after.get(size + 2..).unwrap_or_default();
    }
    Told { rows: lines.lines().map(|line| serde_json::from_str(line).expect("a row")).collect(), is_whole }
}
