//! The options of a request, the same for every command that fetches.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use dualfetch::{Body, Config, DefaultSession, HeaderMap, HeaderName, Method, Request, Retry, Timeout};
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, USER_AGENT};

use crate::Stop;
use crate::asking::Question;
use crate::cookies::Cookies;
use crate::digests::Digests;
use crate::form;
use crate::units::{self, Bound};

use super::connection::ConnectionArgs;

const REQUEST: &str = "Request";
const TIMEOUTS: &str = "Timeouts (500ms, 60s, 5m, 1h or none)";

/// What is asked, and how long for.
#[derive(Args, Debug)]
pub(crate) struct RequestArgs {
    /// The method; by default GET, or POST with --data, --form or --json
    #[arg(short = 'X', long, alias = "request", value_name = "METHOD", help_heading = REQUEST)]
    method: Option<Method>,

    /// Send TEXT as the body; `@FILE` sends a file as it is, `@-` standard input
    ///
    /// The content type is application/x-www-form-urlencoded unless -H says otherwise. Several are joined by `&`.
    #[arg(short, long, value_name = "TEXT", conflicts_with = "json", help_heading = REQUEST)]
    data: Vec<String>,

    /// Send a form with files: 'NAME=TEXT', 'NAME=@FILE', or 'NAME=<FILE' for a file's content as the text
    ///
    /// Each may have ';type=image/png' and ';filename=cat.png' behind it; a value in double quotes may hold what looks like
    /// these. Several make one form, multipart/form-data. A file is read as it is sent, however large; its type is told by
    /// its ending. `-` is standard input.
    #[arg(short = 'F', long, value_name = "NAME=VALUE", conflicts_with_all = ["data", "json"], help_heading = REQUEST)]
    form: Vec<String>,

    /// Send this JSON as the body, or that in `@FILE`, and ask for JSON
    #[arg(long, value_name = "JSON", help_heading = REQUEST)]
    json: Option<String>,

    /// A header field, such as 'Accept-Language: en'; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header, help_heading = REQUEST)]
    header: Vec<(HeaderName, HeaderValue)>,

    /// The User-Agent to send; by default dualfetch and its version
    #[arg(short = 'A', long, value_name = "TEXT", value_parser = header_value, help_heading = REQUEST)]
    user_agent: Option<HeaderValue>,

    /// User name and password, for HTTP's basic authentication or for --digest
    ///
    /// They are not sent along when a redirect leaves the host. Others on this machine can see what stands on a command
    /// line.
    #[arg(short, long, value_name = "USER:PASSWORD", help_heading = REQUEST)]
    user: Option<String>,

    /// Prove who is asking by digest authentication: the password is not sent
    ///
    /// Each host is asked first without, and is answered when it wants it (RFC 7616: SHA-512-256, SHA-256 or MD5).
    #[arg(long, requires = "user", help_heading = REQUEST)]
    digest: bool,

    /// Cookies to send, such as 'a=1; b=2', or a file to take them from; may be given several times
    ///
    /// A text with `=` is cookies: they go with every request, but not along when a redirect leaves the host. Any other is
    /// the name of a cookies.txt, as browsers' exporters and curl write it, whose cookies go to the hosts they are for.
    /// Cookies that answers set are kept for the requests that follow, with or without this option.
    #[arg(short = 'b', long, value_name = "COOKIES|FILE", help_heading = REQUEST)]
    cookie: Vec<String>,

    /// Write all cookies to FILE in the end, as a cookies.txt
    ///
    /// Those of the session are among them. Nobody but its owner may read it. To go on from the last time:
    /// `-b FILE -c FILE`; the first time it need not be there.
    #[arg(short = 'c', long, value_name = "FILE", help_heading = REQUEST)]
    cookie_jar: Option<PathBuf>,

