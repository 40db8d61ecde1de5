//! [`SessionExt`]: many requests in, a stream of rows out.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};

#[cfg(feature = "html")]
use crate::error::Error;
use crate::error::Result;
use crate::event_source::EventSourceBuilder;
use crate::files::Download;
use crate::into_url::IntoUrl;
use crate::maybe::{BoxFuture, BoxStream, MaybeSend};
use crate::policy::scheduler::Limits;
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::url::Url;
#[cfg(feature = "websocket")]
use crate::websocket::WebSocketBuilder;

#[cfg(feature = "html")]
use crate::html::Extent;
#[cfg(feature = "html")]
use crate::page::{self, Page, PageOptions};
#[cfg(feature = "html")]
use std::time::Duration;

/// How many rows may be under way where the session has no limit of its own.
const WINDOW: usize = 1_000;

/// What a session does with many URLs, and with pages. Implemented for every [`Session`].
pub trait SessionExt: Session {
    /// Fetches a page as far as its title needs.
    ///
    /// The transfer is ended as soon as the title can no longer change; a remainder of at most 32 kB is read to keep
    /// the connection. At most 8 MiB are looked at. A page of status 404 is a page. What is not HTML is not read: its
    /// title is `None` and [`title_source`](Page::title_source) says why.
    ///
    /// # Errors
    /// As [`Session::send`] and [`Response::chunk`].
    ///
    /// # Cancellation
    /// Dropping the future ends the request.
    #[cfg(feature = "html")]
    fn page(&self, url: impl IntoUrl) -> impl Future<Output = Result<Page>> + MaybeSend
    where
        Self: Sized,
    {
        let request = self.get(url).build();
        async move { page::fetch(self, request?, PageOptions::new()).await }
    }

    /// Sends a request and reads what is wanted of the page that answers: as [`page`](Self::page), with options.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::html::Extent;
    /// use dualfetch::{PageOptions, Session, SessionExt};
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://a.example/b/", Reply::html("<meta name=description content=c><link rel=icon href=d>"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let request = session.get("https://a.example/b/").build()?;
    /// let page = session.page_with(request, PageOptions::new().metadata(Extent::Head)).await?;
    /// let metadata = page.metadata.expect("it is HTML");
    /// assert_eq!(metadata.description.expect("a meta").value, "c");
    /// assert_eq!(metadata.icons[0].url, "https://a.example/b/d");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`page`](Self::page).
    ///
    /// # Cancellation
    /// Dropping the future ends the request.
    #[cfg(feature = "html")]
    fn page_with(
        &self,
        request: Request,
        options: PageOptions,
    ) -> impl Future<Output = Result<Page>> + MaybeSend
    where
        Self: Sized,
    {
        page::fetch(self, request, options)
    }

