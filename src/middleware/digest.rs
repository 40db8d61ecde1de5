//! [`DigestAuth`]: digest authentication, asked for and unasked.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::body::Outgoing;
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::BoxFuture;
use crate::policy::digest::{Asked, Digest, Login, Ticket, target};
use crate::request::{Request, RequestBuilder};
use crate::response::Response;
use crate::url::Url;

use super::{Middleware, Next};

/// Digest authentication (RFC 7616): who is asking, proved without the password being sent (crate feature `digest`).
///
/// As [`hop_middleware`](crate::Config::hop_middleware) alone; other middleware around an attempt is to be added before it,
/// so that an answer is made when it is sent. A 401 with a challenge that can be answered is answered at once, at the same
/// hop and under the same permit, and counts as no retry. From then on requests bring the answer unasked, each with a
/// count of its own under one nonce, until the server wants another nonce (`stale`, `nextnonce`). A wrong password comes
/// out as the 401, after one answer. Requests that are under way before the first challenge is known are each challenged:
/// where their bodies are large or can be taken once, send one small request first.
///
/// Of several challenges the strongest is taken: SHA-512-256, then SHA-256, SHA-512 and MD5, each with `-sess`; what is
/// sent is protected as `auth`, or as `auth-int`, which takes the body in, where nothing else is offered. RFC 2069's form,
/// without a `qop`, is answered, too, where no better one of the same algorithm is offered. Once an answer by a SHA has been
/// accepted, MD5 is not answered any more, whatever the realm, and RFC 2069's form is not once one with a `qop` has been:
/// the 401 is the response. Realms that differ in this take a `DigestAuth` each, [by request](RequestBuilder::digest_auth_by).
/// User and password are taken as UTF-8, in the form they are given (RFC 7613 wants NFC).
///
/// # Where it goes
/// To one origin, and to those that this origin's challenges name as `domain` if all of it is https; not with a request
/// that brings an `Authorization` of its own (what the session or a [`Netrc`](crate::Netrc) has set counts as one) or leaves
/// it out by `skip_auto_headers`, and not after a redirect that has left the origin, back to it neither.
///
/// # Bodies
/// A stream that can be taken once cannot be sent again when it is challenged: the 401 is the response, and the next
/// request brings an answer. For `auth-int` its bytes, and those of a body that is
/// [compressed](crate::RequestBuilder::compress) on the way, cannot be had before; others' are read once more, and a
/// stream that is [`replayable`](crate::Body::replayable) is made once more.
///
/// # Platforms
/// The same on all. A page sees challenges of its own origin, and those of others where they are exposed
/// (`Access-Control-Expose-Headers: WWW-Authenticate`); to a request without
/// [`credentials`](crate::BrowserOptions) set to `omit` the browser itself may answer first, by asking its user.
///
/// ```
/// # use dualfetch::{Client, Config, Request, Session, platform::scripted::{Reply, Scripted}};
/// use dualfetch::middleware::DigestAuth;
///
/// # let platform = Scripted::new(1);
/// # platform.on_every(|request: &Request| match request.headers().get("authorization") {
/// #     Some(answer) if answer.to_str().is_ok_and(|answer| answer.starts_with("Digest username=\"me\"")) => Reply::ok("welcome"),
/// #     _ => Reply::status(401).header("www-authenticate", "Digest realm=\"api\", nonce=\"7a1\", qop=\"auth\", algorithm=SHA-256"),
/// # });
/// let config = Config::new().hop_middleware(DigestAuth::new("https://api.example/", "me", "secret")?);
/// let session = Client::with_backend(config, platform.clone())?;
/// # platform.run(async {
/// assert_eq!(session.get("https://api.example/me").await?.text().await?, "welcome");
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Protocol`] where the server's own proof that it knows the password (`rspauth`) is wrong: whoever has
/// answered is not whom the password is shared with. [`ErrorKind::RequestBody`] where a body fails while it is read for
/// `auth-int`.
pub struct DigestAuth(Mutex<Digest>);

impl DigestAuth {
    /// This user at the origin of this URL.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`], and [`ErrorKind::InvalidOption`] for a user name with a colon, which could not be told
    /// from its realm, or with a control character, which no header field can hold.
    pub fn new(origin: &str, user: impl Into<String>, password: impl Into<String>) -> Result<Self> {
        Self::at(&Url::parse(origin)?, user.into(), password.into())
    }

    pub(crate) fn at(origin: &Url, user: String, password: String) -> Result<Self> {
        let refused =
            |why| Err(Error::new(ErrorKind::InvalidOption { option: "digest_auth" }).with_message(why));
        if user.contains(':') {
            return refused("a user name with a colon cannot be told from its realm");
        }
        if HeaderValue::from_bytes(user.as_bytes()).is_err() {
            return refused("the user name holds a control character");
        }
        Ok(Self(Mutex::new(Digest::new(origin, Login { user, password }))))
    }

    /// Whether requests bring an answer unasked once a challenge is known. Default: yes. With `false` each is challenged
    /// first.
    #[must_use]
    pub fn preemptive(self, preemptive: bool) -> Self {
        self.lock().rules_mut().preemptive = preemptive;
        self
    }

    /// Whether `auth-int` is taken where `auth` is offered beside it and the body's bytes can be had before they are sent.
    /// Default: no, as servers that offer it have seldom tried it.
    #[must_use]
    pub fn prefer_integrity(self, prefer: bool) -> Self {
        self.lock().rules_mut().integrity = prefer;
        self
    }

    /// Whether a wrong proof of the server's is an error. Default: yes. Servers that send none are not asked for it.
    #[must_use]
    pub fn verify_server(self, verify: bool) -> Self {
        self.lock().rules_mut().proof = verify;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Digest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a request that is to be answered for by this, in place of what the session says of who is asking.
    pub(crate) async fn answer(&self, request: Request, mut next: Next<'_>) -> Result<Response> {
        match self.is_for(&request) {
            true => self.asked(request, next).await,
            false => next.run(request).await,
        }
    }

    fn is_for(&self, request: &Request) -> bool {
        !request.has_left_origin
            && !request.headers.contains_key(AUTHORIZATION)
            && !request.options.skips(&AUTHORIZATION)
            && self.lock().is_for(&request.url)
    }

    async fn asked(&self, mut request: Request, mut next: Next<'_>) -> Result<Response> {
        next.admit(&request).await?;
        let has_bytes = can_be_read(&request);
        let (mut since, mut ticket) = self.lock().ahead(&request.url, has_bytes);
        let mut answers = 0;
        loop {
            let (sent, proof) = match &ticket {
                Some(ticket) => answered(&request, ticket).await?,
                None => (request.clone(), None),
            };
            let response = next.run(sent).await?;
            // Where the platform follows redirects, another place may have answered.
            let is_from_there = response.url().origin() == request.url.origin()
                && target(response.url()) == target(&request.url);
            if !is_from_there {
                return Ok(response);
            }
            if response.status() != StatusCode::UNAUTHORIZED {
                if let Some(ticket) = &ticket {
                    let noted = self.lock().answered(ticket, proof.as_deref(), response.headers());
                    noted.map_err(|_| wrong_proof(&request.url))?;
                }
                return Ok(response);
            }
            answers += u32::from(ticket.as_ref().is_some_and(Ticket::is_answer));
            let is_repeatable = !request.body.is_consumed();
            let asked = Asked { url: &request.url, has_bytes, is_repeatable, since, answers };
            let cnonce = || format!("{:016x}{:016x}", next.random(), next.random());
            let mut digest = self.lock();
            let again = digest.challenged(asked, ticket.as_ref(), response.headers(), cnonce);
            since = digest.last();
            drop(digest);
            if again.is_none() {
                return Ok(response);
            }
            ticket = again;
            response.discard(SMALL);
            next.renew(&mut request);
        }
    }
}

