//! Many requests as an async iterator: a task of its own drives them, JavaScript takes the rows out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::Stream;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::batch::{self, Batch, Reading};
use crate::client::Client;
use crate::maybe::BoxFuture;
#[cfg(feature = "html")]
use crate::page::{self, Page, PageOptions};
use crate::platform::browser::Browser;
use crate::platform::browser::tasks::{self, Awaited};
use crate::request::Request;
use crate::response::Response;
use crate::session::Session as _;

use super::errors;
use super::promise;
use super::request::{self, Asked};
use super::response::ResponseHandle;
use super::signal::{Listener, Signals};

/// What becomes of each URL.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Fetch,
    #[cfg(feature = "html")]
    Page(PageOptions),
}

/// The rows of a batch. Nothing happens before the first is asked for; freeing it, or `stop`, ends every request
/// under way.
#[wasm_bindgen(js_name = Rows)]
pub struct Rows {
    shared: Rc<Shared>,
    _listener: Listener,
}

impl Rows {
    pub(super) fn new(
        client: Client<Browser>,
        kind: Kind,
        pull: Function,
        (ordered, window): (bool, Option<u32>),
        signals: Signals,
    ) -> Self {
        let window = window.map_or_else(|| batch::window(client.limits()), |rows| (rows as usize).max(1));
        let shared = Rc::new(Shared {
            signals,
            plan: Plan { kind, ordered, window },
            state: RefCell::new(State { start: Some((client, pull)), ..State::default() }),
        });
        let listener = shared.signals.listen({
            let shared = Rc::downgrade(&shared);
            move || {
                if let Some(shared) = shared.upgrade() {
                    shared.stop(shared.signals.reason());
                }
            }
        });
        Self { shared, _listener: listener }
    }
}

#[wasm_bindgen(js_class = Rows)]
impl Rows {
    /// A promise of the next row; of undefined when all have been given.
    pub fn next(&self) -> Promise {
        // A signal that had fired before there was anyone to listen.
        if let Some(reason) = self.shared.signals.reason() {
            self.shared.stop(Some(reason));
        }
        start(&self.shared);
        let shared = Rc::clone(&self.shared);
        promise::at_once(Box::pin(async move {
            match poll_fn(|cx| shared.poll_row(cx)).await? {
                Some(row) => Ok(row.told(&shared.signals).into()),
                None => Ok(JsValue::UNDEFINED),
            }
        }))
    }

    /// Ends every request under way; no more rows come.
    pub fn stop(&self) {
        self.shared.stop(None);
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.shared.stop(None);
    }
}

struct Shared {
    signals: Signals,
    plan: Plan,
    state: RefCell<State>,
}

#[derive(Clone, Copy)]
struct Plan {
    kind: Kind,
    ordered: bool,
    window: usize,
}

#[derive(Default)]
struct State {
    /// Until the first row is asked for.
    start: Option<(Client<Browser>, Function)>,
    task: Option<AbortHandle>,
    ready: VecDeque<Row>,
    /// Taken from the input and not yet given to the caller. Bounding these bounds `ready`, so that the requests under
    /// way are driven on however slow the caller is: else their deadlines would pass while nobody looked.
    out: usize,
    /// The input waits for room.
    input: Option<Waker>,
    readers: Vec<Waker>,
    ended: bool,
    /// Told once, after all rows.
    failure: Option<JsValue>,
}

