//! A server that follows a script, byte by byte.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::events::{Ended, Event, Head, How, Log, Observed, Traffic};
use super::gate::Pace;
use super::h2;
use super::script::{Script, Step};
use super::socket::Socket;

/// A longer head fails the connection.
const HEAD_LIMIT: usize = 4 << 20;
/// What a script keeps of bytes that nobody reads yet; then it stops reading.
const KEPT_LIMIT: usize = 64 << 20;
/// After so many bytes of an endless body the client is broken, and the machine is to be spared.
const ENDLESS_LIMIT: u64 = 2 << 30;

/// A loopback port whose connections follow a [`Script`] each.
///
/// Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct RawServer {
    address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Every connection follows this script.
    pub async fn start(script: Script) -> Self {
        Self::with(Plan::Sequence(vec![script]), None).await
    }

    /// The first connection follows the first script, and so on; the last one serves all further ones.
    pub async fn sequence(scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts: Vec<Script> = scripts.into_iter().collect();
        assert!(!scripts.is_empty(), "a raw server needs a script");
        Self::with(Plan::Sequence(scripts), None).await
    }

    /// As [`sequence`](Self::sequence), but after the last script comes the first again; behind TLS, if there is an
    /// acceptor.
    pub async fn cycle(scripts: Vec<Script>, tls: Option<TlsAcceptor>) -> Self {
        assert!(!scripts.is_empty(), "a raw server needs a script");
        Self::with(Plan::Cycle(scripts), tls).await
    }

    /// Each request chooses its script. Such a script may begin with `read_head`, which then gives the head that
    /// was read already; at its end the connection waits for the next request.
    pub async fn by_head(choose: impl Fn(&Head) -> Script + Send + Sync + 'static) -> Self {
        Self::with(Plan::ByHead(Box::new(choose)), None).await
    }

    async fn with(plan: Plan, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bind a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let log = Arc::new(Log::default());
        let task = tokio::spawn(accept(listener, Arc::new(plan), tls, Arc::clone(&log)));
        Self { address, log, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next event that this method has not given yet, over all connections.
    pub async fn next_event(&self) -> Observed {
        self.log.next().await
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Observed> {
        self.log.all()
    }

    /// The same as text, a line each, for messages of failing tests.
    pub fn story(&self) -> String {
        self.log.to_string()
    }

    /// Waits for the first event, past or to come, for which `pick` gives something.
    pub async fn wait_for<T>(&self, what: &str, pick: impl Fn(&Observed) -> Option<T>) -> T {
        self.log.find(what, pick).await
    }

    /// Waits until that connection has ended, and says how.
    pub async fn ended(&self, connection: usize) -> Ended {
        let what = format!("the end of connection {connection}");
        self.wait_for(&what, |observed| match &observed.event {
            Event::Ended(ended) if observed.connection == connection => Some(ended.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the first request head of that connection.
    pub async fn head(&self, connection: usize) -> Head {
        let what = format!("a request head on connection {connection}");
        self.wait_for(&what, |observed| match &observed.event {
            Event::Head(head) if observed.connection == connection => Some(head.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until some connection comes to the step `mark(label)`, and gives its number.
    pub async fn reached(&self, label: &'static str) -> usize {
        let pick = |observed: &Observed| {
            matches!(observed.event, Event::Reached(mark) if mark == label).then_some(observed.connection)
        };
        self.wait_for(&format!("the mark {label:?}"), pick).await
    }

    /// Waits until that connection is silent.
    pub async fn silent(&self, connection: usize) -> Traffic {
        let what = format!("connection {connection} being silent");
        self.wait_for(&what, |observed| match observed.event {
            Event::Silent(traffic) if observed.connection == connection => Some(traffic),
            _ => None,
        })
        .await
    }

    /// All request heads so far, with their connections.
    pub fn heads(&self) -> Vec<(usize, Head)> {
        let heads = self.events().into_iter().filter_map(|observed| match observed.event {
            Event::Head(head) => Some((observed.connection, head)),
            _ => None,
        });
        heads.collect()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.events().iter().filter(|observed| matches!(observed.event, Event::Accepted)).count()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        // The task owns the listener and, in a JoinSet, every connection.
        self.task.abort();
    }
}

enum Plan {
    ByHead(Box<dyn Fn(&Head) -> Script + Send + Sync>),
    Cycle(Vec<Script>),
    Sequence(Vec<Script>),
}

impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ByHead(_) => "ByHead",
            Self::Cycle(_) => "Cycle",
            Self::Sequence(_) => "Sequence",
        })
    }
}

async fn accept(listener: TcpListener, plan: Arc<Plan>, tls: Option<TlsAcceptor>, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                log.push(number, Event::Accepted);
                connections.spawn(connection(stream, tls.clone(), number, Arc::clone(&plan), Arc::clone(&log)));
                number += 1;
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    number: usize,
    plan: Arc<Plan>,
    log: Arc<Log>,
) {
    match Socket::open(stream, tls).await {
        Ok(socket) => Wire::new(socket, number, log).follow(plan).await,
        Err(error) => {
            let ended = Ended {
                how: How::Failed(format!("in the handshake: {error}")),
                traffic: Traffic::default(),
                since_silence: None,
            };
            log.push(number, Event::Ended(ended));
        }
    }
}

/// One connection.
struct Wire {
    stream: Socket,
    number: usize,
    log: Arc<Log>,
    /// Read, but not yet wanted by a step.
    kept: BytesMut,
    traffic: Traffic,
    silent_at: Option<Traffic>,
    head: Head,
    /// The HTTP/2 stream of the last request.
    asked_on: u32,
    /// The plan has read `head` to choose the script, whose `ReadHead` is to be met by it.
    chosen_by_head: bool,
}

/// A step's outcome; `Err` ends the connection.
type Outcome<T = ()> = Result<T, How>;

impl Wire {
    fn new(stream: Socket, number: usize, log: Arc<Log>) -> Self {
        let (kept, traffic, head, asked_on) = Default::default();
        Self { stream, number, log, kept, traffic, silent_at: None, head, asked_on, chosen_by_head: false }
    }

    async fn follow(mut self, plan: Arc<Plan>) {
        let outcome = match &*plan {
            Plan::Cycle(scripts) => self.run(&scripts[self.number % scripts.len()]).await,
            Plan::Sequence(scripts) => self.run(&scripts[self.number.min(scripts.len() - 1)]).await,
            Plan::ByHead(choose) => self.serve(choose).await,
        };
        let how = outcome.err().unwrap_or(How::ServerClosed);
        let how = self.finish(how).await;
        let since = |start: Traffic| Traffic {
            read: self.traffic.read - start.read,
            written: self.traffic.written - start.written,
        };
        let ended = Ended { how, traffic: self.traffic, since_silence: self.silent_at.map(since) };
        let Self { stream, log, number, .. } = self;
        // First the act, then its record: who sees the event may rely on it.
        drop(stream);
        log.push(number, Event::Ended(ended));
    }

    async fn serve(&mut self, choose: &(dyn Fn(&Head) -> Script + Send + Sync)) -> Outcome {
        loop {
            self.read_head().await?;
            self.chosen_by_head = true;
            let script = choose(&self.head);
            self.run(&script).await?;
            self.chosen_by_head = false;
        }
    }

    /// Prepares the socket for its drop.
    async fn finish(&mut self, how: How) -> How {
        match &how {
            How::ServerClosed | How::ServerCut => {
                if how == How::ServerClosed {
                    self.stream.take_leave().await;
                }
                let mut sink = [0; 16 * 1024];
                while let Ok(count @ 1..) = self.stream.tcp().try_read(&mut sink) {
                    self.traffic.read += count as u64;
                }
                how
            }
            How::ServerReset => match self.stream.tcp().set_zero_linger() {
                Ok(()) => how,
                Err(error) => How::Failed(format!("could not reset: {error}")),
            },
            _ => how,
        }
    }

    fn run<'a>(&'a mut self, script: &'a Script) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            for step in &script.0 {
                self.step(step).await?;
            }
            Ok(())
        })
    }

    async fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Close => Err(How::ServerClosed),
            Step::Cut => Err(How::ServerCut),
            Step::Deaf(gate) => {
                gate.pass().await;
                Ok(())
            }
            Step::DeafFor(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Step::Drip { bytes, chunk, pace } => self.drip(bytes, *chunk, pace).await,
            Step::Endless { chunk, pace } => self.endless(chunk, pace).await,
            Step::ExpectClose => self.expect_close().await,
            Step::HalfClose => {
                self.stream.shutdown().await.map_err(|error| ended_by(&error))?;
                self.expect_close().await
            }
            Step::Mark(label) => {
                self.log.push(self.number, Event::Reached(label));
                Ok(())
            }
            Step::Pause(gate) => self.while_reading(gate.pass()).await,
            Step::ReadBody => self.read_body().await,
            Step::ReadBytes(count) => self.read_bytes(*count).await,
            Step::ReadFrame(kind) => self.read_frame(*kind).await,
            Step::ReadHead if self.chosen_by_head => {
                self.chosen_by_head = false;
                Ok(())
            }
            Step::ReadHead => self.read_head().await,
            Step::ReadPreface => self.read_preface().await,
            Step::Repeat(times, script) => {
                let mut left = *times;
                while left != Some(0) {
                    self.run(script).await?;
                    left = left.map(|left| left - 1);
                }
                Ok(())
            }
            Step::Reset => Err(How::ServerReset),
            Step::Send(bytes) => {
                self.write(bytes).await?;
                self.log.push(self.number, Event::Sent(bytes.len()));
                Ok(())
            }
            Step::SendFrames(frames) => {
                self.write(&h2::on_stream(frames, self.asked_on)).await?;
                self.log.push(self.number, Event::Sent(frames.len()));
                Ok(())
            }
        }
    }

    async fn drip(&mut self, bytes: &Bytes, chunk: usize, pace: &Pace) -> Outcome {
        for (index, piece) in bytes.chunks(chunk.max(1)).enumerate() {
            if index > 0 {
                self.while_reading(pace.wait()).await?;
            }
            self.write(piece).await?;
        }
        self.log.push(self.number, Event::Sent(bytes.len()));
        Ok(())
    }

    async fn endless(&mut self, chunk: &Bytes, pace: &Pace) -> Outcome {
        let start = self.traffic.written;
        while self.traffic.written - start < ENDLESS_LIMIT {
            self.write(chunk).await?;
            self.while_reading(pace.wait()).await?;
        }
        Err(How::Failed(format!("the client took {ENDLESS_LIMIT} bytes of an endless body")))
    }

    async fn expect_close(&mut self) -> Outcome {
        self.silent_at = Some(self.traffic);
        self.log.push(self.number, Event::Silent(self.traffic));
        loop {
            self.kept.clear();
            self.read_more().await?;
        }
    }

    async fn read_head(&mut self) -> Outcome {
        let mut searched = 0;
        let end = loop {
            if let Some(at) = find(&self.kept[searched..], b"\r\n\r\n") {
                break searched + at + 4;
            }
            searched = self.kept.len().saturating_sub(3);
            if self.kept.len() > HEAD_LIMIT {
                return Err(How::Failed(format!("a request head of over {HEAD_LIMIT} bytes")));
            }
            self.read_more().await?;
        };
        self.head = Head::parse(self.kept.split_to(end).freeze());
        self.log.push(self.number, Event::Head(self.head.clone()));
        Ok(())
    }

    async fn read_bytes(&mut self, count: usize) -> Outcome {
        while self.kept.len() < count {
            self.read_more().await?;
        }
        Ok(())
    }

    async fn read_preface(&mut self) -> Outcome {
        self.read_bytes(h2::PREFACE.len()).await?;
        match self.kept.split_to(h2::PREFACE.len()) == h2::PREFACE {
            true => Ok(()),
            false => Err(How::Failed("the client does not speak HTTP/2".to_owned())),
        }
    }

    /// Skips frames of other kinds.
    async fn read_frame(&mut self, kind: u8) -> Outcome {
        loop {
            let frame = loop {
                match h2::take_frame(&mut self.kept) {
                    Some(frame) => break frame,
                    None => self.read_more().await?,
                }
            };
            if frame.kind == h2::HEADERS {
                self.asked_on = frame.stream;
            }
            if frame.kind == kind {
                self.log.push(self.number, Event::Frame(frame));
                return Ok(());
            }
        }
    }

    async fn read_body(&mut self) -> Outcome {
        let chunked = self
            .head
            .all("transfer-encoding")
            .iter()
            .any(|value| value.to_ascii_lowercase().contains("chunked"));
        let length = self.head.header("content-length").and_then(|value| value.parse::<usize>().ok());
        loop {
            let end = if chunked { chunked_end(&self.kept)? } else { Some(length.unwrap_or(0)) };
            if let Some(end) = end.filter(|end| *end <= self.kept.len()) {
                let body = self.kept.split_to(end).freeze();
                self.log.push(self.number, Event::Body(body));
                return Ok(());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Outcome {
        let read = self.stream.read_buf(&mut self.kept).await;
        self.traffic.read += count_read(read)?;
        Ok(())
    }

    /// Reads along until `other` is done, so that the client's end is seen at once.
    async fn while_reading<T>(&mut self, other: impl Future<Output = T>) -> Outcome<T> {
        let mut other = std::pin::pin!(other);
        loop {
            tokio::select! {
                done = other.as_mut() => return Ok(done),
                more = self.read_more(), if self.kept.len() < KEPT_LIMIT => more?,
            }
        }
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Outcome {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let mut flushed = false;
        while !flushed {
            let write = async {
                match bytes {
                    [] => writer.flush().await.map(|()| 0),
                    bytes => writer.write(bytes).await,
                }
            };
            tokio::select! {
                written = write => {
                    let written = written.map_err(|error| ended_by(&error))?;
                    self.traffic.written += written as u64;
                    flushed = bytes.is_empty();
                    bytes = &bytes[written..];
                }
                read = reader.read_buf(&mut self.kept), if self.kept.len() < KEPT_LIMIT => {
                    self.traffic.read += count_read(read)?;
                }
            }
        }
        Ok(())
    }
}

fn count_read(read: io::Result<usize>) -> Outcome<u64> {
    match read {
        Ok(0) => Err(How::PeerClosed),
        Ok(count) => Ok(count as u64),
        Err(error) => Err(ended_by(&error)),
    }
}

fn ended_by(error: &io::Error) -> How {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset => How::PeerReset,
        _ => How::Failed(error.to_string()),
    }
}

/// Where a chunked body ends, trailers included; None as long as it is incomplete.
fn chunked_end(bytes: &[u8]) -> Outcome<Option<usize>> {
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return Ok(None) };
        let size = String::from_utf8_lossy(&bytes[at..at + line]);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .map_err(|_| How::Failed(format!("the client sent a bad chunk size: {size:?}")))?;
        if size == 0 {
            // Either the empty line follows at once, or trailers and then the empty line.
            return Ok(find(&bytes[at + line..], b"\r\n\r\n").map(|end| at + line + end + 4));
        }
        at = at.saturating_add(line + 2).saturating_add(size).saturating_add(2);
        if at > bytes.len() {
            return Ok(None);
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
