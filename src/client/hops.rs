//! The hop loop: one call's way from its first request, over redirects, to the response that is handed out.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode};

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::events::What;
use crate::gated::Gated;
use crate::head::{Head, Hop};
use crate::maybe::{BoxFuture, MaybeSend};
use crate::middleware::Layers;
use crate::options::{DEFAULT_MAX_BODY, Options};
use crate::platform::Backend;
use crate::policy::redirect::{self, Next, Redirected};
use crate::policy::redirect_policy::{Redirect, RedirectAction};
use crate::request::{Request, check_count};
use crate::response::{RAISE_TIME, Response};
use crate::url::Url;

use super::attempt::{Answer, Run};
use super::{Shared, guarded, layered};

/// How many redirects are followed when `max_redirects` is not set.
const MAX_REDIRECTS: u32 = 10;

/// Everything of a call that lasts as long as the call lives behind one box: what is moved about, and what a million
/// waiting calls cost, stays small.
pub(super) fn send<B: Backend>(
    shared: &Arc<Shared<B>>,
    request: Request,
) -> impl Future<Output = Result<Response>> + MaybeSend {
    let layers = layered::layers_of(shared, &request);
    let sending = match layers {
        Some(layers) if !layers.call.is_empty() => {
            let gate = layers.with(());
            Sending::Layered(gate.with(Box::pin(layered::call(shared, layers, request))))
        }
        layers => Sending::Bare(Call::new(shared, request, layers)),
    };
    async move {
        match sending {
            Sending::Bare(call) => call?.run(shared.backend.now()).await,
            Sending::Layered(call) => call.into_inner().await,
        }
    }
}

enum Sending<'a, B: Backend> {
    Bare(Result<Box<Call<'a, B>>>),
    Layered(Gated<BoxFuture<'a, Result<Response>>>),
}

/// One call: the request as its next hop sends it, and the way so far.
pub(super) struct Call<'a, B: Backend> {
    request: Request,
    run: Run<'a, B>,
    history: Vec<Hop>,
    /// It is a part of a call that has middleware around it, which sees its response before that is judged.
    is_within: bool,
    /// How it ended has been told.
    is_done: bool,
}

impl<'a, B: Backend> Call<'a, B> {
    pub(super) fn new(
        shared: &'a Arc<Shared<B>>,
        mut request: Request,
        layers: Option<Gated<Arc<Layers>>>,
    ) -> Result<Box<Self>> {
        prepare(shared, &mut request).map_err(|error| error.with_url(&request.url))?;
        let run = Run::new(shared, &request, layers);
        Ok(Box::new(Self { request, run, history: Vec::new(), is_within: false, is_done: false }))
    }

    /// As a part of the call of this number.
    pub(super) fn within(mut self: Box<Self>, number: u64) -> Box<Self> {
        self.is_within = true;
        self.run.set_call(number);
        self
    }

