//! A request's body as a list of URLs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::gateway::listing::UnderWay;
use crate::gateway::problem::Failure;
use crate::gateway::settings::Settings;
use crate::gateway::state::{Behind, Live};
use crate::session::Session;

use super::Fault;
use super::lines::Lines;
use super::patience::Patience;

/// How many bytes a JSON list may have: it is held whole.
const MAX_LIST: usize = 1 << 20;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON array of strings.
    List,
    /// A JSON string on each line.
    Lines,
}

impl Form {
    /// As the header fields tell.
    pub(super) fn of(fields: &HeaderMap) -> Result<Self, Failure> {
        if fields.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
            return Err(unsupported("a list is sent as it is, without a content coding"));
        }
        let text = fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*essence {
            "application/json" => Ok(Self::List),
            "application/x-ndjson" | "application/jsonl" => Ok(Self::Lines),
            _ => Err(unsupported(
                "a list is application/json, or application/x-ndjson with a JSON string on each line",
            )),
        }
    }
}

fn unsupported(why: &'static str) -> Failure {
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", why)
}

/// The URLs of a list.
pub(super) struct Input {
    first: Option<String>,
    rest: Rest,
    broken: Broken,
}

/// Why a list ended early, once it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(Arc<Mutex<End>>);

/// How far a list has been read.
#[derive(Debug, Default)]
enum End {
    /// Not to its end: where no more of it is taken, the gateway is ending.
    #[default]
    Open,
    Broken(Fault),
    Whole,
}

impl Broken {
    pub(super) fn take(&self) -> Option<Fault> {
        match std::mem::replace(&mut *self.end(), End::Whole) {
            End::Open => Some(Fault::closing()),
            End::Broken(fault) => Some(fault),
            End::Whole => None,
        }
    }

    fn set(&self, fault: Fault) {
        *self.end() = End::Broken(fault);
    }

    fn is_read(&self) {
        let mut end = self.end();
        if matches!(*end, End::Open) {
            *end = End::Whole;
        }
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Rest {
    Held(std::vec::IntoIter<String>),
    Coming(Box<Coming>),
}

impl Input {
    /// Reads as much of a list as is needed to know that it is one: all of a JSON array, the first URL of lines.
    pub(super) async fn read(form: Form, body: Body, live: &Live) -> Result<Self, Failure> {
        let broken = Broken::default();
        let patience = Patience::begin(live.session.now());
        let clock = live.session.clone();
        let pieces =
            Pieces { body: body.into_data_stream(), clock, patience, under_way: UnderWay::default() };
        match form {
            Form::List => {
                let mut urls = list(pieces, &live.settings).await?.into_iter();
                Ok(Self { first: urls.next(), rest: Rest::Held(urls), broken })
            }
            Form::Lines => {
                let mut coming = Coming::new(pieces, &live.settings);
                let first = coming.next().await.transpose()?;
                Ok(Self { first, rest: Rest::Coming(Box::new(coming)), broken })
            }
        }
    }

    /// Says why the list ended early, once the [URLs](Self::urls) have ended.
    pub(super) fn broken(&self) -> Broken {
        self.broken.clone()
    }

    /// What is `under_way` of them tells whether a client that sends no more of them waits for rows.
    pub(super) fn urls(self, under_way: UnderWay) -> impl Stream<Item = String> + Send + 'static {
        let Self { mut first, rest, broken } = self;
        let read = broken.clone();
        let end = stream::poll_fn(move |_| {
            read.is_read();
            Poll::Ready(None)
        });
        let rest = match rest {
            Rest::Held(urls) => {
                let mut urls = first.take().into_iter().chain(urls).peekable();
                let read = broken;
                if urls.peek().is_none() {
                    read.is_read();
                }
                let urls = stream::unfold((urls, read), |(mut urls, read)| async move {
                    let url = urls.next()?;
                    // Nothing of it is left, though its end is still to be asked for.
                    if urls.peek().is_none() {
                        read.is_read();
                    }
                    Some((url, (urls, read)))
                });
                urls.left_stream()
            }
            Rest::Coming(mut coming) => {
                coming.pieces.under_way = under_way;
                stream::unfold((coming, broken), |(mut coming, broken)| async move {
                    let pieces = &mut coming.pieces;
                    pieces.patience.next(pieces.clock.now());
                    match coming.next().await? {
                        Ok(url) => Some((url, (coming, broken))),
                        Err(fault) => {
                            broken.set(fault);
                            None
                        }
                    }
                })
                .right_stream()
            }
        };
        stream::iter(first).chain(rest).chain(end)
    }
}

/// A body in the pieces that it comes in.
struct Pieces {
    body: BodyDataStream,
    clock: Behind,
    patience: Patience,
    under_way: UnderWay,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let Self { body, clock, patience, under_way } = self;
        loop {
            let left = patience.due().saturating_sub(clock.now());
            tokio::select! {
                biased;
                () = clock.sleep(left) => {
                    let now = clock.now();
                    if patience.is_over(now, !under_way.is_none()) {
                        return Err(Fault::late(patience.lasted(now)));
                    }
                }
                piece = body.next() => {
                    let piece = piece.transpose().map_err(|_| Fault::cut())?;
                    patience.came(piece.as_ref().map_or(0, Bytes::len));
                    return Ok(piece);
                }
            }
        }
    }
}

