//! Challenges as servers write them in `WWW-Authenticate` (RFC 9110, section 11.6.1), and what those of the scheme
//! Digest ask for (RFC 7616, section 3.3).

use crate::fields::is_in_tokens;

use super::hash::Algorithm;

/// What is read of one answer's fields, however much a stranger sends.
const MOST_BYTES: usize = 64 * 1024;
const MOST_CHALLENGES: usize = 32;
const MOST_PARAMETERS: usize = 64;
/// Each request carries realm, nonce and opaque back.
pub(super) const MOST_CARRIED: usize = 4096;
const MOST_PLACES: usize = 64;

/// A challenge of the scheme Digest that can be answered. Texts are bytes: nobody says in which encoding they are, and
/// they are hashed as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) realm: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) opaque: Option<Vec<u8>>,
    pub(crate) algorithm: Algorithm,
    /// As it is spelled; nobody has said it where it is MD5 by default.
    pub(crate) algorithm_name: Option<Vec<u8>>,
    /// The session's variant: nonces are hashed into the secret.
    pub(crate) is_session: bool,
    pub(crate) quality: Quality,
    pub(crate) stale: bool,
    pub(crate) userhash: bool,
    pub(crate) is_utf_8: bool,
    pub(crate) domain: Vec<String>,
}

/// How well a challenge's answer is made, the better one greater: by its function, then by whether client and count are in
/// it, which RFC 2069's form leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Strength(Algorithm, bool);

/// What a challenge must have to be answered, as one that has been answered with success had it: SHA-2 in place of MD5,
/// and a quality of protection.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    sha_2: bool,
    quality: bool,
}

impl Floor {
    pub(crate) fn rise_to(&mut self, challenge: &Challenge) {
        self.sha_2 |= challenge.algorithm != Algorithm::Md5;
        self.quality |= !challenge.quality.is_none();
    }

    pub(crate) fn admits(&self, challenge: &Challenge) -> bool {
        (!self.sha_2 || challenge.algorithm != Algorithm::Md5)
            && (!self.quality || !challenge.quality.is_none())
    }
}

/// Which qualities of protection are offered; with neither it is RFC 2069's form, which has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quality {
    pub(crate) auth: bool,
    pub(crate) auth_int: bool,
}

impl Challenge {
    /// Those that can be answered, of the fields of one answer, in their order.
    pub(crate) fn all<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Vec<Self> {
        schemes(fields).iter().filter(|scheme| scheme.is("digest")).filter_map(Self::of).collect()
    }

    pub(crate) fn strength(&self) -> Strength {
        Strength(self.algorithm, !self.quality.is_none())
    }

    fn of(scheme: &Scheme) -> Option<Self> {
        let carried = |name| scheme.get(name).filter(|value| value.len() <= MOST_CARRIED);
        let is_true = |name| scheme.get(name).is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
        let algorithm_name = scheme.get("algorithm");
        let (algorithm, is_session) = Algorithm::of(algorithm_name.unwrap_or(b"MD5"))?;
        let quality = Quality::of(scheme.get("qop"))?;
        // Without a quality there is no cnonce, and without that no session.
        if is_session && quality.is_none() {
            return None;
        }
        let opaque = match scheme.get("opaque") {
            Some(opaque) if opaque.len() > MOST_CARRIED => return None,
            opaque => opaque.map(<[u8]>::to_vec),
        };
        Some(Self {
            realm: carried("realm")?.to_vec(),
            nonce: carried("nonce")?.to_vec(),
            opaque,
            algorithm,
            algorithm_name: algorithm_name.map(<[u8]>::to_vec),
            is_session,
            quality,
            stale: is_true("stale"),
            userhash: is_true("userhash"),
            is_utf_8: scheme.get("charset").is_some_and(|charset| charset.eq_ignore_ascii_case(b"utf-8")),
            domain: places(scheme.get("domain").unwrap_or_default()),
        })
    }
}

impl Quality {
    /// Of the parameter; `None` where there are some and all are unknown.
    fn of(offered: Option<&[u8]>) -> Option<Self> {
        let Some(offered) = offered else { return Some(Self { auth: false, auth_int: false }) };
        let offers = |name: &[u8]| {
            let mut words = offered.split(|byte| matches!(byte, b',' | b' ' | b'\t'));
            words.any(|word| word.eq_ignore_ascii_case(name))
        };
        let quality = Self { auth: offers(b"auth"), auth_int: offers(b"auth-int") };
        (!quality.is_none() || offered.trim_ascii().is_empty()).then_some(quality)
    }

    pub(crate) fn is_none(self) -> bool {
        !self.auth && !self.auth_int
    }
}

