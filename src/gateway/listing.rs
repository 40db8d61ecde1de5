//! [`Listing`]: a list of URLs under way, apart from who is told of it.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
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
use crate::row::{JsonRow, write};
use crate::session::Session;
use crate::url::Url;

use super::access::Caller;
use super::headers::NO_CREDENTIALS;
use super::problem::discreet;
use super::share::Place;
use super::state::{Stage, State, closed};

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

/// A row, as JSON.
pub(super) struct Row {
    pub(super) index: usize,
    pub(super) json: Vec<u8>,
    /// The code of its error, where it has one.
    pub(super) failed: Option<&'static str>,
}

/// A row, and how many others it takes the room of.
struct Held {
    row: Row,
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
    /// Begins a list. Its URLs are asked for at its caller's rate, and within its share. No more of them are taken once the
    /// gateway drains; when it closes, those that have no row get one that says so.
    pub(super) fn begin<S>(
        state: &State,
        caller: Caller,
        manner: Manner,
        urls: impl FnOnce(UnderWay) -> S,
    ) -> Self
    where
        S: Stream<Item = String> + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(UNTAKEN));
        let (sender, rows) = mpsc::unbounded_channel();
        let rows_out = Out { sender, room: Arc::clone(&room), metadata: manner.metadata.is_some() };
        let under_way = UnderWay::default();
        let urls = urls(under_way.clone()).take_until(reached(state.stage(), Stage::Draining));
        let urls = admitted(urls, Arc::clone(&room), caller, state.clone());
        let fetching = fetch(state, urls, under_way, manner, rows_out);
        #[allow(clippy::disallowed_methods, reason = "a server is in a runtime of tokio's")]
        let task = tokio::spawn(fetching).abort_handle();
        Self { rows, room, task }
    }
}

impl Stream for Listing {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
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

/// These URLs, each only when there is room for its row, its caller may ask, and with its place in that one's share.
fn admitted(
    urls: impl Stream<Item = String> + Send + 'static,
    room: Arc<Semaphore>,
    caller: Caller,
    state: State,
) -> impl Stream<Item = (String, Place)> + Send + 'static {
    let urls = Box::pin(urls);
    stream::unfold((urls, room, caller, state), |(mut urls, room, caller, state)| async move {
        let mut draining = pin!(reached(state.stage(), Stage::Draining));
        let live = state.live();
        let turn = async {
            // It is never closed.
            room.acquire().await.ok()?.forget();
            live.limiter.turn(&caller, &live.session).await;
            Some(())
        };
        tokio::select! {
            turn = turn => turn?,
            () = &mut draining => return None,
        }
        let url = urls.next().await?;
        let share = live.shares.of(&caller);
        let place = tokio::select! {
            place = share.wait() => place,
            // It is taken already, and has to get its row.
            () = draining => Place::default(),
        };
        Some(((url, place), (urls, room, caller, state)))
    })
}

fn fetch(
    state: &State,
    urls: impl Stream<Item = (String, Place)> + Send + 'static,
    under_way: UnderWay,
    manner: Manner,
    rows: Out,
) -> impl Future<Output = ()> + Send + 'static {
    let (session, closing) = (state.live().session.clone(), reached(state.stage(), Stage::Closing));
    async move {
        let noted = under_way.clone();
        let clock = session.clone();
        let urls =
            urls.enumerate().map(move |(index, (url, place))| noted.note(index, url, clock.now(), place));
        let mut batch =
            session.titles_from(urls).ordered(manner.ordered).window(UNDER_WAY).max_bytes(MAX_PAGE);
        if let Some(extent) = manner.metadata {
            batch = batch.metadata(extent);
        }
        tokio::pin!(closing);
        loop {
            let row = tokio::select! {
                biased;
                row = batch.next() => row,
                () = &mut closing => break,
            };
            let Some(mut row) = row else { return };
            if let Some(Taken { url, is_refused: true, .. }) = under_way.lock().remove(&row.index) {
                row.url = url;
                row.result = Err(Error::new(ErrorKind::InvalidUrl).with_message(NO_CREDENTIALS));
            }
            row.result = row.result.map_err(discreet);
            rows.send(&row);
        }
        drop(batch);
        for (index, Taken { url, since, .. }) in std::mem::take(&mut *under_way.lock()) {
            let elapsed = session.now().saturating_sub(since);
            rows.send(&TitleRow { index, url, result: Err(closed()), elapsed });
        }
    }
}

/// Where rows go.
struct Out {
    sender: UnboundedSender<Held>,
    room: Arc<Semaphore>,
    metadata: bool,
}

impl Out {
    fn send(&self, row: &TitleRow) {
        let mut json = Vec::new();
        write(&JsonRow::of(row, self.metadata), &mut json);
        let others = self.room.forget_permits(json.len() / ROW);
        let failed = row.result.as_ref().err().map(Error::code);
        // Where nobody is there to take it, the task is about to be ended.
        let _ = self.sender.send(Held { row: Row { index: row.index, json, failed }, others });
    }
}

/// Waits until the gateway is so near its end.
pub(super) async fn reached(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    if stage.wait_for(|stage| *stage >= wanted).await.is_err() {
        // The gateway has gone, and nobody can end it any more.
        std::future::pending::<()>().await;
    }
}

/// The URLs that have no row yet.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Mutex<BTreeMap<usize, Taken>>>);

struct Taken {
    url: String,
    /// When it was taken.
    since: Duration,
    /// It is not asked: user and password stand in it.
    is_refused: bool,
    _place: Place,
}

impl UnderWay {
    pub(super) fn is_none(&self) -> bool {
        self.lock().is_empty()
    }

    /// Notes a URL, and gives what to ask: of one that is not to be asked, no URL.
    fn note(&self, index: usize, url: String, since: Duration, place: Place) -> String {
        let is_refused = url.contains('@') && Url::parse(&url).is_ok_and(|url| url.userinfo().is_some());
        let asked = if is_refused { String::new() } else { url.clone() };
        self.lock().insert(index, Taken { url, since, is_refused, _place: place });
        asked
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Taken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
