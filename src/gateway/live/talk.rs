//! [`Talk`]: one WebSocket, from its opening to its end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::future::FutureExt;
use futures_util::sink::SinkExt;
use futures_util::stream::{SplitSink, SplitStream, StreamExt};
use tokio::sync::watch;

use crate::gateway::access::Caller;
use crate::gateway::state::{Behind, Stage, State};
use crate::maybe::BoxFuture;
use crate::row::write;
use crate::session::Session;

use super::jobs::{Jobs, News, is_id};
use super::message::{self, Asked, Refused, Said};
use super::outbox::Outbox;
use super::silence::{Silence, Then};
use super::text;

/// How long the client may take to answer that this is the end.
const PARTING: Duration = Duration::from_secs(2);

/// How much is told of what is wrong with a message, in characters: it may have the client's own words in it.
const MAX_WHY: usize = 200;

/// How many rows that are done already are sent together.
const AT_ONCE: usize = 32;

/// One WebSocket.
pub(super) struct Talk {
    session: Behind,
    stage: watch::Receiver<Stage>,
    jobs: Jobs,
    outbox: Outbox<Message>,
    silence: Silence,
    is_draining: bool,
}

/// What happens next.
enum Turn {
    Heard(Option<Result<Message, axum::Error>>),
    /// Whether that had to wait for the client to take some.
    Sent(Result<bool, axum::Error>),
    News(News),
    Draining,
    Late,
}

/// How it ended.
enum Ended {
    Gone,
    ByClient,
    By(CloseFrame),
}

impl Talk {
    pub(super) fn new(state: State, caller: Caller) -> Self {
        let session = state.live().session.clone();
        Self {
            silence: Silence::since(session.now()),
            session,
            stage: state.stage(),
            jobs: Jobs::new(state, caller),
            outbox: Outbox::new(),
            is_draining: false,
        }
    }

