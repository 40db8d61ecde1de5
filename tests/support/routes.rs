//! What a [`super::CountingServer`] answers when the test brings no handler of its own.
//!
//! | path | answer |
//! |---|---|
//! | `/page/{n}` | an HTML page titled `Page n`, of `size` bytes (default 2048) |
//! | `/telling` | a page with metadata of every kind, [`TELLING`] |
//! | `/bytes/{n}` | n bytes, [`pattern`] |
//! | `/status/{code}` | that status; a page titled `Status code` |
//! | `/slow` | `/page/0` with `delay_ms=1000` unless it says otherwise |
//! | `/hang` | never a head |
//! | `/endless` | a page's start, then pieces without end |
//! | `/redirect/{n}` | 302 to `/redirect/{n-1}`; 0 is `/page/0` |
//! | `/redirect-to?location=…&status=…` | that redirect (302) |
//! | `/loop` | 302 to itself |
//! | `/cookie/{name}/{value}` | sets a cookie with `Path=/` |
//! | `/described` | one byte with a `Content-Disposition` and two `Link` fields |
//! | `/events/{n}` | the event after the `Last-Event-ID`, 0 where there is none; 204 once that is n |
//! | `/echo` | text: request line, headers as they came, an empty line, the body |
//! | `/echo-body` | the request's body under its own content type |
//!
//! Every route takes, in its query: `delay_ms` and `gate` (a name) before the head; `chunk` (bytes in a piece),
//! `gap_ms` between pieces, `body_gate` (a name) and `stall=1` (nothing more, ever) after the first piece,
//! `chunked=1` (no declared length), `status`, `type` (the content type) and `close=1`.
//! Values are percent-decoded. Gates are opened by `server.gate(name).open()`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};

use super::gate::Gate;
use super::ledger::Ledger;

/// The page of `/page/{n}`: exactly `size` bytes, or as many as the shortest one needs.
pub fn page(n: u64, size: usize) -> Bytes {
    titled(&format!("Page {n}"), size)
}

/// An HTML page with this title near its start, filled up to `size` bytes.
pub fn titled(title: &str, size: usize) -> Bytes {
    let start = format!("<!doctype html><html><head><title>{title}</title></head><body><p>");
    let end = "</p></body></html>\n";
    let fill = size.saturating_sub(start.len() + end.len());
    let filler = "filler text ".bytes().cycle().take(fill);
    let mut page = Vec::with_capacity(start.len() + fill + end.len());
    page.extend(start.bytes().chain(filler).chain(end.bytes()));
    page.into()
}

/// A page that says much about itself; its URLs are relative to `/files/`.
pub const TELLING: &str = include_str!("telling.html");

/// Header fields that tell of a body and its neighbours.
pub const DESCRIBING: [(&str, &str); 4] = [
    ("content-type", "Text/Plain; Charset=\"ISO-8859-1\""),
    ("content-disposition", "attachment; filename=\"plain\"; filename*=UTF-8''a%2Fb%E2%82%AC.txt"),
    ("link", "<page/2>; rel=next, broken"),
    ("link", "</page/9?a,b>; rel=\"last\"; title=\"The, end\""),
];

