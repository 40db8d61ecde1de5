//! A file on a scripted server that knows ranges, and cuts its answers off where it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dualfetch::platform::scripted::Reply;
use dualfetch::{ErrorKind, Request};
use sha2::Digest;

pub(super) const URL: &str = "https://files.example/dir/name.bin?q=1";

/// Bytes that tell where they are.
pub(super) fn content(length: usize) -> Bytes {
    (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

pub(super) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// From its first byte to one past its last; `None` where all behind was asked for.
pub(super) type Range = (u64, Option<u64>);

#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) content: Bytes,
    fields: Vec<(String, String)>,
    knows_ranges: bool,
    at_most: usize,
    is_slow: bool,
    cuts: Arc<Mutex<VecDeque<usize>>>,
    ranges: Arc<Mutex<Vec<Option<Range>>>>,
}

impl Shelf {
    pub(super) fn new(content: Bytes) -> Self {
        Self {
            content,
            fields: vec![("etag".to_owned(), "\"1\"".to_owned())],
            knows_ranges: true,
            at_most: usize::MAX,
            is_slow: false,
            cuts: Arc::default(),
            ranges: Arc::default(),
        }
    }

    /// These fields in place of its tag.
    pub(super) fn with(mut self, fields: &[(&str, &str)]) -> Self {
        self.fields = fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self
    }

    pub(super) fn tagged(self, tag: &str) -> Self {
        self.with(&[("etag", tag)])
    }

    /// The first answer ends after so many bytes of its body, and so on.
    pub(super) fn cut_after(self, cuts: impl IntoIterator<Item = usize>) -> Self {
        self.cuts.lock().expect("no panic").extend(cuts);
        self
    }

    pub(super) fn without_ranges(mut self) -> Self {
        self.knows_ranges = false;
        self
    }

    /// No part is longer.
    pub(super) fn at_most(mut self, bytes: usize) -> Self {
        self.at_most = bytes;
        self
    }

    /// It takes its time, so that what is under way at once is.
    pub(super) fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    /// What was asked for.
    pub(super) fn ranges(&self) -> Vec<Option<Range>> {
        self.ranges.lock().expect("no panic").clone()
    }

    pub(super) fn server(&self) -> impl Fn(&Request) -> Reply + Send + Sync + 'static + use<> {
        let shelf = self.clone();
        move |request| shelf.answer(request)
    }

    fn answer(&self, request: &Request) -> Reply {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let range = text("range").and_then(read);
        self.ranges.lock().expect("no panic").push(range);
        let is_this = |value: &str| self.fields.iter().any(|(_, field)| field == value);
        let is_part = self.knows_ranges && text("if-range").is_none_or(is_this);
        let length = self.content.len();
        let reply = match range.filter(|_| is_part) {
            None => self.body(Reply::status(200), self.content.clone()),
            Some((from, _)) if from as usize >= length => {
                Reply::status(416).header("content-range", &format!("bytes */{length}"))
            }
            Some((from, to)) => {
                let from = from as usize;
                let to =
                    to.map_or(length, |to| (to as usize).min(length)).min(from.saturating_add(self.at_most));
                let told = format!("bytes {from}-{}/{length}", to - 1);
                self.body(Reply::status(206).header("content-range", &told), self.content.slice(from..to))
            }
        };
        let ranges = if self.knows_ranges { "bytes" } else { "none" };
        let all = self.fields.iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        all.header("accept-ranges", ranges)
    }

    fn body(&self, reply: Reply, body: Bytes) -> Reply {
        let cut = self.cuts.lock().expect("no panic").pop_front().filter(|cut| *cut < body.len());
        let reply = reply.header("content-length", &body.len().to_string());
        // In pieces, as a network gives it.
        let sent = body.slice(..cut.unwrap_or(body.len()));
        let pieces = sent.chunks(40_000).map(|piece| sent.slice_ref(piece));
        let pause = std::time::Duration::from_millis(if self.is_slow { 10 } else { 0 });
        let reply = pieces.fold(reply, |reply, piece| reply.then(piece).pause(pause));
        if cut.is_some() { reply.fail(ErrorKind::Disconnected) } else { reply }
    }
}

fn read(range: &str) -> Option<Range> {
    let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let to = last.parse::<u64>().ok().map(|last| last + 1);
    Some((from.parse().ok()?, to))
}
