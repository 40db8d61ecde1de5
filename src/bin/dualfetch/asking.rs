//! A session that asks every URL the same question, and knows what to do with bare hosts.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dualfetch::maybe::{BoxFuture, MaybeSend};
use dualfetch::{
    Body, Error, ErrorKind, HeaderMap, Limits, Method, Request, RequestBuilder, Response, Result, Session,
    Url,
};
use http::Extensions;

use crate::digests::Digests;
use crate::meter::Meter;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) digest: Option<Digests>,
    pub(crate) body: Body,
}

impl Question {
    /// The request that asks it of this URL.
    pub(crate) fn of(&self, url: Url) -> Result<Request> {
        self.by(Request::builder(self.method.clone(), url.clone()), &url)?.build()
    }

    /// The same by this builder, which has the method and this URL.
    pub(crate) fn by<S>(&self, mut builder: RequestBuilder<S>, url: &Url) -> Result<RequestBuilder<S>> {
        if let Some(digests) = &self.digest {
            builder = builder.digest_auth_by(digests.of(url)?);
        }
        if !self.body.is_none() {
            builder = builder.body(self.body.clone());
        }
        for (name, value) in &self.headers {
            builder = builder.append_header(name, value);
        }
        for (name, value) in &self.cookies {
            builder = builder.cookie(name, value);
        }
        Ok(builder)
    }
}

/// The session.
#[derive(Debug)]
pub(crate) struct Asking<S> {
    session: S,
    question: Question,
    trace: Option<fn(&Request)>,
    meter: Option<Meter>,
    tries_once: Arc<AtomicBool>,
}

impl<S: Session> Asking<S> {
    pub(crate) fn new(session: S, question: Question) -> Self {
        Self { session, question, trace: None, meter: None, tries_once: Arc::default() }
    }

    /// The session that is asked.
    pub(crate) fn inner(&self) -> &S {
        &self.session
    }

    /// Once it is set no request is sent again by the session: it is somebody else who tries again.
    pub(crate) fn tries_once(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.tries_once)
    }

    /// Calls this with each request before it is sent.
    pub(crate) fn with_trace(self, trace: fn(&Request)) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Tells this how far the sending of a body has come.
    pub(crate) fn with_meter(self, meter: Meter) -> Self {
        Self { meter: Some(meter), ..self }
    }

    async fn ask(&self, url: &str, own: &HeaderMap, extensions: &Extensions) -> Result<Response> {
        let mut request = self.question.of(Url::parse(url)?)?;
        for name in own.keys() {
            request.headers_mut().remove(name);
        }
        for (name, value) in own {
            request.headers_mut().append(name, value.clone());
        }
        if !extensions.is_empty() {
            request.extensions_mut().extend(extensions.clone());
        }
        if let Some(meter) = self.meter.clone() {
            request = request.into_builder().on_upload(move |progress| meter.sent(progress)).build()?;
        }
        if self.tries_once.load(Ordering::Relaxed) {
            request = request.into_builder().retry(None).build()?;
        }
        if let Some(trace) = self.trace {
            trace(&request);
        }
        self.session.send(request).await
    }
}

impl<S: Session> Session for Asking<S> {
    /// Of the request it takes the URL, header fields beside its own, and extensions. A bare host's is asked over https and, where nobody takes the connection, over
    /// http. What fails in any other way, such as a certificate, fails.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response>> + MaybeSend {
        let (url, own) = (request.url().as_str().to_owned(), request.headers().clone());
        let extensions = request.extensions().clone();
        async move {
            let ask = |url: String| {
                let (own, extensions) = (&own, &extensions);
                async move { self.ask(&url, own, extensions).await }
            };
            first_taken(&url, ask).await
        }
    }

    fn limits(&self) -> Limits {
        self.session.limits()
    }

    fn now(&self) -> Duration {
        self.session.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.session.sleep(duration)
    }
}

/// Asks this URL; a [`bare`] host's over https and, where nobody takes the connection, over http. Where nobody takes that
/// either, the first failure tells more.
pub(crate) async fn first_taken<T, F>(url: &str, ask: impl Fn(String) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let Some(secure) = url.strip_suffix(BARE) else { return ask(url.to_owned()).await };
    let secure = secure.strip_suffix('#').unwrap_or(secure);
    let refused = match ask(secure.to_owned()).await {
        Err(error) if is_refused(&error) => error,
        other => return other,
    };
    match ask(secure.replacen("https:", "http:", 1)).await {
        Err(error) if is_refused(&error) => Err(refused),
        other => other,
    }
}

