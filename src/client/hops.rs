//! The hop loop: one call's way from its first request, over redirects, to the response that is handed out.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::head::Hop;
use crate::options::DEFAULT_MAX_BODY;
use crate::platform::Backend;
use crate::policy::redirect::{self, Next, Redirected};
use crate::request::Request;
use crate::response::Response;

use super::attempt::{Answer, Run};
use super::{Shared, guarded};

/// How many redirects are followed when `max_redirects` is not set.
const MAX_REDIRECTS: u32 = 10;

pub(super) async fn send<B: Backend>(shared: &Arc<Shared<B>>, request: Request) -> Result<Response> {
    let mut request = request;
    prepare(shared, &mut request).map_err(|error| error.with_url(&request.url))?;
    let started = shared.backend.now();
    let mut run = Run::start(shared, &request, started);
    let mut history = Vec::new();
    loop {
        let answer = match run.answer(&request).await {
            Ok(answer) => answer,
            Err(error) => return Err(failed(error, &request, run.attempts(), history)),
        };
        let elapsed = shared.backend.now().saturating_sub(started);
        let next = match decide(shared, &request, &answer, history.len()) {
            Ok(next) => next,
            Err(error) => {
                history.push(Hop::new(request.url.clone(), answer.head, elapsed));
                return Err(failed(error, &request, run.attempts(), history));
            }
        };
        let Next::Follow(next) = next else { return finish(run, request, answer, history, elapsed).await };
        let Answer { head, body } = answer;
        guarded::finish_if_ready(body).await;
        if next.cross_origin {
            run.give_permit_back();
        }
        history.push(Hop::new(request.url.clone(), head, elapsed));
        redirected(&mut request, next);
    }
}

/// Fills in the session's options and checks everything before anything waits or is sent.
fn prepare<B: Backend>(shared: &Shared<B>, request: &mut Request) -> Result<()> {
    request.options.allowed_on(shared.backend.capabilities())?;
    request.options = request.options.over(&shared.config.options);
    request.options.validate()?;
    if !matches!(request.url.scheme(), "http" | "https") {
        return Err(
            Error::new(ErrorKind::UnsupportedScheme).with_message(format!("{:?}", request.url.scheme()))
        );
    }
    take_userinfo(request)
}

fn decide<B: Backend>(
    shared: &Shared<B>,
    request: &Request,
    answer: &Answer<B>,
    followed: usize,
) -> Result<Next> {
    if !shared.backend.capabilities().redirects || request.options.follow_redirects == Some(false) {
        return Ok(Next::Stop);
    }
    let next = redirect::next(&request.url, &request.method, answer.head.status, &answer.head.headers)?;
    let limit = request.options.max_redirects.unwrap_or(MAX_REDIRECTS);
    match next {
        Next::Follow(_) if followed >= limit as usize => Err(ErrorKind::TooManyRedirects { limit }.into()),
        next => Ok(next),
    }
}

/// Turns the request into the next hop's.
fn redirected(request: &mut Request, next: Redirected) {
    redirect::strip_headers(&mut request.headers, &next);
    if !next.keep_body {
        request.body = Body::empty();
    }
    (request.method, request.url) = (next.method, next.url);
    // Userinfo in a Location is the server's, not the caller's: it is dropped.
    if let Ok(url) = request.url.without_userinfo() {
        request.url = url;
    }
}

async fn finish<B: Backend>(
    run: Run<'_, B>,
    request: Request,
    answer: Answer<B>,
    history: Vec<Hop>,
    elapsed: Duration,
) -> Result<Response> {
    let status = answer.head.status;
    let attempts = run.attempts();
    if request.options.raise_for_status == Some(true) && status.as_u16() >= 400 {
        guarded::finish_if_ready(answer.body).await;
        return Err(failed(ErrorKind::Status(status).into(), &request, attempts, history));
    }
    let Answer { head, body } = answer;
    let max_body = request.options.max_body;
    let body = match run.guard(&head, body, max_body.flatten()).await {
        Ok(body) => body,
        Err(error) => return Err(failed(error, &request, attempts, history)),
    };
    Ok(Response::new(head, request.url, body)
        .with_way(history, attempts, elapsed)
        .with_max_body(max_body.unwrap_or(Some(DEFAULT_MAX_BODY))))
}

fn failed(error: Error, request: &Request, attempts: u32, history: Vec<Hop>) -> Error {
    error.with_url(&request.url).with_attempts(attempts).with_history(history)
}

/// User name and password in the URL become basic authentication (RFC 7617), unless the request brings its own.
fn take_userinfo(request: &mut Request) -> Result<()> {
    let Some((user, password)) = request.url.userinfo() else { return Ok(()) };
    if !request.headers.contains_key(AUTHORIZATION) {
        let mut plain = percent_decoded(user);
        plain.push(b':');
        plain.extend(percent_decoded(password.unwrap_or_default()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|error| {
            Error::new(ErrorKind::InvalidHeader).with_message("authorization").with_source(error)
        })?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
    }
    request.url = request.url.without_userinfo()?;
    Ok(())
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let hex =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}