impl Shared {
    fn poll_row(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Row>, JsValue>> {
        let mut state = self.state.borrow_mut();
        if let Some(row) = state.ready.pop_front() {
            state.out -= 1;
            if let Some(waker) = state.input.take() {
                waker.wake();
            }
            return Poll::Ready(Ok(Some(row)));
        }
        if state.ended {
            return Poll::Ready(state.failure.take().map_or(Ok(None), Err));
        }
        state.readers.push(cx.waker().clone());
        Poll::Pending
    }

    fn push(&self, row: Row) {
        self.change(|state| state.ready.push_back(row));
    }

    fn end(&self) {
        self.change(|state| state.ended = true);
    }

    fn fail(&self, reason: JsValue) {
        self.state.borrow_mut().failure.get_or_insert(reason);
    }

    fn stop(&self, reason: Option<JsValue>) {
        let unread = self.change(|state| {
            if !state.ended {
                state.failure = reason;
            }
            state.ended = true;
            state.out = 0;
            if let Some(task) = state.task.take() {
                task.abort();
            }
            (std::mem::take(&mut state.ready), state.start.take())
        });
        // Responses end their transfers in JavaScript, so not while the state is borrowed.
        drop(unread);
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.borrow_mut();
        let changed = change(&mut state);
        let readers = std::mem::take(&mut state.readers);
        drop(state);
        readers.into_iter().for_each(Waker::wake);
        changed
    }
}

/// Starts the task, once. It owns its client: a batch borrows the session that it works on.
fn start(shared: &Rc<Shared>) {
    let Some((client, pull)) = shared.state.borrow_mut().start.take() else { return };
    let (handle, registration) = AbortHandle::new_pair();
    shared.state.borrow_mut().task = Some(handle);
    let shared = Rc::clone(shared);
    let drive = async move {
        let Plan { ordered, window, .. } = shared.plan;
        let input = Box::pin(Input { pull, shared: Rc::clone(&shared), asked: None });
        let mut batch = Batch::new(&client, input, row).ordered(ordered).window(window);
        while let Some(row) = batch.next().await {
            shared.push(row);
        }
        shared.end();
    };
    tasks::spawn(Box::pin(async {
        let _ = Abortable::new(drive, registration).await;
    }));
}

/// What JavaScript's iterator gives, asked for only while there is room.
struct Input {
    /// Gives a promise of an `Asked`, or of undefined at the end.
    pull: Function,
    shared: Rc<Shared>,
    asked: Option<Awaited>,
}

impl Stream for Input {
    type Item = (Asked, Kind);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.asked.is_none() {
            {
                let mut state = self.shared.state.borrow_mut();
                if state.out >= self.shared.plan.window {
                    state.input = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
            match self.pull.call0(&JsValue::UNDEFINED) {
                Ok(promise) => self.asked = Some(Awaited::new(&promise)),
                Err(reason) => return self.ended(Some(reason)),
            }
        }
        let Some(asked) = &mut self.asked else { return Poll::Ready(None) };
        let given = ready!(Pin::new(asked).poll(cx));
        self.asked = None;
        match given {
            Ok(end) if end.is_undefined() => self.ended(None),
            Ok(asked) => {
                self.shared.state.borrow_mut().out += 1;
                Poll::Ready(Some((asked.unchecked_into(), self.shared.plan.kind)))
            }
            Err(reason) => self.ended(Some(reason)),
        }
    }
}

impl Input {
    fn ended<T>(&self, failure: Option<JsValue>) -> Poll<Option<T>> {
        if let Some(reason) = failure {
            self.shared.fail(reason);
        }
        Poll::Ready(None)
    }
}

/// A row, not yet JavaScript's: dropped before it is given, it lets go of its transfer at once.
struct Row {
    index: usize,
    url: String,
    elapsed: f64,
    result: Result<Found, JsValue>,
}

enum Found {
    #[cfg(feature = "html")]
    Page(Box<Page>),
    Response(Box<Response>),
}

/// The row of one page alone, as `Row::told` has it.
#[cfg(feature = "html")]
pub(super) async fn page(
    client: Client<Browser>,
    asked: Asked,
    kind: Kind,
    signals: Signals,
) -> Result<JsValue, JsValue> {
    let row = signals.race(async { Ok(row(&client, 0, (asked, kind), Reading::default()).await) }).await?;
    match row.result {
        Err(error) => Err(error),
        Ok(_) => Ok(row.told(&signals).into()),
    }
}

/// How far to read stands in the kind; the batch's own answer to that is for its callers in Rust.
fn row(
    client: &Client<Browser>,
    index: usize,
    (asked, kind): (Asked, Kind),
    _: Reading,
) -> BoxFuture<'_, Row> {
    Box::pin(async move {
        let started = client.now();
        let url = asked.given().unwrap_or_else(|| asked.url());
        let error = asked.error();
        let result = match error.is_undefined() {
            true => match request::request(&asked) {
                Ok(request) => find(client, request, kind).await.map_err(|error| errors::thrown(&error)),
                Err(error) => Err(errors::thrown(&error)),
            },
            false => Err(error),
        };
        let elapsed = client.now().saturating_sub(started).as_secs_f64() * 1e3;
        Row { index, url, elapsed, result }
    })
}

async fn find(client: &Client<Browser>, request: Request, kind: Kind) -> crate::error::Result<Found> {
    match kind {
        Kind::Fetch => Ok(Found::Response(Box::new(client.send(request).await?))),
        #[cfg(feature = "html")]
        Kind::Page(options) => Ok(Found::Page(Box::new(page::fetch(client, request, options).await?))),
    }
}

impl Row {
    /// `[index, url, milliseconds, error]`, then the response, or what is told of a page.
    fn told(self, signals: &Signals) -> Array {
        let Self { index, url, elapsed, result } = self;
        let told = Array::of(&[(index as f64).into(), url.into(), elapsed.into()]);
        match result {
            Err(error) => {
                told.push(&error);
            }
            Ok(Found::Response(response)) => {
                told.push(&JsValue::UNDEFINED);
                told.push(&ResponseHandle::new(*response, signals.clone()).into());
            }
            #[cfg(feature = "html")]
            Ok(Found::Page(page)) => {
                told.push(&JsValue::UNDEFINED);
                super::page::push(&told, &page);
            }
        }
        told
    }
}
