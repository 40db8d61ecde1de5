//! A name server that answers as the test says (RFC 1035).

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{JoinHandle, JoinSet};

use super::gate::{Gate, within};

/// A name server on a loopback address, the same port for UDP and TCP. Dropping it closes both.
pub struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

/// What is asked of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    A,
    Aaaa,
    Other(u16),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// As it was asked, without the final dot.
    pub name: String,
    pub kind: Kind,
    pub over_tcp: bool,
    /// How often this was asked before: this name, and this kind of it.
    pub before: usize,
    /// How often this very question came before: UDP's questions are sent again when the answer is late, for which a
    /// machine that stands still is enough.
    pub again: usize,
}

#[derive(Clone, Debug)]
pub enum Answer {
    /// These records. A record after an alias is its target's.
    Records(Vec<Record>),
    /// No records, and this code: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    Code(u8),
    /// The answer, once the gate lets it through.
    After(Gate, Box<Self>),
    /// Only that UDP does not hold the answer.
    Truncated,
    /// These bytes after the identifier of the question, whatever they are.
    Bytes(Vec<u8>),
    /// None, ever.
    Silence,
}

#[derive(Clone, Debug)]
pub enum Record {
    Address(IpAddr, u32),
    Alias(String, u32),
}

pub const SERVFAIL: Answer = Answer::Code(2);
pub const NXDOMAIN: Answer = Answer::Code(3);

type Script = dyn Fn(&Question) -> Answer + Send + Sync;

struct Shared {
    script: Box<Script>,
    asked: Mutex<Vec<Question>>,
    counts: Mutex<HashMap<(String, Kind), Vec<Asked>>>,
}

/// The identifier of a question, and how often it came.
type Asked = (u16, usize);

impl Answer {
    /// Those of the addresses that are of the kind that was asked for, with this time to live in seconds.
    pub fn addresses<'a>(
        question: &Question,
        ttl: u32,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let records = addresses.into_iter().map(|text| text.parse::<IpAddr>().expect("an address"));
        let is_asked = |address: &IpAddr| match question.kind {
            Kind::A => address.is_ipv4(),
            Kind::Aaaa => address.is_ipv6(),
            Kind::Other(_) => false,
        };
        Self::Records(records.filter(is_asked).map(|address| Record::Address(address, ttl)).collect())
    }
}

