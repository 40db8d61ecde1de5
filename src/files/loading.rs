//! A download under way: request by request, until the file is whole.

use std::time::Duration;

use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderValue, IF_RANGE, RANGE};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::policy::ranges::{Asked, Given, Validator, given, gives_parts, is_coded};
use crate::policy::retry::{Decision, Outcome, Retry, pause_asked_for, scattered};
use crate::request::{Request, insert};
use crate::response::Response;
use crate::session::Session;

use super::download::Plan;
use super::known::Source;
use super::outcome::Saved;
use super::parallel;
use super::partial::{Partial, note};
use super::pouring::{End, Flow, Poured, pour};
use super::save::{self, Place, Target};

/// How often in a row an answer may bring nothing, and another request be the way on.
const DETOURS: u32 = 5;

pub(super) struct Loading<'a, S: ?Sized> {
    pub(super) session: &'a S,
    request: Request,
    pub(super) plan: Plan,
    /// Once it is known where the file is to be.
    partial: Option<Partial>,
    /// The file has been seen in this call.
    has_begun: bool,
}

/// What a request has led to.
pub(super) enum Turn {
    Done(Saved),
    /// There is more to ask for.
    On,
    Cut(Cut),
}

/// What may pass.
pub(super) struct Cut {
    pub(super) error: Error,
    /// The pause that the server asks for.
    after: Option<Duration>,
}

impl From<Error> for Cut {
    fn from(error: Error) -> Self {
        Self { error, after: None }
    }
}

impl<'a, S: Session + ?Sized> Loading<'a, S> {
    pub(super) fn new(session: &'a S, mut request: Request, plan: Plan) -> Result<Self> {
        plan.wishes.sound()?;
        if request.headers().contains_key(RANGE) || request.headers().contains_key(IF_RANGE) {
            let why = "\"range\" and \"if-range\" are the download's own to set";
            return Err(Error::new(ErrorKind::InvalidHeader).with_message(why).with_url(request.url()));
        }
        // A part of a compressed file cannot be gone on with.
        request.headers_mut().entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        // Here it is decided which status is an error.
        let request = request.into_builder().raise_for_status(false).build()?;
        Ok(Self { session, request, plan, partial: None, has_begun: false })
    }

    pub(super) async fn run(mut self) -> Result<Saved> {
        let ended = self.turns().await;
        ended.map_err(|error| error.with_url(self.request.url()))
    }

    async fn turns(&mut self) -> Result<Saved> {
        if let Target::Path(path) = &self.plan.target {
            let place = Place::of(path.clone(), self.plan.wishes.overwrite.unwrap_or(true)).await?;
            self.partial = self.open(place).await?;
        }
        let (mut failures, mut detours, mut most) = (0, 0, self.size());
        loop {
            let turn = self.turn().await?;
            if self.size() > most {
                (failures, detours, most) = (0, 0, self.size());
            }
            match turn {
                Turn::Done(saved) => return Ok(saved),
                Turn::On if detours < DETOURS => detours += 1,
                Turn::On => {
                    let why = "the file changes, or its parts, each time it is asked for";
                    return Err(Error::new(ErrorKind::Protocol).with_message(why));
                }
                Turn::Cut(cut) => {
                    failures += 1;
                    let is_lasting = self.partial.as_ref().is_some_and(|partial| partial.version.is_some());
                    self.pause(failures, cut, is_lasting).await?;
                }
            }
        }
    }

    /// The part of the file; none where it is no file, or cannot be gone on with anyway.
    async fn open(&self, place: Place) -> Result<Option<Partial>> {
        if place.is_special || *self.request.method() != Method::GET {
            return Ok(None);
        }
        let (of, durable) = (Source::of(self.request.url()), self.plan.wishes.durable);
        Partial::open(place, of, self.plan.resumes, durable).await.map(Some)
    }

    fn size(&self) -> u64 {
        self.partial.as_ref().map_or(0, |partial| partial.done.size())
    }

    /// Waits before it is gone on with; `is_lasting`: with what is there.
    ///
    /// # Errors
    /// The one that was given, where it is not.
    pub(super) async fn pause(&self, failures: u32, cut: Cut, is_lasting: bool) -> Result<()> {
        let Cut { error, after } = cut;
        // What took all the time there is will do so again, where it is begun anew.
        let is_futile = *error.kind() == ErrorKind::Timeout(Phase::Total) && !is_lasting;
        if !self.has_begun || is_futile {
            return Err(error);
        }
        let retry = Retry::standard().attempts(self.plan.attempts);
        let outcome = match error.kind() {
            ErrorKind::Status(status) => Outcome::Answered { status: *status, retry_after: after },
            // Each request has clocks of its own.
            ErrorKind::Timeout(Phase::Read | Phase::Total) => Outcome::Failed(&ErrorKind::Disconnected),
            kind => Outcome::Failed(kind),
        };
        match retry.decide(failures, &Method::GET, outcome, scattered(self.session.now().as_nanos() as u64)) {
            Decision::Retry { after } => self.session.sleep(after).await,
            Decision::Stop => return Err(error),
        }
        Ok(())
    }

    /// One request: for a part, or for all of it.
    pub(super) async fn ask(&self, asked: Option<&Asked>) -> Result<Response> {
        let mut request = self.request.clone();
        if let Some(asked) = asked {
            let [range, validator] = [asked.range(), asked.validator.as_str().to_owned()]
                .map(|value| HeaderValue::try_from(value).map_err(|_| Error::from(ErrorKind::InvalidHeader)));
            insert(request.headers_mut(), RANGE, range?)?;
            insert(request.headers_mut(), IF_RANGE, validator?)?;
        }
        self.session.send(request).await
    }