fn places(domain: &[u8]) -> Vec<String> {
    let places = domain.split(u8::is_ascii_whitespace).filter(|place| !place.is_empty());
    places.filter_map(|place| String::from_utf8(place.to_vec()).ok()).take(MOST_PLACES).collect()
}

/// The parameters of `Authentication-Info` (RFC 7615).
pub(crate) fn parameters<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Parameters {
    let mut found = Parameters::default();
    for field in fields {
        let mut rest = &field[..field.len().min(MOST_BYTES)];
        while let Some(piece) = next(&mut rest) {
            if let Piece::Parameter(name, value) = piece {
                found.add(name, value);
            }
        }
    }
    found
}

/// Names in lower case, and their values without quotes and escapes.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, Vec<u8>)>);

impl Parameters {
    /// The first of this name: there may be one alone.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    fn add(&mut self, name: &[u8], value: Vec<u8>) {
        if self.0.len() < MOST_PARAMETERS {
            self.0.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value));
        }
    }
}

/// One challenge of any scheme.
#[derive(Debug)]
struct Scheme {
    name: Vec<u8>,
    parameters: Parameters,
}

impl Scheme {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.parameters.get(name)
    }
}

/// All challenges of an answer: several may share a field, with the same commas between them as within them.
fn schemes<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Vec<Scheme> {
    let mut found = Vec::<Scheme>::new();
    let mut left = MOST_BYTES;
    for field in fields {
        let mut rest = &field[..field.len().min(left)];
        left -= rest.len();
        // A challenge does not go on in the next field.
        let first = found.len();
        while let Some(piece) = next(&mut rest) {
            match piece {
                Piece::Scheme(_) if found.len() == MOST_CHALLENGES => return found,
                Piece::Scheme(name) => {
                    found.push(Scheme { name: name.to_vec(), parameters: Parameters::default() });
                }
                Piece::Parameter(name, value) => {
                    if let Some(scheme) = found[first..].last_mut() {
                        scheme.parameters.add(name, value);
                    }
                }
            }
        }
    }
    found
}

enum Piece<'a> {
    Scheme(&'a [u8]),
    Parameter(&'a [u8], Vec<u8>),
}

/// The next piece of a field; what is neither is passed over, up to the next comma.
fn next<'a>(rest: &mut &'a [u8]) -> Option<Piece<'a>> {
    loop {
        skip(rest, |byte| matches!(byte, b',' | b' ' | b'\t'));
        if rest.is_empty() {
            return None;
        }
        let name = take(rest, is_in_tokens);
        let is_apart = rest.first().is_none_or(|byte| matches!(byte, b',' | b' ' | b'\t'));
        let mut after = *rest;
        skip(&mut after, is_blank);
        match after.first() {
            Some(b'=') if !name.is_empty() => {
                *rest = &after[1..];
                skip(rest, is_blank);
                let value = value(rest);
                return Some(Piece::Parameter(name, value));
            }
            _ if !name.is_empty() && is_apart => {
                *rest = after;
                skip_token68(rest);
                return Some(Piece::Scheme(name));
            }
            _ => skip_junk(rest),
        }
    }
}

/// A parameter's value, and what stands between it and the next comma, which is junk.
fn value(rest: &mut &[u8]) -> Vec<u8> {
    let value = match rest.split_first() {
        Some((b'"', quoted)) => {
            *rest = quoted;
            quoted_string(rest)
        }
        _ => take(rest, |byte| byte != b',').trim_ascii_end().to_vec(),
    };
    skip_junk(rest);
    value
}

/// What follows an opening quote; one that is not closed goes on to the end.
fn quoted_string(rest: &mut &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        *rest = after;
        match byte {
            b'"' => break,
            b'\\' => {
                if let Some((&escaped, after)) = rest.split_first() {
                    value.push(escaped);
                    *rest = after;
                }
            }
            byte => value.push(byte),
        }
    }
    value
}

/// What other schemes have in place of parameters, such as `Negotiate YII=`: it has an end in sight.
fn skip_token68(rest: &mut &[u8]) {
    let mut after = *rest;
    let text = take(&mut after, |byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    take(&mut after, |byte| byte == b'=');
    skip(&mut after, is_blank);
    if !text.is_empty() && after.first().is_none_or(|byte| *byte == b',') {
        *rest = after;
    }
}

fn skip_junk(rest: &mut &[u8]) {
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b',' => return,
            b'"' => {
                *rest = after;
                quoted_string(rest);
            }
            _ => *rest = after,
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], is_wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = rest.iter().position(|byte| !is_wanted(*byte)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn skip(rest: &mut &[u8], is_skipped: impl Fn(u8) -> bool) {
    take(rest, is_skipped);
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