impl DnsServer {
    pub async fn start(script: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Self {
        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().expect("a bound socket's address");
        let shared =
            Arc::new(Shared { script: Box::new(script), asked: Mutex::default(), counts: Mutex::default() });
        let tasks = [
            tokio::spawn(over_udp(udp, Arc::clone(&shared))),
            tokio::spawn(over_tcp(tcp, Arc::clone(&shared))),
        ];
        Self { address, shared, tasks }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every question until now, in their order.
    pub fn asked(&self) -> Vec<Question> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often this was asked; what was only sent again counts once.
    pub fn count(&self, name: &str, kind: Kind) -> usize {
        let counts = self.shared.counts.lock().unwrap();
        counts.get(&(name.to_ascii_lowercase(), kind)).map_or(0, Vec::len)
    }

    /// Waits until this was asked so often.
    pub async fn wait_for(&self, name: &str, kind: Kind, count: usize) {
        let asking = async {
            while self.count(name, kind) < count {
                tokio::task::yield_now().await;
            }
        };
        within(
            &format!("{count} questions for {kind:?} of {name}"),
            || format!("{:?}", self.asked()),
            asking,
        )
        .await;
    }
}

impl fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsServer").field("address", &self.address).field("asked", &self.asked()).finish()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// One port for both: the kernel chooses it for UDP, and it is mostly free for TCP.
async fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bind a UDP port");
        let address = udp.local_addr().expect("a bound socket's address");
        if let Ok(tcp) = TcpListener::bind(address).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

async fn over_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let socket = Arc::new(socket);
    let mut answering = JoinSet::new();
    let mut buffer = [0; 4096];
    loop {
        // An answer to a port that is closed by now comes back as an error: it is the client's matter.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        let Some((message, answer)) = shared.answer(&buffer[..length], false) else { continue };
        let socket = Arc::clone(&socket);
        answering.spawn(async move {
            if let Some(reply) = reply(&message, answer).await {
                let _ = socket.send_to(&reply, client).await;
            }
        });
        while answering.try_join_next().is_some() {}
    }
}

async fn over_tcp(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers leave as they are ready, not in the order of the questions.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let (mut reading, writing) = stream.into_split();
    let writing = Arc::new(tokio::sync::Mutex::new(writing));
    let mut answering = JoinSet::new();
    while let Ok(length) = reading.read_u16().await {
        let mut message = vec![0; length.into()];
        if reading.read_exact(&mut message).await.is_err() {
            return;
        }
        let Some((message, answer)) = shared.answer(&message, true) else { return };
        let writing = Arc::clone(&writing);
        answering.spawn(async move {
            if let Some(reply) = reply(&message, answer).await {
                let framed = [&(reply.len() as u16).to_be_bytes()[..], &reply].concat();
                let _ = writing.lock().await.write_all(&framed).await;
            }
        });
        while answering.try_join_next().is_some() {}
    }
}

impl Shared {
    /// The question's message, to its end, and what to answer; `None` for what is no question.
    fn answer(&self, message: &[u8], over_tcp: bool) -> Option<(Vec<u8>, Answer)> {
        let (name, kind, end) = question(message)?;
        let number = u16::from_be_bytes([message[0], message[1]]);
        let mut counts = self.counts.lock().unwrap();
        let asked = counts.entry((name.to_ascii_lowercase(), kind)).or_default();
        let before = asked.iter().position(|(other, _)| *other == number).unwrap_or_else(|| {
            asked.push((number, 0));
            asked.len() - 1
        });
        let again = asked[before].1;
        asked[before].1 += 1;
        let question = Question { name, kind, over_tcp, before, again };
        drop(counts);
        self.asked.lock().unwrap().push(question.clone());
        Some((message[..end].to_vec(), (self.script)(&question)))
    }
}

/// The name, what is asked of it, and where that ends.
fn question(message: &[u8]) -> Option<(String, Kind, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => labels.push(String::from_utf8_lossy(message.get(at..at + length)?).into_owned()),
            _ => return None,
        }
        at += length;
    }
    let kind = match u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]) {
        1 => Kind::A,
        28 => Kind::Aaaa,
        other => Kind::Other(other),
    };
    message.get(at + 3)?;
    Some((labels.join("."), kind, at + 4))
}

async fn reply(question: &[u8], mut answer: Answer) -> Option<Vec<u8>> {
    while let Answer::After(gate, then) = answer {
        gate.pass().await;
        answer = *then;
    }
    let (truncated, code, records) = match answer {
        Answer::Records(records) => (false, 0, records),
        Answer::Code(code) => (false, code, Vec::new()),
        Answer::Truncated => (true, 0, Vec::new()),
        Answer::Bytes(bytes) => return Some([&question[..2], &bytes].concat()),
        Answer::Silence | Answer::After(..) => return None,
    };
    // A response, with authority, by a server that recurses.
    let flags = 0x8580 | u16::from(truncated) << 9 | u16::from(code);
    let mut out = question[..2].to_vec();
    for field in [flags, 1, records.len() as u16, 0, 0] {
        out.extend(field.to_be_bytes());
    }
    out.extend(&question[12..]);
    // The name of the question, which stands at 12.
    let mut owner = vec![0xc0, 12];
    for record in records {
        let (kind, ttl, data) = match &record {
            Record::Address(IpAddr::V4(address), ttl) => (1_u16, *ttl, address.octets().to_vec()),
            Record::Address(IpAddr::V6(address), ttl) => (28, *ttl, address.octets().to_vec()),
            Record::Alias(target, ttl) => (5, *ttl, encoded(target)),
        };
        out.extend(&owner);
        out.extend(kind.to_be_bytes());
        out.extend(1_u16.to_be_bytes());
        out.extend(ttl.to_be_bytes());
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(&data);
        if let Record::Alias(..) = record {
            owner = data;
        }
    }
    Some(out)
}

fn encoded(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
