//! `dualfetch get`: one request, its body to standard output or to a file.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use dualfetch::events::{Event, What};
use dualfetch::{
    Body, ConnectionInfo, Error, ErrorKind, HeaderMap, Method, Request, Response, Session, StatusCode, Url,
    Version,
};
use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, SET_COOKIE};

use crate::args::GetArgs;
use crate::asking::{Asking, Question, bare};
use crate::failing::failed;
use crate::form::look_for;
use crate::meter::Meter;
use crate::row::explain;
use crate::saving::{self, Target, Unsaved};
use crate::signals::Signal;
use crate::units::{Bound, Bytes, Took};
use crate::{Stop, block_on, say};

/// Runs the command.
pub(crate) fn run(args: &GetArgs) -> Result<ExitCode, Stop> {
    let target = Target::of(args)?;
    if let Some(path) = target.as_ref().and_then(|target| target.there_already(args)) {
        say(&format!("{} is there already, and has this checksum", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let mut question = args.request.question()?;
    if let Some(path) = &args.upload {
        upload(&mut question, path, args)?;
    }
    let is_download = args.resume || args.parallel.is_some();
    if is_download && question.method != Method::GET {
        return Err(Stop::Fault("--continue and --parallel are for GET alone".to_owned()));
    }
    let cookies = args.request.cookies()?;
    cookies.apart_from("-o", args.output.as_deref())?;
    // A download knows for itself which statuses bring no file.
    let config = args.request.config(Bound(None), &cookies)?.raise_for_status(args.fail && !is_download);
    let config = if args.verbose && is_download { config.on_event(tell_event) } else { config };
    let session = args.request.session(config)?;
    // As the session would add them, and so they can be shown.
    for (name, value) in session.config().headers() {
        question.headers.entry(name).or_insert_with(|| value.clone());
    }
    let sends = !question.body.is_none();
    let mut session = Asking::new(session, question);
    if args.verbose {
        session = session.with_trace(tell_request);
    }
    let url = Url::parse(bare(&args.url).as_deref().unwrap_or(&args.url))
        .map_err(|error| Stop::Fault(explain(&args.url, &error).message))?;
    let ended = block_on(async {
        let meter = Meter::new(args.quiet);
        if sends {
            session = session.with_meter(meter.clone());
        }
        let answered = async {
            match &target {
                Some(target) => save(&session, url, args, target, &meter).await,
                None => fetch(&session, url, args, sends.then_some(&meter)).await,
            }
        };
        match answered.await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Ended::Stop(stop)) => Err(stop),
            Err(Ended::Signal(signal)) => {
                tell_left(target.as_ref(), args);
                Ok(signal.exit_code())
            }
            Err(Ended::Failed(error)) => {
                if args.verbose {
                    tell_hops(&error);
                }
                let code = failed(&args.url, &error);
                tell_left(target.as_ref(), args);
                Ok(code)
            }
        }
    })?;
    cookies.save()?;
    ended
}

/// Makes the file the body.
fn upload(question: &mut Question, path: &Path, args: &GetArgs) -> Result<(), Stop> {
    let cannot = |error: io::Error| Stop::Fault(format!("cannot read {}: {error}", path.display()));
    question.body = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map_err(cannot)?;
        bytes.into()
    } else {
        look_for(path).map_err(cannot)?;
        Body::file(path)
    };
    question.method = args.request.method().cloned().unwrap_or(Method::PUT);
    Ok(())
}

