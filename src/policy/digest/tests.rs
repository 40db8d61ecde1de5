//! Known answers, challenges as servers write them, and what holds for any of them.

mod challenges;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod vectors;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use crate::url::Url;

use super::{Asked, Digest, Login, Ticket};

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: password.to_owned() }
}

fn challenged(fields: &[&str]) -> HeaderMap {
    let value = |field: &&str| HeaderValue::from_bytes(field.as_bytes()).expect("a value");
    fields.iter().map(|field| (WWW_AUTHENTICATE, value(field))).collect()
}

/// A request that has been sent without an answer, and can be sent again.
fn asked(url: &Url) -> Asked<'_> {
    Asked { url, has_bytes: true, is_repeatable: true, since: 0, answers: 0 }
}

fn take_up(digest: &mut Digest, at: &Url, fields: &[&str], cnonce: &str) -> Option<Ticket> {
    digest.challenged(asked(at), None, &challenged(fields), || cnonce.to_owned())
}

fn field(ticket: &Ticket, method: &str, at: &Url, body: Option<&str>) -> String {
    String::from_utf8(ticket.answer(method, at, body).field).expect("text")
}
