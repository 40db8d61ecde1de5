//! From a response to a page's title: bytes off the wire into decoder and scanner, and no further than needed.

use std::time::Duration;

use http::StatusCode;

use crate::charset::{EncodingSource, Event};
use crate::decoding::BodyDecoder;
use crate::error::Result;
use crate::html::{Progress, Title, TitleScanner, TitleSource};
use crate::payload::Transfer;
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::url::Url;

/// What was learnt of a page while looking for its title.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status. A page of status 404 has a title, too.
    pub status: StatusCode,
    /// The title, white space stripped and collapsed. `None` when there is none, `Some("")` when it is empty.
    pub title: Option<String>,
    /// Where the title came from, or why there is none.
    pub title_source: TitleSource,
    /// The encoding the page was read in, by its WHATWG name. `None` when it was not read.
    pub encoding: Option<&'static str>,
    /// Which rule decided on the encoding.
    pub encoding_source: Option<EncodingSource>,
    /// How much was read, and how much was left where that is known.
    pub transfer: Transfer,
    /// How many redirects led to it.
    pub redirects: usize,
    /// How many attempts the last hop took.
    pub attempts: u32,
    /// From the call to the title.
    pub elapsed: Duration,
}

/// How far to read for a title.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// At most so many bytes, after decompression.
    pub(crate) max_bytes: u64,
    /// A remainder of at most so many bytes is read for the connection's sake.
    pub(crate) drain: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self { max_bytes: 8 << 20, drain: 32 << 10 }
    }
}

/// Fetches a page until its title is final, then lets go of it.
pub(crate) async fn fetch<S: Session>(session: &S, request: Request, reading: Reading) -> Result<Page> {
    let started = session.now();
    let mut response = session.send(request).await?;
    let mut found = Found::Unread;
    if is_html(response.content_type()) {
        let mut reader = TitleReader::new(&response);
        let end = reader.read(&mut response, reading.max_bytes).await?;
        found = reader.finish(end).await.map_err(|error| response.failed(error))?;
    }
    let (title, encoding) = match found {
        Found::Unread => (Title { text: None, source: TitleSource::ContentType }, None),
        Found::Read(title, encoding, source) => (title, Some((encoding, source))),
    };
    let page = Page {
        url: response.url().clone(),
        status: response.status(),
        title: title.text,
        title_source: title.source,
        encoding: encoding.map(|(encoding, _)| encoding),
        encoding_source: encoding.map(|(_, source)| source),
        transfer: response.transfer(),
        redirects: response.history().len(),
        attempts: response.attempts(),
        elapsed: session.now().saturating_sub(started),
    };
    response.discard(reading.drain);
    Ok(page)
}

enum Found {
    Read(Title, &'static str, EncodingSource),
    Unread,
}

/// How the reading ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Body,
    Cap,
    Final,
}

struct TitleReader {
    decoder: BodyDecoder,
    /// Made with the first text: only then is it known whether the encoding is a guess.
    scanner: Option<TitleScanner>,
    text: String,
}

impl TitleReader {
    fn new(response: &Response) -> Self {
        let decoder = BodyDecoder::new(response.about(), response.charset());
        Self { decoder, scanner: None, text: String::new() }
    }

    async fn read(&mut self, response: &mut Response, max_bytes: u64) -> Result<End> {
        /// Small enough that little is decoded past the title, large enough that calls do not count.
        const PIECE: usize = 8 * 1024;
        let mut left = max_bytes;
        while let Some(chunk) = response.chunk().await? {
            let within = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
            for piece in chunk[..within].chunks(PIECE) {
                let progress = self.take(piece).await.map_err(|error| response.failed(error))?;
                if progress == Progress::Final {
                    return Ok(End::Final);
                }
            }
            left -= within as u64;
            if left == 0 {
                return Ok(End::Cap);
            }
        }
        Ok(End::Body)
    }

    async fn take(&mut self, piece: &[u8]) -> Result<Progress> {
        let event = self.decoder.push(piece, &mut self.text).await?;
        self.scan(event).await
    }

    async fn finish(mut self, end: End) -> Result<Found> {
        if end != End::Final {
            let event = self.decoder.finish(&mut self.text).await?;
            let _ = self.scan(event).await?;
        }
        self.decoder.check()?;
        let title = self.scanner.unwrap_or_default().finish(end == End::Cap);
        Ok(Found::Read(title, self.decoder.encoding(), self.decoder.source()))
    }

    /// Hands new text to the scanner, from the start again whenever the encoding turns out to be another.
    async fn scan(&mut self, mut event: Event) -> Result<Progress> {
        loop {
            if event == Event::Restart {
                self.scanner = None;
            }
            if self.text.is_empty() {
                return Ok(Progress::More);
            }
            let guessed = matches!(self.decoder.source(), EncodingSource::Utf8 | EncodingSource::Detected);
            let scanner = self.scanner.get_or_insert_with(|| match guessed {
                true => TitleScanner::new().with_guessed_encoding(),
                false => TitleScanner::new(),
            });
            let progress = scanner.feed(&self.text);
            self.text.clear();
            event = Event::Text;
            while event == Event::Text
                && let Some(label) = scanner.encoding_label()
            {
                event = self.decoder.late_label(&label, &mut self.text).await?;
            }
            if event == Event::Text && self.text.is_empty() {
                return Ok(progress);
            }
        }
    }
}

/// Whether a body of this type is read as HTML: HTML, XHTML, and what names no type.
fn is_html(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim_ascii();
    ["", "text/html", "application/xhtml+xml", "application/unknown", "unknown/unknown", "*/*"]
        .iter()
        .any(|html| html.eq_ignore_ascii_case(essence))
}
