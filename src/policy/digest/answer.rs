//! The answer to a challenge (RFC 7616, section 3.4), and what a server that knows the password says of it (section 3.5).

use std::fmt;

use crate::fields::value_chars;

use super::challenge::Challenge;
use super::hash::Algorithm;

/// Who is asking.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Neither is for logs.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(***)")
    }
}

/// A challenge that has been taken up, under a nonce that may be its own or a later one.
pub(crate) struct Known {
    pub(super) challenge: Challenge,
    nonce: Vec<u8>,
    cnonce: String,
    /// What stands for user and password, in the place of both.
    secret: String,
    /// The user as the field has it: a parameter, or two.
    user: Vec<u8>,
    /// One that came later has a greater one.
    pub(super) serial: u64,
}

/// The quality of protection of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// RFC 2069's form.
    None,
    Auth,
    AuthInt,
}

/// What is answered for: one message, and how often its nonce has been used, with this time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// The body's digest, where its integrity is protected.
    pub(crate) body: Option<&'a str>,
    pub(crate) count: u32,
}

/// The field's value, and the proof that a server which knows the password can give in turn.
pub(crate) struct Answer {
    pub(crate) field: Vec<u8>,
    /// None where it would be over the response's body.
    pub(crate) proof: Option<String>,
}

impl Known {
    pub(super) fn new(login: &Login, challenge: Challenge, cnonce: String, serial: u64) -> Self {
        let hash = challenge.algorithm;
        let (user, password) = (login.user.as_bytes(), login.password.as_bytes());
        let mut secret = hash.of_pieces(&[user, &challenge.realm, password]);
        if challenge.is_session {
            secret = hash.of_pieces(&[secret.as_bytes(), &challenge.nonce, cnonce.as_bytes()]);
        }
        let user = user_parameter(login, &challenge);
        Self { nonce: challenge.nonce.clone(), challenge, cnonce, secret, user, serial }
    }

    /// The same under the nonce that the server wants next. The secret of a session stays that of its first nonce.
    pub(super) fn under(&self, nonce: &[u8], serial: u64) -> Self {
        Self {
            challenge: self.challenge.clone(),
            nonce: nonce.to_vec(),
            cnonce: self.cnonce.clone(),
            secret: self.secret.clone(),
            user: self.user.clone(),
            serial,
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.challenge.algorithm
    }

    pub(super) fn is_of(&self, realm: &[u8]) -> bool {
        self.challenge.realm == realm
    }

    /// Whether another challenge asks for the same, but for its nonce.
    pub(super) fn suits(&self, other: &Challenge) -> bool {
        let own = &self.challenge;
        (&own.realm, own.algorithm, own.is_session, own.quality)
            == (&other.realm, other.algorithm, other.is_session, other.quality)
    }

    pub(crate) fn answer(&self, chosen: Chosen, message: Message<'_>) -> Answer {
        let hash = self.challenge.algorithm;
        let (method, target) = (message.method.as_bytes(), message.target.as_bytes());
        let count = format!("{:08x}", message.count);
        let digest = |of_message: String| match chosen {
            Chosen::None => hash.of_pieces(&[self.secret.as_bytes(), &self.nonce, of_message.as_bytes()]),
            Chosen::Auth | Chosen::AuthInt => hash.of_pieces(&[
                self.secret.as_bytes(),
                &self.nonce,
                count.as_bytes(),
                self.cnonce.as_bytes(),
                chosen.name().as_bytes(),
                of_message.as_bytes(),
            ]),
        };
        let of_message = match chosen {
            Chosen::AuthInt => hash.of_pieces(&[method, target, message.body.unwrap_or_default().as_bytes()]),
            Chosen::None | Chosen::Auth => hash.of_pieces(&[method, target]),
        };
        let proof = (chosen == Chosen::Auth).then(|| digest(hash.of_pieces(&[b"", target])));
        let field = self.field(chosen, target, &count, &digest(of_message));
        Answer { field, proof }
    }

    fn field(&self, chosen: Chosen, target: &[u8], count: &str, response: &str) -> Vec<u8> {
        let Challenge { realm, opaque, algorithm_name, userhash, .. } = &self.challenge;
        let mut field = Field(b"Digest ".to_vec());
        field.0.extend_from_slice(&self.user);
        field.quoted("realm", realm);
        field.quoted("nonce", &self.nonce);
        field.quoted("uri", target);
        // A name that is no token would end the field before its time; it was known, so it is one.
        if let Some(name) = algorithm_name {
            field.bare("algorithm", name);
        }
        field.quoted("response", response.as_bytes());
        if let Some(opaque) = opaque {
            field.quoted("opaque", opaque);
        }
        if chosen != Chosen::None {
            field.bare("qop", chosen.name().as_bytes());
            field.bare("nc", count.as_bytes());
            field.quoted("cnonce", self.cnonce.as_bytes());
        }
        if *userhash {
            field.bare("userhash", b"true");
        }
        field.0
    }
}

impl Chosen {
    fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// What is hidden is hashed. A name of other letters than ASCII's is written as RFC 8187 says to a server that has told
/// of an encoding, and so knows RFC 7616; to others in UTF-8, as all clients do.
fn user_parameter(login: &Login, challenge: &Challenge) -> Vec<u8> {
    let user = login.user.as_bytes();
    if challenge.userhash {
        let hidden = challenge.algorithm.of_pieces(&[user, &challenge.realm]);
        return format!("username=\"{hidden}\"").into_bytes();
    }
    if challenge.is_utf_8 && !login.user.is_ascii() {
        return format!("username*=UTF-8''{}", value_chars(user)).into_bytes();
    }
    let mut parameter = b"username=".to_vec();
    quote(&mut parameter, user);
    parameter
}

/// Parameters after the first.
struct Field(Vec<u8>);

impl Field {
    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.0.extend_from_slice(format!(", {name}=").as_bytes());
        quote(&mut self.0, value);
    }

    fn bare(&mut self, name: &str, value: &[u8]) {
        self.0.extend_from_slice(format!(", {name}=").as_bytes());
        self.0.extend_from_slice(value);
    }
}

fn quote(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}