    /// Speaks with the client until either of them, or the gateway, ends it. With it end all its jobs.
    pub(super) async fn hold(mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let ended = self.speak(&mut sink, &mut stream).await;
        drop(self.jobs);
        let session = self.session;
        let part = async {
            match ended {
                Ended::Gone => return,
                // Going on to read answers it.
                Ended::ByClient => {}
                Ended::By(frame) => {
                    if sink.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            while let Some(Ok(_)) = stream.next().await {}
        };
        tokio::select! {
            () = part => {}
            () = session.sleep(PARTING) => {}
        }
    }

    async fn speak(
        &mut self,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
    ) -> Ended {
        let session = self.session.clone();
        let mut alarm = Alarm::new(&session);
        loop {
            let is_free = self.outbox.is_done();
            if self.is_draining && is_free && self.jobs.is_empty() {
                return Ended::By(frame(close_code::AWAY, "the gateway is ending"));
            }
            alarm.set(self.due());
            let turn = tokio::select! {
                message = stream.next(), if !self.outbox.is_full() => Turn::Heard(message),
                sent = poll_fn(|cx| self.outbox.poll(sink, cx)), if !is_free => Turn::Sent(sent),
                news = poll_fn(|cx| self.jobs.poll_news(cx)), if is_free => Turn::News(news),
                () = draining(&mut self.stage), if !self.is_draining => Turn::Draining,
                () = poll_fn(|cx| alarm.poll(cx)) => Turn::Late,
            };
            if let Some(ended) = self.take(turn) {
                return ended;
            }
        }
    }

    fn take(&mut self, turn: Turn) -> Option<Ended> {
        match turn {
            Turn::Heard(None) | Turn::Sent(Err(_)) => return Some(Ended::Gone),
            Turn::Heard(Some(Ok(Message::Close(_)))) => return Some(Ended::ByClient),
            Turn::Heard(Some(Ok(Message::Binary(_)))) => {
                return Some(Ended::By(frame(close_code::UNSUPPORTED, "messages are JSON texts")));
            }
            Turn::Heard(Some(Err(_))) => {
                return Some(Ended::By(frame(close_code::POLICY, "no message, or a longer one than may be")));
            }
            Turn::Heard(Some(Ok(message))) => return self.hear(&message),
            // It has read.
            Turn::Sent(Ok(true)) => self.silence = Silence::since(self.session.now()),
            Turn::Sent(Ok(false)) => {}
            Turn::News(news) => self.tell_with_others(&news),
            Turn::Draining => {
                self.is_draining = true;
                self.jobs.drain();
            }
            Turn::Late => return self.be_late(),
        }
        None
    }

    /// Tells it, and what else is there already: together they go out at once.
    fn tell_with_others(&mut self, news: &News) {
        self.tell(news);
        while self.outbox.len() < AT_ONCE
            && !self.outbox.is_full()
            && let Some(news) = poll_fn(|cx| self.jobs.poll_news(cx)).now_or_never()
        {
            self.tell(&news);
        }
    }

    fn hear(&mut self, message: &Message) -> Option<Ended> {
        let now = self.session.now();
        self.silence = Silence::since(now);
        let Message::Text(text) = message else { return None };
        if !self.jobs.may_ask() {
            return Some(Ended::By(frame(close_code::POLICY, "its key, or its origin, may ask no more")));
        }
        let asked = match serde_json::from_str::<Asked>(text) {
            Ok(asked) => asked,
            Err(error) => {
                let why: String = error.to_string().chars().take(MAX_WHY).collect();
                self.refuse(id_of(text).as_deref(), Refused::new("json", why));
                return None;
            }
        };
        let id = asked.id().to_owned();
        match self.jobs.ask(asked, now) {
            Ok(Some(news)) => self.tell(&news),
            Ok(None) => {}
            Err(refused) => self.refuse(Some(&id), refused),
        }
        None
    }

    /// What no job may be called is not told back.
    fn refuse(&mut self, id: Option<&str>, Refused { code, message }: Refused) {
        self.jobs.failed(code);
        let id = id.filter(|id| is_id(id));
        self.say(&Said::Error { id, code, message });
    }

    fn tell(&mut self, news: &News) {
        match news {
            News::Row { id, row } => self.push(message::row(id, &row.json)),
            News::Progress { id, progress } => self.say(&Said::Progress { id, progress: *progress }),
            News::End { id, reason, progress } => {
                let (rows, failed) = (progress.rows, progress.failed);
                self.say(&Said::End { id, reason: *reason, rows, failed });
            }
        }
    }

    fn say(&mut self, said: &Said<'_>) {
        let mut json = Vec::new();
        write(said, &mut json);
        self.push(json);
    }

    fn push(&mut self, json: Vec<u8>) {
        let size = json.len();
        self.outbox.push(Message::Text(text(json)), size);
    }

    /// When there is something to do though nothing happens.
    fn due(&self) -> Duration {
        let silence = self.silence.due();
        self.jobs.due().map_or(silence, |due| due.min(silence))
    }

    /// Does it.
    fn be_late(&mut self) -> Option<Ended> {
        let now = self.session.now();
        match self.silence.at(now) {
            Then::Ask => self.outbox.push(Message::Ping(bytes::Bytes::new()), 0),
            Then::Part => return Some(Ended::Gone),
            Then::Wait => {}
        }
        let reports: Vec<News> = self.jobs.reports(now).collect();
        reports.iter().for_each(|news| self.tell(news));
        None
    }
}

fn frame(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: reason.into() }
}

async fn draining(stage: &mut watch::Receiver<Stage>) {
    if stage.wait_for(|stage| *stage >= Stage::Draining).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The job that a message is about which is none that is known, where it names one.
fn id_of(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.get("id")?.as_str().map(str::to_owned)
}

/// A timer that is armed again only where it would ring too late.
struct Alarm<'a> {
    session: &'a Behind,
    armed: Duration,
    sleep: Option<BoxFuture<'a, ()>>,
}

impl<'a> Alarm<'a> {
    fn new(session: &'a Behind) -> Self {
        Self { session, armed: Duration::MAX, sleep: None }
    }

    /// Rings at this time at the latest.
    fn set(&mut self, due: Duration) {
        if self.sleep.is_none() || due < self.armed {
            self.armed = due;
            self.sleep = Some(self.session.sleep(due.saturating_sub(self.session.now())));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        let rings = Pin::new(sleep).poll(cx);
        if rings.is_ready() {
            self.sleep = None;
        }
        rings
    }
}