    /// A WebSocket, which awaiting the builder opens. The URL's scheme is ws or wss; http and https are taken for them.
    #[cfg(feature = "websocket")]
    fn websocket(&self, url: impl IntoUrl) -> WebSocketBuilder<'_, Self> {
        self.get(url).websocket()
    }

    /// Downloads a file, going on where it was cut off: a GET request's
    /// [`download`](crate::RequestBuilder::download).
    fn download(&self, url: impl IntoUrl, path: impl AsRef<Path>) -> Download<'_, Self> {
        self.get(url).download(path)
    }

    /// Server-sent events from this URL, going on where the connection is lost: a GET request's
    /// [`event_source`](crate::RequestBuilder::event_source), which is still to be built on.
    fn event_source(&self, url: impl IntoUrl) -> EventSourceBuilder<'_, Self> {
        self.get(url).event_source()
    }

    /// The titles of all these URLs, each as soon as it is there.
    ///
    /// The input may be endless: it is read only as rows are taken out, at most four times the session's limit ahead.
    /// Every URL gets exactly one row; a text that is no URL gets one that says so. Nothing happens while the stream is
    /// not polled.
    ///
    /// # Cancellation
    /// Dropping the stream ends every request under way.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::SessionExt;
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://a.example/", Reply::html("<title>A</title>"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut rows = session.titles(["https://a.example/", "no URL"]).ordered(true);
    /// while let Some(row) = rows.next().await {
    ///     match &row.result {
    ///         Ok(page) => println!("{}: {:?}", row.url, page.title),
    ///         Err(error) => println!("{}: {error}", row.url),
    ///     }
    /// }
    /// # });
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    #[cfg(feature = "html")]
    fn titles<'a, I>(&'a self, urls: I) -> Batch<'a, Self, String, TitleRow>
    where
        I: IntoIterator<IntoIter: MaybeSend + 'a, Item: Into<String> + 'a>,
        Self: Sized,
    {
        self.titles_from(stream::iter(urls.into_iter().map(Into::into)))
    }

    /// The titles of all the URLs that a stream gives: as [`titles`](Self::titles).
    #[cfg(feature = "html")]
    fn titles_from<'a, I>(&'a self, urls: I) -> Batch<'a, Self, String, TitleRow>
    where
        I: Stream<Item = String> + MaybeSend + 'a,
        Self: Sized,
    {
        Batch::new(self, Box::pin(urls), |session, index, url, reading| {
            Box::pin(title_row(session, index, url, reading))
        })
    }

    /// The responses to all these requests, each as soon as its head is there.
    ///
    /// Input, order and cancellation are those of [`titles`](Self::titles). A row's response holds a permit while its
    /// body is unread: read or drop it before waiting for many more.
    fn fetch_all<'a, I>(&'a self, requests: I) -> Batch<'a, Self, Request, FetchRow>
    where
        I: IntoIterator<Item = Request, IntoIter: MaybeSend + 'a>,
        Self: Sized,
    {
        self.fetch_all_from(stream::iter(requests))
    }

    /// The responses to all the requests that a stream gives: as [`fetch_all`](Self::fetch_all).
    fn fetch_all_from<'a, I>(&'a self, requests: I) -> Batch<'a, Self, Request, FetchRow>
    where
        I: Stream<Item = Request> + MaybeSend + 'a,
        Self: Sized,
    {
        Batch::new(self, Box::pin(requests), |session, index, request, _| {
            Box::pin(async move {
                let url = request.url().clone();
                FetchRow { index, url, result: session.send(request).await }
            })
        })
    }
}

impl<S: Session> SessionExt for S {}

/// One URL's title, or why there is none to tell.
#[cfg(feature = "html")]
#[non_exhaustive]
pub struct TitleRow {
    /// The URL's place in the input, from 0.
    pub index: usize,
    /// The URL as it was given.
    pub url: String,
    /// The page, or the error.
    pub result: Result<Page>,
    /// From the moment the URL was taken up to this row, waiting included.
    pub elapsed: Duration,
}

#[cfg(feature = "html")]
impl TitleRow {
    /// The title, where there is one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.result.as_ref().ok()?.title.as_deref()
    }

    /// The error, where there is one.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.result.as_ref().err()
    }
}

/// A password in the URL is hidden.
#[cfg(feature = "html")]
impl fmt::Debug for TitleRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TitleRow")
            .field("index", &self.index)
            .field("url", &crate::url::redact(&self.url))
            .field("result", &self.result)
            .field("elapsed", &self.elapsed)
            .finish()
    }
}

/// One request's response, or why there is none.
#[derive(Debug)]
#[non_exhaustive]
pub struct FetchRow {
    /// The request's place in the input, from 0.
    pub index: usize,
    /// The URL of the request.
    pub url: Url,
    /// The response, its body unread, or the error.
    pub result: Result<Response>,
}

/// Many requests under way: a stream of rows. See [`SessionExt::titles`] and [`SessionExt::fetch_all`].
#[must_use = "a batch does nothing unless its rows are taken out"]
pub struct Batch<'a, S, I, R> {
    session: &'a S,
    input: stream::Fuse<BoxStream<'a, I>>,
    start: Start<'a, S, I, R>,
    running: FuturesUnordered<Numbered<BoxFuture<'a, R>>>,
    /// Rows from the oldest that was not given: those that are done wait for the ones that are not.
    done: VecDeque<Option<R>>,
    taken: usize,
    given: usize,
    ordered: bool,
    window: usize,
    #[cfg(feature = "html")]
    reading: Reading,
}

/// What a row is to read.
#[cfg(feature = "html")]
pub(crate) type Reading = PageOptions;
#[cfg(not(feature = "html"))]
pub(crate) type Reading = ();

/// How many rows may be under way unless the caller says.
pub(crate) fn window(limits: Limits) -> usize {
    match limits.session {
        0 => WINDOW,
        limit => limit.saturating_mul(4),
    }
}

