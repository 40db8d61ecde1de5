//! `dualfetch get`: one request, its body to standard output.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use dualfetch::{
    ConnectionInfo, Error, ErrorKind, HeaderMap, Request, Response, Session, StatusCode, Url, Version,
};
use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, SET_COOKIE};

use crate::args::GetArgs;
use crate::asking::{Asking, bare};
use crate::output::plain;
use crate::row::explain;
use crate::units::{Bound, Bytes, Took};
use crate::{Stop, block_on, say};

/// Runs the command.
pub(crate) fn run(args: &GetArgs) -> Result<ExitCode, Stop> {
    let mut question = args.request.question()?;
    let cookies = args.request.cookies()?;
    cookies.apart_from("-o", args.output.as_deref())?;
    let config = args.request.config(Bound(None), &cookies)?.raise_for_status(args.fail);
    let session = args.request.session(config)?;
    // As the session would add them, and so they can be shown.
    for (name, value) in session.config().headers() {
        question.headers.entry(name).or_insert_with(|| value.clone());
    }
    let mut session = Asking::new(session, question);
    if args.verbose {
        session = session.with_trace(tell_request);
    }
    let url = Url::parse(bare(&args.url).as_deref().unwrap_or(&args.url))
        .map_err(|error| Stop::Fault(explain(&args.url, &error).message))?;
    let ended = block_on(async {
        match fetch(&session, url, args).await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Ended::Stop(stop)) => Err(stop),
            Err(Ended::Failed(error)) => {
                if args.verbose {
                    tell_hops(&error);
                }
                say(&format!("error: {}", explain(&args.url, &error).message));
                let is_no_url = matches!(error.kind(), ErrorKind::InvalidUrl | ErrorKind::UnsupportedScheme);
                Ok(ExitCode::from(if is_no_url { 2 } else { 1 }))
            }
        }
    })?;
    cookies.save()?;
    ended
}

/// Why there is not the whole body.
enum Ended {
    Failed(Error),
    Stop(Stop),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn fetch(session: &impl Session, url: Url, args: &GetArgs) -> Result<(), Ended> {
    let mut response = session.send(Request::new(dualfetch::Method::GET, url)).await?;
    if args.verbose {
        tell_response(&response);
    }
    let mut out = Out::open(args.output.as_deref()).map_err(Ended::Stop)?;
    while let Some(chunk) = response.chunk().await? {
        out.write(&chunk).map_err(Ended::Stop)?;
    }
    if args.verbose {
        let (transfer, attempts) = (response.transfer(), response.attempts());
        let decoded = match transfer.decoded == transfer.wire {
            true => String::new(),
            false => format!(", {} decompressed", Bytes(transfer.decoded)),
        };
        let (wire, head) = (Bytes(transfer.wire), Took(response.elapsed()));
        say(&format!("* {wire} read{decoded}; {attempts} attempt(s), the head after {head}"));
    }
    Ok(())
}

/// Where the body goes.
struct Out {
    name: String,
    to: Box<dyn Write>,
}

impl Out {
    /// Opens the file and empties it; none, or `-`, is standard output.
    fn open(path: Option<&Path>) -> Result<Self, Stop> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            // Its lock buffers lines, which the body of a response may not have.
            return Ok(Self { name: "standard output".to_owned(), to: Box::new(io::stdout()) });
        };
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(Self { name, to: Box::new(file) }),
            Err(error) => Err(Stop::writing(&name, &error)),
        }
    }

    /// Writes a piece, so that it is there when it has come.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let written = self.to.write_all(bytes).and_then(|()| self.to.flush());
        written.map_err(|error| Stop::writing(&self.name, &error))
    }
}

fn tell_request(request: &Request) {
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    tell(&format!("> {} {}{query}", request.method(), url.path()));
    if !request.headers().contains_key(HOST) {
        let (scheme, host) = (url.scheme(), url.origin());
        tell(&format!("> host: {}", host.trim_start_matches(scheme).trim_start_matches("://")));
    }
    tell_headers('>', request.headers());
    if request.cookies().next().is_some() {
        tell("> cookie: ***");
    }
    if let Some(body) = request.body().as_bytes() {
        tell(&format!("> content-length: {}", body.len()));
    }
    tell(">");
}

fn tell_response(response: &Response) {
    for hop in response.history() {
        tell_hop(&hop.url, hop.status, &hop.headers);
    }
    if !response.history().is_empty() {
        tell(&format!("* redirected to {}", response.url().redacted()));
    }
    if let Some(connection) = response.connection() {
        tell_connection(connection);
    }
    let version = match response.version() {
        Version::HTTP_2 => "HTTP/2".to_owned(),
        other => format!("{other:?}"),
    };
    tell(&format!("< {version} {}", response.status()));
    tell_headers('<', response.headers());
    tell("<");
}

fn tell_connection(connection: &ConnectionInfo) {
    let remote = connection.remote().map(|address| format!(" with {address}")).unwrap_or_default();
    let tls = connection.tls().map(|tls| format!(", {} ({})", tls.version(), tls.cipher_suite()));
    tell(&format!("* by a connection{remote}{}", tls.unwrap_or_default()));
}

/// What had been answered before it failed.
fn tell_hops(error: &Error) {
    for hop in error.history() {
        tell_hop(&hop.url, hop.status, &hop.headers);
    }
    if let (ErrorKind::Status(status), Some(url)) = (error.kind(), error.url()) {
        tell(&format!("* {} answered {status}", url.redacted()));
    }
}

fn tell_hop(url: &Url, status: StatusCode, headers: &HeaderMap) {
    tell(&format!("* {} answered {status}", url.redacted()));
    tell_headers('<', headers);
    tell("<");
}

/// Header fields as they are, but for secrets.
fn tell_headers(mark: char, headers: &HeaderMap) {
    for (name, value) in headers {
        let is_secret =
            value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE].contains(name);
        let value = match is_secret {
            true => "***".into(),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        tell(&format!("{mark} {name}: {value}"));
    }
}

/// What comes from a server is a stranger's text.
fn tell(line: &str) {
    say(&plain(line));
}