    async fn turn(&mut self) -> Result<Turn> {
        let asked = self.partial.as_ref().and_then(Partial::next);
        let response = match self.ask(asked.as_ref()).await {
            Ok(response) => response,
            Err(error) => return Ok(Turn::Cut(error.into())),
        };
        let gives = match understood(asked.as_ref(), &response)? {
            Given::Failure => return Ok(Turn::Cut(failure(response).await)),
            gives => gives,
        };
        self.begun()?;
        let (path, replace) = self.plan.target.path(&response);
        if self.partial.is_none() && matches!(self.plan.target, Target::In(_)) {
            let place = Place::of(path.clone(), self.plan.wishes.overwrite.unwrap_or(replace)).await?;
            self.partial = self.open(place).await?;
        }
        let Some(partial) = &mut self.partial else {
            let place = Place::of(path, self.plan.wishes.overwrite.unwrap_or(replace)).await?;
            let total = save::length(&response);
            let mut flow = Flow::new(response);
            return save::write(&mut flow, total, &place, &self.plan.wishes).await.map(Turn::Done);
        };
        let (from, to) = match (gives, asked) {
            (Given::Part { to, total }, Some(asked)) => {
                partial.total = total;
                (asked.from, Some(to))
            }
            (Given::Complete, _) => {
                partial.total = Some(partial.done.end());
                return self.finish().await;
            }
            (Given::Another, _) => {
                partial.forget();
                return Ok(Turn::On);
            }
            (_, asked) => {
                let coded = is_coded(response.headers());
                let version = Validator::of(response.headers()).filter(|_| !coded);
                let total = save::length(&response);
                // Under the name that has just been learned, an earlier call has left a part of it.
                if asked.is_none() && partial.is_of(version.as_ref(), total) {
                    return Ok(Turn::On);
                }
                partial.begin(version, total, self.plan.wishes.hash()).await?;
                (0, total)
            }
        };
        let gives_parts = from > 0 || gives_parts(response.headers());
        match parallel::pieces(self.plan.parallel, partial).filter(|_| gives_parts) {
            Some(pieces) => self.take_pieces(response, to, pieces).await,
            None => self.take(response, from, to).await,
        }
    }

    /// From now on it is the download that tries again.
    fn begun(&mut self) -> Result<()> {
        if !self.has_begun {
            self.has_begun = true;
            self.request = self.request.clone().into_builder().retry(None).build()?;
        }
        Ok(())
    }

    /// Writes what comes.
    async fn take(&mut self, response: Response, from: u64, to: Option<u64>) -> Result<Turn> {
        let Some(partial) = &mut self.partial else { return Ok(Turn::On) };
        let wishes = &self.plan.wishes;
        let (mut sink, total, part) = (partial.sink(from)?, partial.total, partial.part()?);
        wishes.tell(partial.done.size(), total);
        // Its length tells how much there is, unless it was scattered.
        let left = to.or(total).unwrap_or(u64::MAX).saturating_sub(from);
        let step = if partial.is_scattered { parallel::noted(left) } else { u64::MAX };
        let mut flow = Flow::new(response);
        let mut at = from;
        let end = loop {
            let done = &mut partial.done;
            let told = |count| {
                done.add(at, at + count);
                wishes.tell(done.size(), total);
            };
            let wanted = to.map_or(u64::MAX, |to| to - at).min(step);
            let Poured { sink: written, count, end } = pour(&mut flow, sink, wanted, told).await?;
            (sink, at) = (written, at + count);
            match end {
                End::Enough if to.is_none_or(|to| at < to) => note(&part, partial.note()).await?,
                end => break end,
            }
        };
        partial.keep_sink(sink, at);
        match end {
            End::Cut(error) => return Ok(Turn::Cut(flow.failed(error).into())),
            End::Whole if to.is_some_and(|to| at < to) => {
                return Ok(Turn::Cut(flow.failed(ended_early()).into()));
            }
            End::Whole if total.is_none() => partial.total = Some(at),
            End::Enough | End::Whole => {}
        }
        match partial.is_complete() {
            true => self.finish().await,
            false => Ok(Turn::On),
        }
    }

    /// Nothing is missing.
    pub(super) async fn finish(&mut self) -> Result<Turn> {
        let Some(partial) = &mut self.partial else { return Ok(Turn::On) };
        let Plan { wishes, .. } = &self.plan;
        let checksum = partial.finish(wishes.hash(), wishes.durable).await?;
        if let Err(error) = wishes.check(checksum.as_ref()) {
            partial.discard();
            return Err(error);
        }
        partial.publish(wishes.durable).await?;
        let bytes = partial.done.size();
        Ok(Turn::Done(Saved { path: partial.place.path.clone(), bytes, resumed: partial.resumed, checksum }))
    }

    pub(super) fn take_partial(&mut self) -> Option<Partial> {
        self.partial.take()
    }

    pub(super) fn put_partial(&mut self, partial: Partial) {
        self.partial = Some(partial);
    }
}

/// What an answer gives.
pub(super) fn understood(asked: Option<&Asked>, response: &Response) -> Result<Given> {
    given(asked, response.status(), response.headers())
        .map_err(|why| response.failed(Error::new(ErrorKind::Protocol).with_message(why)))
}

/// The error that a status is.
pub(super) async fn failure(response: Response) -> Cut {
    let after = pause_asked_for(response.headers());
    let error = match response.error_for_status().await {
        Ok(response) => response.failed(ErrorKind::Status(response.status()).into()),
        Err(error) => error,
    };
    Cut { error, after }
}

/// A part that was to be longer, sent without its length.
pub(super) fn ended_early() -> Error {
    Error::new(ErrorKind::Disconnected).with_message("the part is shorter than its Content-Range")
}