type Start<'a, S, I, R> = fn(&'a S, usize, I, Reading) -> BoxFuture<'a, R>;

impl<'a, S: Session, I, R> Batch<'a, S, I, R> {
    pub(crate) fn new(session: &'a S, input: BoxStream<'a, I>, start: Start<'a, S, I, R>) -> Self {
        Self {
            session,
            input: input.fuse(),
            start,
            running: FuturesUnordered::new(),
            done: VecDeque::new(),
            taken: 0,
            given: 0,
            ordered: false,
            window: window(session.limits()),
            #[cfg(feature = "html")]
            reading: PageOptions::new(),
        }
    }

    /// The next row; `None` when all have been given. The same as `StreamExt::next`, without the import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<R> {
        StreamExt::next(self).await
    }

    /// Whether rows come in the order of the input instead of as they are done. Default no. To be set before the first
    /// row is taken out: from then on the order stays as it is.
    pub fn ordered(mut self, ordered: bool) -> Self {
        if self.taken == 0 {
            self.ordered = ordered;
        }
        self
    }

    /// How many rows may be under way or, when ordered, past the oldest unfinished one. Default four times the
    /// session's limit, 1,000 where it has none. 0 counts as 1.
    pub fn window(mut self, rows: usize) -> Self {
        self.window = rows.max(1);
        self
    }

    fn has_room(&self) -> bool {
        let out = if self.ordered { self.taken - self.given } else { self.running.len() };
        out < self.window
    }

    /// Starts what the window allows. `true` when the input has ended.
    fn fill(&mut self, cx: &mut Context<'_>) -> bool {
        while self.has_room() {
            match self.input.poll_next_unpin(cx) {
                Poll::Pending => return false,
                Poll::Ready(None) => return true,
                Poll::Ready(Some(item)) => {
                    #[cfg(feature = "html")]
                    let reading = self.reading;
                    #[cfg(not(feature = "html"))]
                    let reading = ();
                    let row = (self.start)(self.session, self.taken, item, reading);
                    self.running.push(Numbered { index: self.taken, row });
                    self.taken += 1;
                }
            }
        }
        false
    }
}

#[cfg(feature = "html")]
impl<S> Batch<'_, S, String, TitleRow> {
    /// As [`PageOptions::metadata`].
    pub fn metadata(mut self, extent: Extent) -> Self {
        self.reading = self.reading.metadata(extent);
        self
    }

    /// As [`PageOptions::max_bytes`].
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.reading = self.reading.max_bytes(bytes);
        self
    }

    /// As [`PageOptions::drain`].
    pub fn drain(mut self, bytes: u64) -> Self {
        self.reading = self.reading.drain(bytes);
        self
    }
}

impl<S: Session, I, R> Stream for Batch<'_, S, I, R> {
    type Item = R;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let this = self.get_mut();
        loop {
            let ended = this.fill(cx);
            if let Some(row) = this.done.front_mut().and_then(Option::take) {
                this.done.pop_front();
                this.given += 1;
                return Poll::Ready(Some(row));
            }
            match this.running.poll_next_unpin(cx) {
                Poll::Ready(Some((index, row))) if this.ordered => {
                    let place = index - this.given;
                    if this.done.len() <= place {
                        this.done.resize_with(place + 1, || None);
                    }
                    this.done[place] = Some(row);
                }
                Poll::Ready(Some((_, row))) => {
                    this.given += 1;
                    return Poll::Ready(Some(row));
                }
                Poll::Ready(None) if ended => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S, I, R> Unpin for Batch<'_, S, I, R> {}

impl<S, I, R> fmt::Debug for Batch<'_, S, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("taken", &self.taken)
            .field("given", &self.given)
            .field("running", &self.running.len())
            .field("ordered", &self.ordered)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// A row under way and its place in the input.
struct Numbered<F> {
    index: usize,
    row: F,
}

impl<F: Future + Unpin> Future for Numbered<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let index = self.index;
        Pin::new(&mut self.row).poll(cx).map(|row| (index, row))
    }
}

#[cfg(feature = "html")]
async fn title_row<S: Session>(session: &S, index: usize, url: String, reading: Reading) -> TitleRow {
    let started = session.now();
    let result = match session.get(&url).build() {
        Ok(request) => page::fetch(session, request, reading).await,
        Err(error) => Err(error),
    };
    TitleRow { index, url, result, elapsed: session.now().saturating_sub(started) }
}
