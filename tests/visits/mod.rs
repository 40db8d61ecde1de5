//! One visit to one faulty server of the matrix (tests/support/matrix), by whichever client: natively, in a page, in
//! Node. The servers run in another process, which tells by a line of text where they are and what is to be expected.

use std::str::FromStr;
use std::time::Duration;

use dualfetch::{HttpVersion, Method, Session, Timeout};

use crate::contract::outcome;

/// How long a bounded phase may take. Each such server leaves that phase without an end, so short is enough.
const SHORT: Duration = Duration::from_millis(250);
/// Where nothing is bounded, nothing may take this long.
const LONG: Duration = Duration::from_secs(10);
/// What an upload sends: more than the kernel and HTTP/2's first window take.
const UPLOAD: usize = 8 << 20;

/// What a client does there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// Asks, waits until the connection has ended, and asks again.
    AfterIdle,
    /// Asks twice, the second time over the connection of the first.
    Again,
    /// Asks and reads the whole body.
    Get,
    /// Sends a long body.
    Upload,
}

/// The phase that is bounded, of the last request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bound {
    Connect,
    Headers,
    None,
    Read,
    Total,
}

/// One server, and what is to be expected of it: an [`outcome`], or several with `/` between them where the network
/// decides.
#[derive(Clone, Debug)]
pub struct Visit {
    pub name: String,
    pub url: String,
    pub act: Act,
    pub bound: Bound,
    /// HTTP/2 is spoken from the first byte, in plain.
    pub prior_knowledge: bool,
    pub expected: String,
}

impl Visit {
    pub fn is_expected(&self, outcome: &str) -> bool {
        self.expected.split('/').any(|one| one == outcome)
    }

    /// What it comes to over this session. `settle` is awaited for an idle connection's end.
    pub async fn outcome<S: Session>(&self, session: &S, settle: impl AsyncFn()) -> String {
        if matches!(self.act, Act::AfterIdle | Act::Again) {
            let seen = self.once(session, Bound::None).await;
            if seen != "ok" {
                return format!("{seen} the first time");
            }
        }
        if self.act == Act::AfterIdle {
            settle().await;
        }
        self.once(session, self.bound).await
    }

    async fn once<S: Session>(&self, session: &S, bound: Bound) -> String {
        let mut request = match self.act {
            Act::Upload => session.request(Method::POST, &self.url[..]).body(vec![b'u'; UPLOAD]),
            Act::AfterIdle | Act::Again | Act::Get => session.get(&self.url[..]),
        };
        request = request.timeout(match bound {
            Bound::Connect => Timeout::new().total(LONG).connect(SHORT),
            Bound::Headers => Timeout::new().total(LONG).headers(SHORT),
            Bound::None => Timeout::new().total(LONG),
            Bound::Read => Timeout::new().total(LONG).read(SHORT),
            Bound::Total => Timeout::new().total(SHORT),
        });
        if self.prior_knowledge {
            request = request.http_version(HttpVersion::Http2);
        }
        outcome(&async { request.await?.bytes().await }.await)
    }
}

/// As `in_a_line` of tests/native/matrix.rs writes it.
impl FromStr for Visit {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split('|').collect();
        let [name, url, act, bound, prior_knowledge, expected] = fields[..] else {
            return Err(line.to_owned());
        };
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            act: match act {
                "AfterIdle" => Act::AfterIdle,
                "Again" => Act::Again,
                "Get" => Act::Get,
                "Upload" => Act::Upload,
                other => return Err(other.to_owned()),
            },
            bound: match bound {
                "Connect" => Bound::Connect,
                "Headers" => Bound::Headers,
                "None" => Bound::None,
                "Read" => Bound::Read,
                "Total" => Bound::Total,
                other => return Err(other.to_owned()),
            },
            prior_knowledge: prior_knowledge == "true",
            expected: expected.to_owned(),
        })
    }
}

/// All visits of a text that has one on each line.
pub fn all(text: &str) -> Vec<Visit> {
    text.split(';').map(|line| line.parse().expect("a visit")).collect()
}
