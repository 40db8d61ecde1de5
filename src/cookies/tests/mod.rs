//! One behaviour a test, most of them as tables. `parser`: what a field says; `dates`; `jar`: what is kept and sent;
//! `limits`: what goes when there are too many; `files`: saved and loaded. `properties`: what holds for any field.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod dates;
mod files;
mod jar;
mod limits;
mod parser;
/// proptest is for native targets.
#[cfg(not(target_arch = "wasm32"))]
mod properties;

use std::time::Duration;

use http::HeaderValue;

use super::{Cookie, CookieJar, CookieStore};
use crate::url::Url;

/// Thu, 01 Jan 2026 00:00:00 GMT.
const NOW: Duration = Duration::from_secs(1_767_225_600);

fn after(seconds: u64) -> Duration {
    NOW + Duration::from_secs(seconds)
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// A server at this URL sends these fields.
fn set(jar: &CookieJar, from: &str, fields: &[&str]) {
    let fields: Vec<_> =
        fields.iter().map(|field| HeaderValue::from_bytes(field.as_bytes()).expect("a field")).collect();
    jar.store_cookies(&url(from), &mut fields.iter(), NOW);
}

/// The `Cookie` field of a request for this URL; empty for none.
fn sent_at(jar: &CookieJar, to: &str, now: Duration) -> String {
    let value = CookieStore::cookie_header(jar, &url(to), now);
    assert!(value.as_ref().is_none_or(HeaderValue::is_sensitive));
    String::from_utf8(value.map(|value| value.as_bytes().to_vec()).unwrap_or_default()).expect("UTF-8")
}

fn sent(jar: &CookieJar, to: &str) -> String {
    sent_at(jar, to, NOW)
}

/// A jar with what a server at this URL sent.
fn jar_of(from: &str, fields: &[&str]) -> CookieJar {
    let jar = CookieJar::new();
    set(&jar, from, fields);
    jar
}

fn names(cookies: &[Cookie]) -> Vec<&str> {
    cookies.iter().map(Cookie::name).collect()
}

#[test]
fn values_are_not_in_debug() {
    let jar = jar_of("https://a.example/", &["id=hunter2"]);
    let field = super::SetCookie::parse("id=hunter2");
    let shown = format!("{jar:?} {:?} {field:?}", jar.cookies());
    assert!(shown.contains("id") && !shown.contains("hunter2"), "{shown}");
}