/// `length` bytes that tell where they belong: no shift or gap of a small number of bytes goes unseen.
pub fn pattern(length: usize) -> Bytes {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// The answer to one request.
pub async fn answer(ledger: Arc<Ledger>, request: Request) -> Response {
    let query = Query::new(request.uri().query().unwrap_or_default());
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let plain = match segments.as_slice() {
        ["page", n] => Plain::page(n.parse().unwrap_or(0), query.number("size")),
        ["telling"] => Plain::new("text/html; charset=utf-8", Bytes::from_static(TELLING.as_bytes())),
        ["bytes", n] => Plain::new("application/octet-stream", pattern(n.parse().unwrap_or(0))),
        ["status", code] => {
            let status = code.parse().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Plain { status, ..Plain::new("text/html", titled(&format!("Status {code}"), 0)) }
        }
        ["slow"] => {
            if query.text("delay_ms").is_none() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Plain::page(0, query.number("size"))
        }
        ["hang"] => std::future::pending().await,
        ["endless"] => return endless(&ledger, query).await,
        ["redirect", "0"] => Plain::page(0, None),
        ["redirect", n] => {
            let next = n.parse::<u64>().unwrap_or(1).saturating_sub(1);
            Plain::redirect(&format!("/redirect/{next}"))
        }
        ["redirect-to"] => Plain::redirect(&query.text("location").unwrap_or_default()),
        ["loop"] => Plain::redirect("/loop"),
        ["cookie", name, value] => Plain {
            header: Some((header::SET_COOKIE, format!("{name}={value}; Path=/"))),
            ..Plain::page(0, None)
        },
        ["described"] => return described(),
        ["events", last] => match next_event(request.headers().get("last-event-id"), last) {
            Some(event) => Plain::new("text/event-stream", event.into()),
            None => Plain { status: StatusCode::NO_CONTENT, ..Plain::new("text/plain", Bytes::new()) },
        },
        ["echo"] => Plain::new("text/plain; charset=utf-8", echo(request).await),
        ["echo-body"] => {
            let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let media = media.unwrap_or("application/octet-stream").to_owned();
            Plain { media, ..Plain::new("", body_of(request).await) }
        }
        _ => Plain { status: StatusCode::NOT_FOUND, ..Plain::new("text/html", titled("Not found", 0)) },
    };
    plain.shaped(&ledger, query).await
}

/// The event after that of this id; `None` once it is the last one.
pub fn next_event(last_event_id: Option<&HeaderValue>, last: &str) -> Option<String> {
    let seen: u64 = last_event_id.and_then(|id| id.to_str().ok()?.parse().ok()).unwrap_or(0);
    let (next, last) = (seen + 1, last.parse().unwrap_or(0));
    let event = format!("retry: 10\nevent: tick\nid: {next}\ndata: {next}\ndata: of {last}\n\ndata: cut off");
    (next <= last).then_some(event)
}

fn described() -> Response {
    let mut response = Response::new(Body::from("x"));
    let fields = DESCRIBING
        .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
    for (name, value) in fields {
        response.headers_mut().append(name, value);
    }
    response
}

/// An answer before the query shapes it.
struct Plain {
    status: StatusCode,
    media: String,
    header: Option<(header::HeaderName, String)>,
    body: Bytes,
}

impl Plain {
    fn new(media: &str, body: Bytes) -> Self {
        Self { status: StatusCode::OK, media: media.to_owned(), header: None, body }
    }

    fn page(n: u64, size: Option<u64>) -> Self {
        Self::new("text/html; charset=utf-8", page(n, size.unwrap_or(2048) as usize))
    }

    fn redirect(location: &str) -> Self {
        Self {
            status: StatusCode::FOUND,
            header: Some((header::LOCATION, location.to_owned())),
            ..Self::new("text/plain", Bytes::from_static(b"moved\n"))
        }
    }

    async fn shaped(self, ledger: &Ledger, query: Query) -> Response {
        query.before_head(ledger).await;
        let length = self.body.len();
        let pieced = ["chunk", "gap_ms", "body_gate", "stall", "chunked"].iter().any(|name| query.has(name));
        let body = if pieced { pieces(self.body, ledger, &query) } else { self.body.into() };
        let mut response = Response::new(body);
        *response.status_mut() = query
            .number("status")
            .and_then(|code| u16::try_from(code).ok()?.try_into().ok())
            .unwrap_or(self.status);
        let headers = response.headers_mut();
        // A value that no header can carry is the test's own mistake; it shows as a missing header.
        let mut set = |name, text: &str| HeaderValue::try_from(text).map(|value| headers.insert(name, value));
        let _ = set(header::CONTENT_TYPE, &query.text("type").unwrap_or(self.media));
        if let Some((name, text)) = self.header {
            let _ = set(name, &text);
        }
        if pieced && !query.has("chunked") {
            let _ = set(header::CONTENT_LENGTH, &length.to_string());
        }
        if query.has("close") {
            let _ = set(header::CONNECTION, "close");
        }
        response
    }
}

/// A body in pieces: `chunk` bytes each, with what the query wants between them.
fn pieces(body: Bytes, ledger: &Ledger, query: &Query) -> Body {
    let half = body.len().div_ceil(2);
    let chunk = query.number("chunk").map_or(half, |bytes| bytes as usize).max(1);
    let gap = query.number("gap_ms").map(Duration::from_millis);
    let gate = query.text("body_gate").map(|name| ledger.gate(&name));
    let stall = query.has("stall");
    let pieces: Vec<Bytes> =
        (0..body.len()).step_by(chunk).map(|at| body.slice(at..body.len().min(at + chunk))).collect();
    let paced = stream::iter(pieces.into_iter().enumerate()).then(move |(index, piece)| {
        let gate = gate.clone().filter(|_| index == 1);
        async move {
            if index > 0 {
                pause(gate, gap, stall).await;
            }
            Ok::<_, std::convert::Infallible>(piece)
        }
    });
    Body::from_stream(paced)
}

async fn pause(gate: Option<Gate>, gap: Option<Duration>, stall: bool) {
    if stall {
        std::future::pending::<()>().await;
    }
    if let Some(gate) = gate {
        gate.pass().await;
    }
    if let Some(gap) = gap {
        tokio::time::sleep(gap).await;
    }
}

async fn endless(ledger: &Ledger, query: Query) -> Response {
    query.before_head(ledger).await;
    let gap = query.number("gap_ms").map(Duration::from_millis);
    let piece = pattern(query.number("chunk").unwrap_or(16 * 1024) as usize);
    let more = stream::repeat(piece).then(move |piece| async move {
        pause(None, gap, false).await;
        piece
    });
    let start = stream::iter([titled("Endless", 0)]);
    let body = Body::from_stream(start.chain(more).map(Ok::<_, std::convert::Infallible>));
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

async fn echo(request: Request) -> Bytes {
    let mut text = format!("{} {} {:?}\n", request.method(), request.uri(), request.version()).into_bytes();
    for (name, value) in request.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(&body_of(request).await);
    text.into()
}

/// The whole body; what came before an error, if it ends in one.
async fn body_of(request: Request) -> Bytes {
    let mut body = Vec::new();
    let mut pieces = request.into_body().into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        body.extend_from_slice(&piece);
    }
    body.into()
}

/// A query, read leniently.
struct Query(Vec<(String, String)>);

impl Query {
    fn new(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(decode_pair).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    async fn before_head(&self, ledger: &Ledger) {
        if let Some(delay) = self.number("delay_ms") {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if let Some(name) = self.text("gate") {
            ledger.gate(&name).pass().await;
        }
    }
}

fn decode_pair((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), percent_decoded(value))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