    /// How many redirects are followed; one more is an error
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(..=1_000), allow_negative_numbers = true, help_heading = REQUEST)]
    max_redirects: u32,

    /// How often a URL is tried again after a failure that may pass
    ///
    /// Such as: no connection, a connection that ended early, a wait for the head that took too long, the statuses
    /// 408, 425, 429, 500, 502, 503 and 504. Between tries it waits, as long as Retry-After says or at random, longer
    /// each time. A POST or PATCH is never sent twice.
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(..=100), allow_negative_numbers = true, help_heading = REQUEST)]
    retries: u32,

    /// Longest wait for the head of a response, and then for each piece of its body
    ///
    /// Connecting is not counted. It fails with `timeout (headers)` or `timeout (read)`.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::bound, allow_negative_numbers = true, help_heading = TIMEOUTS)]
    timeout: Bound,

    /// Longest time for one URL, redirects included; waiting for its turn is not counted [default: 5m, none for get]
    ///
    /// It fails with `timeout (total)`.
    #[arg(long, value_name = "TIME", value_parser = units::bound, allow_negative_numbers = true, help_heading = TIMEOUTS)]
    total_timeout: Option<Bound>,

    /// Longest time to connect: name look-up, TCP and TLS
    ///
    /// It fails with `timeout (connect)`.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::bound, allow_negative_numbers = true, help_heading = TIMEOUTS)]
    connect_timeout: Bound,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl RequestArgs {
    /// The settings of a session that asks like this.
    pub(crate) fn config(&self, total: Bound, cookies: &Cookies) -> Result<Config, Stop> {
        let timeout = Timeout::new()
            .connect(self.connect_timeout.0)
            .headers(self.timeout.0)
            .read(self.timeout.0)
            .total(self.total_timeout.unwrap_or(total).0);
        let config = Config::new()
            .cookie_store(cookies.jar())
            .max_redirects(self.max_redirects)
            .retry(Retry::standard().attempts(self.retries.saturating_add(1)))
            .timeout(timeout);
        self.connection.set(config)
    }

    /// The session with these settings, or others beside them.
    pub(crate) fn session(&self, config: Config) -> Result<DefaultSession, Stop> {
        self.connection.build(config)
    }

    /// How often a failure is tried again.
    pub(crate) fn retries(&self) -> u32 {
        self.retries
    }

    /// Whether a header field of this name was given.
    pub(crate) fn names(&self, name: &HeaderName) -> bool {
        self.header.iter().any(|(given, _)| given == name)
    }

    /// The longest time for one URL, where one was given.
    pub(crate) fn total(&self) -> Option<Duration> {
        self.total_timeout.and_then(|bound| bound.0)
    }

    /// The method that was asked for.
    pub(crate) fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// What every request holds. Reads the files that its body is to be taken from.
    pub(crate) fn question(&self) -> Result<Question, Stop> {
        if self.inputs() > 1 {
            return Err(Stop::Fault("standard input can be read once: - stands for it twice".to_owned()));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.header {
            headers.append(name, value.clone());
        }
        if let Some(user) = self.user.as_ref().filter(|_| !self.digest) {
            let value = format!(
                "Basic {}",
                STANDARD.encode(if user.contains(':') { user.clone() } else { format!("{user}:") })
            );
            headers.insert(AUTHORIZATION, secret(&value)?);
        }
        if let Some(value) = &self.user_agent {
            headers.insert(USER_AGENT, value.clone());
        }
        let body = match self.form.is_empty() {
            true => self.body(&mut headers)?.map(Body::from),
            false => Some(self.form_body(&mut headers)?),
        };
        let method = match (&self.method, &body) {
            (Some(method), _) => method.clone(),
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        let cookies = self.own_cookies()?;
        let digest = self.user.as_deref().filter(|_| self.digest).map(Digests::new);
        Ok(Question { method, headers, cookies, digest, body: body.unwrap_or_default() })
    }

    /// The jar of the session, with what files hold.
    pub(crate) fn cookies(&self) -> Result<Cookies, Stop> {
        let files =
            self.cookie.iter().map(String::as_str).filter(|text| !text.is_empty() && !text.contains('='));
        Cookies::open(files, self.cookie_jar.as_deref())
    }

    /// Those that every request is sent with.
    fn own_cookies(&self) -> Result<Vec<(String, String)>, Stop> {
        let texts = self.cookie.iter().filter(|text| text.contains('='));
        let pairs = texts.flat_map(|text| text.split(';')).map(str::trim).filter(|pair| !pair.is_empty());
        let mut cookies = Vec::new();
        for pair in pairs {
            // What stands on either side may be a secret that a shell has cut.
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Stop::Fault("-b: write cookies as 'name=value; other=value'".to_owned()));
            };
            Request::builder(Method::GET, "http://localhost/")
                .cookie(name.trim_end(), value.trim_start())
                .build()
                .map_err(|error| Stop::Fault(format!("-b: {error}")))?;
            cookies.push((name.trim_end().to_owned(), value.trim_start().to_owned()));
        }
        Ok(cookies)
    }

    /// Whether the body comes from standard input.
    pub(crate) fn reads_input(&self) -> bool {
        self.inputs() > 0
    }

    fn inputs(&self) -> usize {
        let texts = self.data.iter().chain(&self.json);
        texts.filter(|text| *text == "@-").count() + form::inputs(&self.form)
    }

    fn form_body(&self, headers: &mut HeaderMap) -> Result<Body, Stop> {
        let form = form::form(&self.form, input)?;
        let (body, content_type) = form.encode().map_err(|error| Stop::Fault(format!("-F: {error}")))?;
        // It alone knows what separates the parts.
        headers.insert(CONTENT_TYPE, content_type);
        Ok(body)
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Option<Vec<u8>>, Stop> {
        if let Some(json) = &self.json {
            let body = content(json)?;
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
                return Err(Stop::Fault(format!("--json is no JSON: {error}")));
            }
            for name in [ACCEPT, CONTENT_TYPE] {
                headers.entry(name).or_insert(HeaderValue::from_static("application/json"));
            }
            return Ok(Some(body));
        }
        if self.data.is_empty() {
            return Ok(None);
        }
        let parts: Vec<Vec<u8>> = self.data.iter().map(|text| content(text)).collect::<Result<_, _>>()?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.entry(CONTENT_TYPE).or_insert(form);
        Ok(Some(parts.join(&b'&')))
    }
}