/// How much of a challenge's page is read so that its connection can be used again.
const SMALL: u64 = 64 * 1024;

impl Middleware for DigestAuth {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        match !request.has_own_login && self.is_for(&request) {
            true => Box::pin(self.asked(request, next)),
            false => Box::pin(async move { next.run(request).await }),
        }
    }
}

/// In place of what the session says of who is asking.
struct Own(Arc<DigestAuth>);

impl Middleware for Own {
    fn handle<'a>(&'a self, request: Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.0.answer(request, next))
    }
}

impl<S> RequestBuilder<S> {
    /// Digest authentication (RFC 7616) at the origin of this request's URL, in place of what the session says of who is
    /// asking: see [`DigestAuth`], which is made for this request alone. So it is challenged each time; requests that are
    /// to be challenged once share one [by `digest_auth_by`](Self::digest_auth_by), or have it of their session, by
    /// [`Config::digest_auth`](crate::Config::digest_auth). Crate feature `digest`.
    ///
    /// A user name with a colon or a control character is [`ErrorKind::InvalidOption`].
    pub fn digest_auth(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        let Ok(request) = &self.request else { return self };
        match DigestAuth::at(&request.url, user.into(), password.into()) {
            Ok(auth) => self.digest_auth_by(Arc::new(auth)),
            Err(error) => Self { request: Err(error), ..self },
        }
    }

    /// Digest authentication by what other requests are given, too, and so under its nonce; in place of what the session
    /// says of who is asking, wherever the request goes. Crate feature `digest`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dualfetch::middleware::DigestAuth;
    /// use dualfetch::{Method, Request};
    ///
    /// let me = Arc::new(DigestAuth::new("https://api.example/", "me", "secret")?);
    /// for path in ["a", "b"] {
    ///     let request = Request::builder(Method::GET, format!("https://api.example/{path}"));
    ///     let request = request.digest_auth_by(Arc::clone(&me)).build()?;
    ///     # let _ = request;
    /// }
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn digest_auth_by(self, auth: Arc<DigestAuth>) -> Self {
        let mut builder = self.hop_middleware(Own(auth));
        if let Ok(request) = &mut builder.request {
            request.has_own_login = true;
        }
        builder
    }
}

/// Whether the bytes that will be sent can be had before.
fn can_be_read(request: &Request) -> bool {
    request.options.compress.is_none() && request.body.is_repeatable()
}

/// The request with its answer, and what a server that knows the password would say to it.
async fn answered(request: &Request, ticket: &Ticket) -> Result<(Request, Option<String>)> {
    let body = match ticket.hasher() {
        None => None,
        Some(mut hasher) => {
            let mut pieces = Outgoing::new(&request.body, None);
            while let Some(piece) = poll_fn(|cx| pieces.poll_piece(cx)).await {
                hasher.update(&piece?);
            }
            Some(hasher.finish())
        }
    };
    let answer = ticket.answer(request.method.as_str(), &request.url, body.as_deref());
    let mut value = HeaderValue::from_bytes(&answer.field).map_err(|_| {
        Error::new(ErrorKind::Protocol)
            .with_message("the challenge holds what its answer's field cannot")
            .with_url(&request.url)
    })?;
    value.set_sensitive(true);
    let mut request = request.clone();
    request.headers.insert(AUTHORIZATION, value);
    Ok((request, answer.proof))
}

fn wrong_proof(url: &Url) -> Error {
    Error::new(ErrorKind::Protocol)
        .with_message("the server does not know the password: its rspauth is wrong (RFC 7616, section 3.5)")
        .with_url(url)
}

impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestAuth").field("origin", &self.lock().home()).finish_non_exhaustive()
    }
}