/// Nobody takes the connection, at the host itself and not at one that it redirects to.
fn is_refused(error: &Error) -> bool {
    *error.kind() == ErrorKind::Connect && error.history().is_empty()
}

/// Ends the fragment of a URL that was given as a bare host. Nobody sees it: it is taken off before the URL is asked.
const BARE: &str = "%01bare%02";

/// For a host without a scheme, such as `example.com/path`, the URL that the session knows as a bare host's.
pub(crate) fn bare(text: &str) -> Option<String> {
    if text.contains("://") || text.contains(char::is_whitespace) {
        return None;
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    let authority = &text[..text.find(['/', '?', '#']).unwrap_or(text.len())];
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    // `mailto:a@b.example` has a scheme, and `me:secret@host` is not guessed at.
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_host = host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !host.contains('@')
        && (host.contains('.') || host.starts_with('[') || host == "localhost" || port.is_some());
    if !is_port || !is_host {
        return None;
    }
    let fragment = if text.contains('#') { "" } else { "#" };
    let url = format!("https://{text}{fragment}{BARE}");
    Url::parse(&url).is_ok().then_some(url)
}

#[cfg(test)]
mod tests {
    use dualfetch::platform::scripted::{Reply, Scripted};
    use dualfetch::{Client, Config, SessionExt};

    use super::*;

    #[test]
    fn a_bare_host_is_told_from_other_text() {
        for host in [
            "example.com",
            "//example.com/a",
            "localhost",
            "localhost:8080/x",
            "[::1]",
            "[::1]:80",
            "bücher.example?q",
            "db:5432",
        ] {
            assert!(bare(host).is_some(), "{host}");
        }
        for other in [
            "",
            "word",
            "two words.example",
            "mailto:a@b.example",
            "me@b.example",
            "https://a.example",
            "javascript:1.5",
            "/path.html",
            "#a.b",
            "a.b:",
            ":80",
            "a.b:8x",
        ] {
            assert_eq!(bare(other), None, "{other}");
        }
    }

    fn platform() -> (Asking<Client<Scripted>>, Scripted) {
        let platform = Scripted::new(1);
        platform.on("https://both.example/", Reply::html("<title>secure</title>"));
        let refused =
            ["https://plain", "https://dead", "http://dead"].map(|start| format!("{start}.example/"));
        for url in refused.iter().map(String::as_str).chain(["https://plain.example/#top"]) {
            platform.on(url, Reply::error(ErrorKind::Connect));
        }
        platform.on("http://plain.example/#top", Reply::html("<title>plain</title>"));
        platform.on("https://cert.example/", Reply::error(ErrorKind::Tls));
        for host in ["both", "plain", "cert"] {
            platform.on(&format!("http://{host}.example/"), Reply::html("<title>plain</title>"));
        }
        let session = Client::with_backend(Config::new(), platform.clone()).expect("a session");
        let question = Question {
            method: Method::GET,
            headers: HeaderMap::new(),
            cookies: Vec::new(),
            digest: None,
            body: Body::empty(),
        };
        (Asking::new(session, question), platform)
    }

    #[test]
    fn a_field_of_several_values_keeps_them_all_in_place_of_its_own() {
        let (mut session, platform) = platform();
        session.question.headers.insert("x-many", "own".parse().expect("a value"));
        session.question.headers.insert("x-kept", "own".parse().expect("a value"));
        let asked = session.get("https://both.example/").header("x-many", "1").append_header("x-many", "2");
        platform.run(asked.into_future()).expect("a head");
        let headers = platform.calls()[0].headers.clone();
        assert_eq!(headers.get_all("x-many").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers["x-kept"], "own");
    }

    #[test]
    fn https_comes_first_and_http_only_where_nobody_takes_the_connection() {
        let (session, platform) = platform();
        for (host, url, title) in [
            ("both.example", "https://both.example/", "secure"),
            ("plain.example", "http://plain.example/", "plain"),
            ("plain.example/#top", "http://plain.example/#top", "plain"),
        ] {
            let page = platform.run(session.page(bare(host).expect("a host"))).expect("a page");
            assert_eq!((page.url.as_str(), page.title.as_deref()), (url, Some(title)));
        }
        for (host, kind) in [("dead.example", ErrorKind::Connect), ("cert.example", ErrorKind::Tls)] {
            let error = platform.run(session.page(bare(host).expect("a host"))).expect_err("none");
            assert_eq!(error.kind(), &kind);
            assert_eq!(error.url().map(Url::as_str), Some(format!("https://{host}/").as_str()));
        }
        let error = platform.run(session.page("https://plain.example/")).expect_err("it was asked for https");
        assert_eq!(error.kind(), &ErrorKind::Connect);
    }
}