/// The text itself, or the content of the file that it names by `@FILE`.
fn content(text: &str) -> Result<Vec<u8>, Stop> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let read = match path {
        "-" => input(),
        _ => fs::read(path),
    };
    read.map_err(|error| Stop::Fault(format!("cannot read {path}: {error}")))
}

fn input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map(|_| bytes)
}

fn secret(value: &str) -> Result<HeaderValue, Stop> {
    let mut value = HeaderValue::from_str(value).map_err(|error| Stop::Fault(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    const FORM: &str = "write a name, a colon and a value, such as 'Accept-Language: en'";
    let (name, value) = text.split_once(':').ok_or(FORM)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| FORM)?;
    match name {
        CONTENT_LENGTH | TRANSFER_ENCODING => Err(format!("{name} is told by the body itself")),
        _ => Ok((name, header_value(value.trim())?)),
    }
}

fn header_value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text)
        .map_err(|_| "a header value has no line ends and no control characters".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_are_read_as_they_are_written() {
        let read =
            |text| header(text).map(|(name, value)| format!("{name}={}", value.to_str().unwrap_or("?")));
        assert_eq!(read("Accept-Language: en"), Ok("accept-language=en".to_owned()));
        assert_eq!(read("x-time:12:30"), Ok("x-time=12:30".to_owned()));
        assert_eq!(read("x-empty:"), Ok("x-empty=".to_owned()));
        for bad in ["", "no colon", "two words: x", ": x", "x: a\nb", "content-length: 3"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