async fn list(mut pieces: Pieces, settings: &Settings) -> Result<Vec<String>, Failure> {
    let too_large =
        || Fault::new("too_large", format!("a JSON list may have {MAX_LIST} bytes; lines may have more"));
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await? {
        if whole.len() + piece.len() > MAX_LIST {
            return Err(too_large().into());
        }
        whole.extend_from_slice(&piece);
    }
    let urls: Vec<String> = serde_json::from_slice(&whole)
        .map_err(|error| Fault::json(format!("the body is no JSON list of strings: {error}")))?;
    match urls.len() > settings.max_urls {
        true => Err(too_many(settings.max_urls).into()),
        false => Ok(urls),
    }
}

fn too_many(most: usize) -> Fault {
    Fault::new("too_large", format!("a list may have {most} URLs"))
}

/// A list whose lines are still coming.
struct Coming {
    pieces: Pieces,
    lines: Lines,
    /// How many URLs and bytes may still come.
    urls: usize,
    bytes: u64,
    max_urls: usize,
    max_bytes: u64,
    has_ended: bool,
}

impl Coming {
    fn new(pieces: Pieces, settings: &Settings) -> Self {
        let (max_urls, max_bytes) = (settings.max_urls, settings.max_upload);
        Self {
            pieces,
            lines: Lines::default(),
            urls: max_urls,
            bytes: max_bytes,
            max_urls,
            max_bytes,
            has_ended: false,
        }
    }

    /// The next URL; a fault is the last.
    async fn next(&mut self) -> Option<Result<String, Fault>> {
        if self.has_ended {
            return None;
        }
        let next = self.read().await;
        let next = match next {
            Some(Ok(_)) if self.urls == 0 => Some(Err(too_many(self.max_urls))),
            next => next,
        };
        self.urls = self.urls.saturating_sub(1);
        self.has_ended |= !matches!(next, Some(Ok(_)));
        next
    }

    async fn read(&mut self) -> Option<Result<String, Fault>> {
        loop {
            if let Some(url) = self.lines.next() {
                return Some(url);
            }
            let piece = match self.pieces.next().await {
                Ok(None) => {
                    self.has_ended = true;
                    return self.lines.finish();
                }
                Err(fault) => return Some(Err(fault)),
                Ok(Some(piece)) => piece,
            };
            match self.bytes.checked_sub(piece.len() as u64) {
                Some(left) => self.bytes = left,
                None => {
                    let why = format!("a list may have {} bytes", self.max_bytes);
                    return Some(Err(Fault::new("too_large", why)));
                }
            }
            self.lines.push(piece);
        }
    }
}
