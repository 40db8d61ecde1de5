//! A server's side of digest authentication that lets nothing pass: it checks each answer whole, and each count of a nonce
//! once. It knows nothing of the crate under test.

// Each test crate uses a part of it.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

pub(crate) const USER: &str = "Mufasa";
pub(crate) const PASSWORD: &str = "Circle, of \"Life\"";
pub(crate) const REALM: &str = "strict, \\ \"realm\"";

/// What it asks for, and what it has seen.
#[derive(Debug)]
pub(crate) struct Strict {
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) qop: &'static str,
    /// More parameters of a challenge, each with a comma before it.
    pub(crate) more: &'static str,
    /// After how many answers another nonce is wanted: by `nextnonce`, or as stale.
    pub(crate) next_after: Option<usize>,
    pub(crate) stale_after: Option<usize>,
    /// It does not say that a nonce is stale.
    pub(crate) is_silent: bool,
    /// The proof that is sent with a page is a wrong one.
    pub(crate) lies: bool,
    pub(crate) seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    given: u32,
    /// The counts that were taken, by nonce. One that has been ended is not here.
    nonces: BTreeMap<String, BTreeSet<u32>>,
    taken: Vec<(String, u32)>,
    refused: Vec<String>,
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Strict {
    pub(crate) fn new(algorithm: &'static str, qop: &'static str) -> Self {
        let (more, seen) = ("", Mutex::default());
        Self {
            user: USER,
            password: PASSWORD,
            algorithm,
            qop,
            more,
            next_after: None,
            stale_after: None,
            is_silent: false,
            lies: false,
            seen,
        }
    }

    /// The answers it has taken: the nonce, and its count.
    pub(crate) fn taken(&self) -> Vec<(String, u32)> {
        self.seen.lock().expect("no panic").taken.clone()
    }

    /// Why it has refused answers.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").refused.clone()
    }

    /// Takes none of its nonces any more.
    pub(crate) fn forget(&self) {
        self.seen.lock().expect("no panic").nonces.clear();
    }

    pub(crate) fn judge(&self, method: &str, target: &str, answer: Option<&str>, body: &[u8]) -> Verdict {
        let seen = &mut *self.seen.lock().expect("no panic");
        let Some(answer) = answer else { return self.challenge(seen, false) };
        match self.check(seen, method, target, answer, body) {
            Ok(headers) => Verdict { status: 200, headers },
            Err(Refusal::Stale) => self.challenge(seen, !self.is_silent),
            Err(Refusal::Wrong(why)) => {
                seen.refused.push(why);
                self.challenge(seen, false)
            }
        }
    }

    fn challenge(&self, seen: &mut Seen, stale: bool) -> Verdict {
        seen.given += 1;
        let nonce = format!("nonce-{:05}", seen.given);
        seen.nonces.insert(nonce.clone(), BTreeSet::new());
        let qop = if self.qop.is_empty() { String::new() } else { format!(", qop=\"{}\"", self.qop) };
        let (algorithm, more, realm) = (self.algorithm, self.more, quoted(REALM));
        let field = format!(
            "Basic realm={realm}, Digest realm={realm}, nonce=\"{nonce}\"{qop}, algorithm={algorithm}, stale={stale}{more}"
        );
        Verdict { status: 401, headers: vec![("www-authenticate", field)] }
    }

    fn check(
        &self,
        seen: &mut Seen,
        method: &str,
        target: &str,
        answer: &str,
        body: &[u8],
    ) -> Result<Vec<(&'static str, String)>, Refusal> {
        let read = read(answer);
        let get = |name: &str| read.get(name).map(String::as_str).unwrap_or_default();
        let expect = |what: &str, found: &str, expected: &str| match found == expected {
            true => Ok(()),
            false => Err(Refusal::Wrong(format!("{what}: {found:?} is not {expected:?}"))),
        };
        expect("username", get("username"), self.user)?;
        expect("realm", get("realm"), REALM)?;
        expect("algorithm", get("algorithm"), self.algorithm)?;
        expect("uri", get("uri"), target)?;
        let hash = |text: String| hash(self.algorithm, text.as_bytes());
        let (nonce, cnonce, count, qop) = (get("nonce"), get("cnonce"), get("nc"), get("qop"));
        let mut secret = hash(format!("{}:{REALM}:{}", self.user, self.password));
        if self.algorithm.ends_with("-sess") {
            secret = hash(format!("{secret}:{nonce}:{cnonce}"));
        }
        let of_body = match qop {
            "auth-int" => format!(":{}", self::hash(self.algorithm, body)),
            _ => String::new(),
        };
        let between = match self.qop {
            "" => nonce.to_owned(),
            _ => format!("{nonce}:{count}:{cnonce}:{qop}"),
        };
        let response = |message: String| hash(format!("{secret}:{between}:{}", hash(message)));
        expect("response", get("response"), &response(format!("{method}:{target}{of_body}")))?;
        let Some(counts) = seen.nonces.get_mut(nonce) else { return Err(Refusal::Stale) };
        if self.qop.is_empty() {
            return Ok(Vec::new());
        }
        if !self.qop.split(',').any(|offered| offered == qop) || cnonce.len() < 16 || count.len() != 8 {
            return Err(Refusal::Wrong(format!("{answer:?} is not what RFC 7616 says")));
        }
        let count = u32::from_str_radix(count, 16).map_err(|_| Refusal::Wrong(format!("count {count}")))?;
        if self.stale_after.is_some_and(|most| counts.len() >= most) {
            seen.nonces.remove(nonce);
            return Err(Refusal::Stale);
        }
        if count == 0 || !counts.insert(count) {
            return Err(Refusal::Wrong(format!("{nonce}'s count {count} again")));
        }
        let is_last = self.next_after == Some(counts.len());
        seen.taken.push((nonce.to_owned(), count));
        let mut info = match qop {
            "auth" if self.lies => format!("qop=auth, rspauth=\"{}\"", hash("a lie".to_owned())),
            "auth" => format!("qop=auth, rspauth=\"{}\"", response(format!(":{target}"))),
            _ => String::new(),
        };
        if is_last {
            seen.given += 1;
            let next = format!("nonce-{:05}", seen.given);
            info.push_str(&format!(", nextnonce=\"{next}\""));
            seen.nonces.insert(next, BTreeSet::new());
        }
        Ok(vec![("authentication-info", info)])
    }
}

enum Refusal {
    Stale,
    Wrong(String),
}

fn hash(algorithm: &str, bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match algorithm.trim_end_matches("-sess") {
        "MD5" => hex(&Md5::digest(bytes)),
        "SHA-256" => hex(&Sha256::digest(bytes)),
        "SHA-512-256" => hex(&Sha512_256::digest(bytes)),
        other => panic!("{other}"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The parameters of an answer, by name.
fn read(answer: &str) -> BTreeMap<String, String> {
    let mut chars = answer.strip_prefix("Digest ").unwrap_or_default().chars().peekable();
    let mut found = BTreeMap::new();
    while chars.peek().is_some() {
        let name: String = chars.by_ref().take_while(|c| *c != '=').collect();
        let mut value = String::new();
        let mut is_quoted = false;
        while let Some(c) = chars.next() {
            match c {
                '"' => is_quoted = !is_quoted,
                '\\' if is_quoted => value.extend(chars.next()),
                ',' if !is_quoted => break,
                c => value.push(c),
            }
        }
        assert!(found.insert(name.trim().to_owned(), value).is_none(), "{name} twice in {answer}");
    }
    found
}