/// Why there is not the whole body.
enum Ended {
    Failed(Error),
    Signal(Signal),
    Stop(Stop),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unsaved> for Ended {
    fn from(unsaved: Unsaved) -> Self {
        match unsaved {
            Unsaved::Failed(error) => Self::Failed(error),
            Unsaved::Signal(signal) => Self::Signal(signal),
            Unsaved::Stop(stop) => Self::Stop(stop),
        }
    }
}

async fn save(
    session: &Asking<impl Session>,
    url: Url,
    args: &GetArgs,
    target: &Target,
    meter: &Meter,
) -> Result<(), Ended> {
    let seen = |response: &Response| {
        if args.verbose {
            tell_response(response);
        }
    };
    let saved = target.save(session, url, args, meter, seen).await?;
    // A name that the caller did not choose is told.
    if args.verbose || args.remote_name && !args.quiet {
        let resumed = match saved.resumed {
            0 => String::new(),
            bytes => format!(", {} of it from before", Bytes(bytes)),
        };
        say(&format!("* {} in {}{resumed}", Bytes(saved.bytes), saved.path.display()));
    }
    Ok(())
}

async fn fetch(
    session: &impl Session,
    url: Url,
    args: &GetArgs,
    sending: Option<&Meter>,
) -> Result<(), Ended> {
    let asked = session.send(Request::new(Method::GET, url));
    let mut response = match sending {
        Some(meter) => meter.shown_while(asked).await?,
        None => asked.await?,
    };
    if args.verbose {
        tell_response(&response);
    }
    // Its lock buffers lines, which the body of a response may not have.
    let mut out = io::stdout();
    while let Some(chunk) = response.chunk().await? {
        // So that a piece is there when it has come.
        let written = out.write_all(&chunk).and_then(|()| out.flush());
        written.map_err(|error| Ended::Stop(Stop::writing(&"standard output", &error)))?;
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

/// How to go on with what is there.
fn tell_left(target: Option<&Target>, args: &GetArgs) {
    if let Some(left) = target.and_then(|target| saving::left(target, args)) {
        say(&left);
    }
}

pub(crate) fn tell_request(request: &Request) {
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    say(&format!("> {} {}{query}", request.method(), url.path()));
    if !request.headers().contains_key(HOST) {
        let (scheme, host) = (url.scheme(), url.origin());
        say(&format!("> host: {}", host.trim_start_matches(scheme).trim_start_matches("://")));
    }
    tell_headers('>', request.headers());
    if request.cookies().next().is_some() {
        say("> cookie: ***");
    }
    if let Some(body) = request.body().as_bytes() {
        say(&format!("> content-length: {}", body.len()));
    }
    say(">");
}

/// Of a file that comes in several answers, each.
fn tell_event(event: &Event<'_>) {
    if let What::ResponseStart { status, headers, .. } = &event.what {
        say(&format!("< {status}"));
        tell_headers('<', headers);
        say("<");
    }
}

fn tell_response(response: &Response) {
    for hop in response.history() {
        tell_hop(&hop.url, hop.status, &hop.headers);
    }
    if !response.history().is_empty() {
        say(&format!("* redirected to {}", response.url().redacted()));
    }
    if let Some(connection) = response.connection() {
        tell_connection(connection);
    }
    let version = match response.version() {
        Version::HTTP_2 => "HTTP/2".to_owned(),
        other => format!("{other:?}"),
    };
    say(&format!("< {version} {}", response.status()));
    tell_headers('<', response.headers());
    say("<");
}

fn tell_connection(connection: &ConnectionInfo) {
    let remote = connection.remote().map(|address| format!(" with {address}")).unwrap_or_default();
    let tls = connection.tls().map(|tls| format!(", {} ({})", tls.version(), tls.cipher_suite()));
    say(&format!("* by a connection{remote}{}", tls.unwrap_or_default()));
}

/// What had been answered before it failed.
fn tell_hops(error: &Error) {
    for hop in error.history() {
        tell_hop(&hop.url, hop.status, &hop.headers);
    }
    if let (ErrorKind::Status(status), Some(url)) = (error.kind(), error.url()) {
        say(&format!("* {} answered {status}", url.redacted()));
    }
}

fn tell_hop(url: &Url, status: StatusCode, headers: &HeaderMap) {
    say(&format!("* {} answered {status}", url.redacted()));
    tell_headers('<', headers);
    say("<");
}

/// Header fields as they are, but for secrets.
pub(crate) fn tell_headers(mark: char, headers: &HeaderMap) {
    for (name, value) in headers {
        let is_secret =
            value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE].contains(name);
        let value = match is_secret {
            true => "***".into(),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        say(&format!("{mark} {name}: {value}"));
    }
}
