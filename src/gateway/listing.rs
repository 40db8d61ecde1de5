//! [`Listing`]: a list of URLs under way, apart from who is told of it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;

use crate::batch::{SessionExt, TitleRow};
use crate::error::{Error, ErrorKind};
use crate::html::Extent;
use crate::row::{JsonMetadata, write};
use crate::session::Session;
use crate::url::Url;

use super::headers::NO_CREDENTIALS;
use super::state::{Behind, Stage, State, closed};

/// How many URLs of one list are under way at once: no list takes a session's whole limit.
const UNDER_WAY: usize = 100;

/// How many rows of one list there may be that nobody has taken yet, those under way included.
const UNTAKEN: usize = 2 * UNDER_WAY;

/// So many bytes of a row that nobody has taken yet count as a row.
const ROW: usize = 8 << 10;

/// How far a page is read for its title.
const MAX_PAGE: u64 = 2 << 20;

/// How a list is fetched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    pub(super) ordered: bool,
    pub(super) metadata: Option<Extent>,
}

/// A row, and how many others it takes the room of.
struct Held {
    row: TitleRow,
    others: usize,
}

/// A list under way: its rows as they are done, one for each URL that is taken.
///
/// It fetches in a task of its own, so that what is under way is finished while nobody takes rows. As long as so many wait
/// no more URLs are taken.
///
/// # Cancellation
/// Dropping it ends every request under way.
pub(super) struct Listing {
    rows: UnboundedReceiver<Held>,
    room: Arc<Semaphore>,
    task: AbortHandle,
}

impl Listing {
    /// Begins a list. No more of its URLs are taken once the gateway drains; when it closes, those that have no row get one
    /// that says so.
    pub(super) fn begin(
        state: &State,
        urls: impl Stream<Item = String> + Send + 'static,
        manner: Manner,
    ) -> Self {
        let room = Arc::new(Semaphore::new(UNTAKEN));
        let (sender, rows) = mpsc::unbounded_channel();
        let session = state.live().session.clone();
        let rows_out = Out { sender, room: Arc::clone(&room) };
        let fetching = fetch(session, state.stage(), within(urls, Arc::clone(&room)), manner, rows_out);
        #[allow(clippy::disallowed_methods, reason = "a server is in a runtime of tokio's")]
        let task = tokio::spawn(fetching).abort_handle();
        Self { rows, room, task }
    }
}

impl Stream for Listing {
    type Item = TitleRow;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TitleRow>> {
        self.rows.poll_recv(cx).map(|held| {
            let Held { row, others } = held?;
            self.room.add_permits(1 + others);
            Some(row)
        })
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// These URLs, each only when there is room for its row.
fn within(
    urls: impl Stream<Item = String> + Send + 'static,
    room: Arc<Semaphore>,
) -> impl Stream<Item = String> + Send + 'static {
    stream::unfold((Box::pin(urls), room), |(mut urls, room)| async move {
        // It is never closed.
        room.acquire().await.ok()?.forget();
        let url = urls.next().await?;
        Some((url, (urls, room)))
    })
}

async fn fetch(
    session: Behind,
    mut stage: watch::Receiver<Stage>,
    urls: impl Stream<Item = String> + Send + 'static,
    manner: Manner,
    rows: Out,
) {
    let taken = Taken::default();
    let noted = taken.clone();
    let clock = session.clone();
    let urls = urls.enumerate().map(move |(index, url)| noted.note(index, url, clock.now()));
    let urls = urls.take_until(reached(stage.clone(), Stage::Draining));
    let mut batch = session.titles_from(urls).ordered(manner.ordered).window(UNDER_WAY).max_bytes(MAX_PAGE);
    if let Some(extent) = manner.metadata {
        batch = batch.metadata(extent);
    }
    let closing = reached(&mut stage, Stage::Closing);
    tokio::pin!(closing);
    loop {
        let row = tokio::select! {
            biased;
            row = batch.next() => row,
            () = &mut closing => break,
        };
        let Some(mut row) = row else { return };
        if let Some(Waiting { url, is_refused: true, .. }) = taken.lock().remove(&row.index) {
            row.url = url;
            row.result = Err(Error::new(ErrorKind::InvalidUrl).with_message(NO_CREDENTIALS));
        }
        rows.send(row);
    }
    drop(batch);
    for (index, Waiting { url, since, .. }) in std::mem::take(&mut *taken.lock()) {
        let elapsed = session.now().saturating_sub(since);
        rows.send(TitleRow { index, url, result: Err(closed()), elapsed });
    }
}

/// Where rows go.
struct Out {
    sender: UnboundedSender<Held>,
    room: Arc<Semaphore>,
}

impl Out {
    fn send(&self, row: TitleRow) {
        let others = self.room.forget_permits(weight(&row) / ROW);
        // Where nobody is there to take it, the task is about to be ended.
        let _ = self.sender.send(Held { row, others });
    }
}

/// How many bytes a row holds, about.
fn weight(row: &TitleRow) -> usize {
    let Ok(page) = &row.result else { return row.url.len() };
    let title = page.title.as_ref().map_or(0, String::len);
    let metadata = page.metadata.as_ref().map_or(0, |metadata| {
        let mut json = Vec::new();
        write(&JsonMetadata::of(metadata), &mut json);
        json.len()
    });
    2 * row.url.len() + title + metadata
}

/// Waits until the gateway is so near its end.
async fn reached(mut stage: impl std::borrow::BorrowMut<watch::Receiver<Stage>>, wanted: Stage) {
    if stage.borrow_mut().wait_for(|stage| *stage >= wanted).await.is_err() {
        // The gateway has gone, and nobody can end it any more.
        std::future::pending::<()>().await;
    }
}

/// The URLs that have no row yet.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<BTreeMap<usize, Waiting>>>);

struct Waiting {
    url: String,
    /// When it was taken.
    since: Duration,
    /// It is not asked: user and password stand in it.
    is_refused: bool,
}

impl Taken {
    /// Notes a URL, and gives what to ask: of one that is not to be asked, no URL.
    fn note(&self, index: usize, url: String, since: Duration) -> String {
        let is_refused = url.contains('@') && Url::parse(&url).is_ok_and(|url| url.userinfo().is_some());
        let asked = if is_refused { String::new() } else { url.clone() };
        self.lock().insert(index, Waiting { url, since, is_refused });
        asked
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
