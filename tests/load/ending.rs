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
        let (rows, took) = ended(|nth| format!("/page/{}", 10 + nth % 40)).await;
        assert!(took < STOP, "nothing had to be cut off");
        assert!(rows.iter().all(|row| row["title"].is_string()), "there was time for all of them");
    });
}

#[test]
fn every_url_that_was_taken_has_one_row_where_there_is_none() {
    run(async {
        // One in ten never answers.
        let (rows, _) =
            ended(|nth| if nth % 10 == 9 { "/hang".to_owned() } else { "/page/5".to_owned() }).await;
        let of = |hangs: bool| {
            rows.iter().filter(move |row| row["url"].as_str().expect("a URL").contains("/hang") == hangs)
        };
        assert!(of(true).count() > 0 && of(true).all(|row| row["error"]["code"] == "closed"));
        assert!(of(false).all(|row| row["title"].is_string()));
    });
}

/// Lists of as many clients are ended by SIGTERM once each has some rows: the rows, of URLs.
async fn ended(path: impl Fn(usize) -> String) -> (Vec<Value>, Duration) {
    let stop = format!("{}s", STOP.as_secs());
    let (server, upstream) = (Server::start(&["--stop-timeout", &stop]).await, Upstream::start().await);
    let (rows, mut told) = watch::channel(0_usize);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let urls: Vec<_> =
            (0..URLS).map(|nth| upstream.url(&format!("{}/{client}/{nth}", path(nth)))).collect();
        let body = json!(urls).to_string();
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
    assert!(took < STOP + Duration::from_secs(1), "{took:?}");
    let mut rows = Vec::new();
    for Told { rows: own, is_whole } in told {
        assert!(is_whole, "a list has no end");
        let (of_urls, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|row| row["url"].is_string());
        let indices: HashSet<_> = of_urls.iter().filter_map(|row| row["index"].as_u64()).collect();
        let is_start = indices.iter().all(|nth| *nth < of_urls.len() as u64);
        assert!(
            is_start && indices.len() == of_urls.len(),
            "{} rows of {} URLs",
            of_urls.len(),
            indices.len()
        );
        // That the rest was not taken is told.
        let codes: Vec<_> = others.iter().map(|row| row["error"]["code"].as_str()).collect();
        assert!(
            if of_urls.len() < URLS { codes == [Some("closed")] } else { codes.is_empty() },
            "{others:?}"
        );
        rows.extend(of_urls);
    }
    let with_rows: HashSet<_> = rows.iter().filter_map(|row| row["url"].as_str()).collect();
    let asked = upstream.asked();
    let lost = asked.iter().filter(|path| !with_rows.contains(upstream.url(path).as_str())).count();
    println!(
        "{CLIENTS} lists of {URLS}: {status} after {took:.1?} of {STOP:?}; {} rows, {} asked for, {lost} of them lost",
        rows.len(),
        asked.len()
    );
    assert_eq!(lost, 0, "asked for, and without a row");
    (rows, took)
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
