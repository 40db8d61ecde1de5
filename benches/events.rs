//! Server-sent events a second, beside other readers of them, on one core: `cargo bench --bench events`.
//!
//! All read the same small events from the same pieces, in turn, 15 times each; the medians count. Ends with 1 where the
//! budget is not kept. With `-- --quick` a tenth of the events, 3 times.

#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::future::Future;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use bytes::Bytes;
use dualfetch::event_stream::EventParser;
use dualfetch::{Config, Response, ResponseBody, Session};
use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::StreamBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Events a second that the public API has to give.
const BUDGET: f64 = 100_000.0;

/// As a transport gives them.
const PIECE: usize = 16 * 1024;

fn main() -> ExitCode {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let (count, rounds) = if is_quick { (100_000, 3) } else { (1_000_000, 15) };
    let small: Vec<u8> = (0..count).flat_map(|n| format!("data: {{\"n\":{n}}}\n\n").into_bytes()).collect();
    let tokens: Vec<u8> = (0..count / 4)
        .flat_map(|n| {
            format!("data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"token {n}\"}},\"finish_reason\":null}}]}}\n\n").into_bytes()
        })
        .collect();
    let mut is_kept = true;
    for (name, body, count) in [("small", small, count), ("completions", tokens, count / 4)] {
        let each = body.len() / count;
        println!("{count} events ({name}), {each} bytes each, {rounds} rounds: events a second, MB/s");
        let pieces: Vec<Bytes> = body.chunks(PIECE).map(Bytes::copy_from_slice).collect();
        for (reader, rate) in medians(&pieces, count, rounds) {
            println!("  {reader:<38} {rate:>12.0} {:>8.1}", rate * each as f64 / 1e6);
            is_kept &= !reader.starts_with("dualfetch") || rate >= BUDGET;
        }
    }
    match is_kept {
        true => ExitCode::SUCCESS,
        false => {
            println!("below the budget, {BUDGET} a second");
            ExitCode::FAILURE
        }
    }
}

type Reader = (&'static str, fn(&[Bytes]) -> usize);

const READERS: [Reader; 5] = [
    ("dualfetch EventParser", parser),
    ("dualfetch Response::events", response),
    ("dualfetch over HTTP on loopback", loopback),
    ("eventsource-stream", peer_eventsource_stream),
    ("sse-stream", peer_sse_stream),
];

fn medians(pieces: &[Bytes], count: usize, rounds: usize) -> Vec<(&'static str, f64)> {
    let mut rates = vec![Vec::new(); READERS.len()];
    for round in 0..rounds {
        for at in 0..READERS.len() {
            // Nobody is always the first one.
            let at = (at + round) % READERS.len();
            let start = Instant::now();
            let seen = (READERS[at].1)(pieces);
            let taken = start.elapsed();
            assert_eq!(seen, count, "{}", READERS[at].0);
            rates[at].push(count as f64 / taken.as_secs_f64());
        }
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    READERS.iter().map(|(name, _)| *name).zip(rates.into_iter().map(median)).collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn body(pieces: &[Bytes]) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + use<> {
    stream::iter(pieces.to_vec()).map(Ok)
}

fn parser(pieces: &[Bytes]) -> usize {
    let mut parser = EventParser::new();
    let mut seen = 0;
    for piece in pieces {
        let mut rest = &piece[..];
        while let Some(event) = parser.next(&mut rest).expect("short events") {
            black_box(event);
            seen += 1;
        }
    }
    seen
}

fn response(pieces: &[Bytes]) -> usize {
    let body =
        ResponseBody::new(StreamBody::new(body(pieces).map(|piece| piece.map(http_body::Frame::data))));
    let url = dualfetch::Url::parse("https://a.example/").expect("a URL");
    let head = http::Response::builder().header("content-type", "text/event-stream").extension(url);
    let response = Response::try_from(head.body(body).expect("a response")).expect("a response");
    run(counted(response))
}

async fn counted(response: Response) -> usize {
    let mut events = response.events();
    let mut seen = 0;
    while let Some(event) = events.next().await {
        black_box(event.expect("sound"));
        seen += 1;
    }
    seen
}

/// The server has a thread of its own.
fn loopback(pieces: &[Bytes]) -> usize {
    let (told, address) = std::sync::mpsc::channel();
    let pieces = pieces.to_vec();
    let serving = std::thread::spawn(move || {
        run(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            told.send(listener.local_addr().expect("an address")).expect("somebody waits");
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.expect("a request");
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.expect("sent");
            for piece in pieces {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.expect("sent");
                stream.write_all(&piece).await.expect("sent");
                stream.write_all(b"\r\n").await.expect("sent");
            }
            stream.write_all(b"0\r\n\r\n").await.expect("sent");
        });
    });
    let address = address.recv().expect("an address");
    let seen = run(async {
        let session = Config::new().build().expect("a session");
        counted(session.get(format!("http://{address}/")).await.expect("a head")).await
    });
    serving.join().expect("it served");
    seen
}

fn peer_eventsource_stream(pieces: &[Bytes]) -> usize {
    run(async {
        let mut events = body(pieces).eventsource();
        let mut seen = 0;
        while let Some(event) = events.next().await {
            black_box(event.expect("sound"));
            seen += 1;
        }
        seen
    })
}

fn peer_sse_stream(pieces: &[Bytes]) -> usize {
    run(async {
        let mut events = sse_stream::SseStream::from_bytes_stream(body(pieces));
        let mut seen = 0;
        while let Some(event) = events.next().await {
            black_box(event.expect("sound"));
            seen += 1;
        }
        seen
    })
}