    /// The call, whose clock began to run at `started`.
    pub(super) async fn run(&mut self, started: Duration) -> Result<Response> {
        // What goes around a call has taken its time before this.
        self.run.begin(started, !self.is_within);
        loop {
            let Answer { head, mut body, timing } = match self.run.answer(&self.request).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.failed(error)),
            };
            let elapsed = self.run.shared.backend.now().saturating_sub(started);
            let next = self.decide(&head);
            if let Ok(Next::Stop) = next {
                let mut answer = Some(Answer { head, body, timing });
                let mut raised = None;
                return poll_fn(|cx| {
                    if let Some(answer) = answer.take() {
                        match self.finish(answer, elapsed, cx) {
                            Ok(done) => return Poll::Ready(done),
                            Err(error) => raised = Some(error),
                        }
                    }
                    let Some(raised) = raised.as_mut().filter(|_| B::KEEPS_ERROR_BODIES) else {
                        return Poll::Pending;
                    };
                    let error = ready!(raised.as_mut().poll(cx));
                    self.is_done = true;
                    self.run.tell(&self.request, What::Failed { error: &error });
                    Poll::Ready(Err(error))
                })
                .await;
            }
            poll_fn(|cx| guarded::take_what_is_there(&mut body, cx)).await;
            // Ended before the permit goes to another.
            drop(body);
            self.history.push(Hop::new(self.answered(&head).clone(), head, elapsed));
            match next {
                Ok(Next::Follow(next)) => {
                    let status = self.history.last().map_or(StatusCode::FOUND, |hop| hop.status);
                    self.run.tell(&self.request, What::Redirect { status, to: &next.url });
                    self.follow(next);
                }
                Ok(Next::Stop) => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    fn decide(&self, head: &Head) -> Result<Next> {
        let Request { method, options, body, .. } = &self.request;
        let url = self.answered(head);
        let policy = options.redirects();
        if !self.run.shared.backend.capabilities().redirects || policy.is_stop() {
            return Ok(Next::Stop);
        }
        let next = match redirect::next(url, method, head.status, &head.headers)? {
            Next::Stop => return Ok(Next::Stop),
            Next::Follow(next) => next,
        };
        let limit = options.max_redirects.unwrap_or(MAX_REDIRECTS);
        if self.history.len() >= limit as usize {
            return Err(ErrorKind::TooManyRedirects { limit }.into());
        }
        let (status, history) = (head.status, &self.history);
        let redirect = Redirect { status, from: url, to: &next.url, method: &next.method, history };
        match policy.decide(&redirect) {
            RedirectAction::Stop => Ok(Next::Stop),
            RedirectAction::Refuse => Err(Error::new(ErrorKind::Redirect)
                .with_message(format!("the redirect policy refuses it: to {}", next.url.redacted()))),
            RedirectAction::Follow if next.keep_body && body.is_consumed() => {
                Err(ErrorKind::BodyConsumed.into())
            }
            RedirectAction::Follow => {
                options.connecting.check(Some(&next.url))?;
                Ok(Next::Follow(next))
            }
        }
    }

    /// Which URL has answered: middleware may have asked another one.
    fn answered<'h>(&'h self, head: &'h Head) -> &'h Url {
        head.final_url.as_deref().unwrap_or(&self.request.url)
    }

    /// Turns the request into the next hop's.
    fn follow(&mut self, mut next: Redirected) {
        next.cross_origin |= next.url.origin() != self.request.url.origin();
        match next.cross_origin {
            true => self.run.give_permit_back(),
            false => {
                let shared = self.run.shared;
                shared.scheduler.count_start(shared.backend.now());
            }
        }
        let request = &mut self.request;
        request.has_left_origin |= next.cross_origin;
        if next.cross_origin && request.options.own_cookies.is_some() {
            Arc::make_mut(&mut request.options).own_cookies = None;
        }
        redirect::strip_headers(&mut request.headers, &next);
        if !next.keep_body {
            request.body = Body::empty();
        }
        (request.method, request.url) = (next.method, next.url);
        // Userinfo in a Location is the server's, not the caller's: it is dropped.
        if let Ok(url) = request.url.without_userinfo() {
            request.url = url;
        }
    }

    /// Makes the response that is handed out.
    fn finish(&mut self, answer: Answer<B>, elapsed: Duration, cx: &mut Context<'_>) -> Finished {
        let Answer { head, mut body, timing } = answer;
        let options = &self.request.options;
        let judged = match &options.raise_for_status {
            Some(raise) if !self.is_within => raise.judge(&head),
            _ => Ok(()),
        };
        let judged = match judged {
            Err(error) if !B::KEEPS_ERROR_BODIES => {
                let _ = guarded::take_what_is_there(&mut body, cx);
                return Ok(Err(self.failed(error)));
            }
            judged => judged,
        };
        let max_body = options.max_body;
        let status = head.status;
        let body = match self.run.guard((&head, &self.request), body, max_body.flatten(), cx) {
            Ok(body) => body,
            Err(error) => return Ok(Err(self.failed(judged.err().unwrap_or(error)))),
        };
        let response = Response::new(head, self.request.url.clone(), body)
            .with_way(std::mem::take(&mut self.history), self.run.attempts(), elapsed)
            .with_timing(self.run.timing(timing, elapsed))
            .with_max_body(max_body.unwrap_or(Some(DEFAULT_MAX_BODY)))
            .with_decompression(self.request.options.auto_decompress != Some(false))
            .with_charset(self.run.shared.backend.charset());
        if B::KEEPS_ERROR_BODIES
            && let Err(error) = judged
        {
            let backend = &self.run.shared.backend;
            let until = backend.sleep_until(backend.now().saturating_add(RAISE_TIME));
            return Err(Box::pin(response.into_error(error, until)));
        }
        if !self.is_within {
            self.run.tell(&self.request, What::Finished { status, elapsed });
        }
        self.is_done = true;
        Ok(Ok(response))
    }

    fn failed(&mut self, error: Error) -> Error {
        let history = std::mem::take(&mut self.history);
        let error =
            error.with_url(&self.request.url).with_attempts(self.run.attempts()).with_history(history);
        self.is_done = true;
        if !self.is_within {
            self.run.tell(&self.request, What::Failed { error: &error });
        }
        error
    }
}

impl<B: Backend> Drop for Call<'_, B> {
    fn drop(&mut self) {
        if !self.is_done && !self.is_within {
            self.run.tell(&self.request, What::Cancelled);
        }
    }
}

/// How a call ends; `Err` where its head is an error to the caller, which is yet to be given the start of its body.
type Finished = Result<Result<Response>, BoxFuture<'static, Error>>;

/// Fills in the session's options and checks everything before anything waits or is sent.
fn prepare<B: Backend>(shared: &Shared<B>, request: &mut Request) -> Result<()> {
    let own = std::mem::replace(&mut request.options, Arc::clone(&shared.options));
    if !Arc::ptr_eq(&own, &Options::none()) {
        own.allowed_on(shared.backend.capabilities())?;
        request.options = Arc::new(Arc::unwrap_or_clone(own).over(&shared.options));
        request.options.validate()?;
    }
    if request.watch.is_some() && !shared.backend.capabilities().upload_progress {
        let platform = shared.backend.capabilities().platform;
        return Err(ErrorKind::Unsupported { feature: "on_upload", platform }.into());
    }
    if request.has_automatic_type && request.options.skips(&CONTENT_TYPE) {
        request.headers.remove(CONTENT_TYPE);
    }
    check(request)
}

/// Refuses what must not be sent, whoever made it.
pub(super) fn check(request: &mut Request) -> Result<()> {
    if !matches!(request.url.scheme(), "http" | "https") {
        return Err(
            Error::new(ErrorKind::UnsupportedScheme).with_message(format!("{:?}", request.url.scheme()))
        );
    }
    request.options.connecting.check(Some(&request.url))?;
    check_framing(request)?;
    request.take_userinfo()
}

/// How a message is framed is not for header fields to say: a length that is not the body's would let what follows be
/// taken for a part of it (RFC 9112, section 11.2).
fn check_framing(request: &mut Request) -> Result<()> {
    let invalid = |message: &str| Err(Error::new(ErrorKind::InvalidHeader).with_message(message));
    check_count(&request.headers)?;
    if request.headers.contains_key(TRANSFER_ENCODING) {
        return invalid("\"transfer-encoding\" is set by the body, not by hand");
    }
    if request.headers.contains_key(EXPECT) {
        // Nobody here would wait for the answer to it.
        return Err(ErrorKind::Unsupported { feature: "expect", platform: "every platform" }.into());
    }
    if request.headers.get_all(HOST).iter().count() > 1 {
        return invalid("\"host\" more than once (RFC 9112, section 3.2)");
    }
    let mut declared = request.headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = declared.next() else { return Ok(()) };
    // A stream that does not tell its length may be given one so.
    let told = || first.to_str().ok()?.parse().ok();
    if request.body.is_stream()
        && request.body.length().is_none()
        && let Some(length) = told()
    {
        request.body = std::mem::take(&mut request.body).with_length(length);
    }
    let length = request.body.length().map(|length| length.to_string());
    let is_length = |value: &HeaderValue| length.as_ref().is_some_and(|length| value == length.as_str());
    match is_length(first) && declared.all(is_length) {
        true => Ok(()),
        false => invalid("\"content-length\" is not the length of the body; leave it out"),
    }
}
