//! `get` to a file: under its name is the whole body, or what was there before.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use dualfetch::files::{Checksum, Hash, Saved};
use dualfetch::{Error, ErrorKind, Method, Request, Response, Session, Url};
use ring::digest::{SHA256, SHA384, SHA512};

use crate::Stop;
use crate::args::GetArgs;
use crate::asking::Asking;
use crate::hashing::Hashing;
use crate::meter::Meter;
use crate::signals::{Signal, Signals};

/// Where the body is to be.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    File(PathBuf),
    /// Under the name that the answer gives.
    Here,
}

/// How saving has ended before its time.
pub(crate) enum Unsaved {
    Failed(Error),
    Stop(Stop),
    Signal(Signal),
}

impl Target {
    /// What the arguments name; `None` is standard output.
    pub(crate) fn of(args: &GetArgs) -> Result<Option<Self>, Stop> {
        let file = args.output.clone().filter(|path| path.as_os_str() != "-");
        let target = if args.remote_name { Some(Self::Here) } else { file.map(Self::File) };
        let asked = [
            (args.resume, "--continue"),
            (args.parallel.is_some(), "--parallel"),
            (args.sha256.is_some(), "--sha256"),
        ];
        match asked.into_iter().find(|(is_asked, _)| *is_asked && target.is_none()) {
            Some((_, option)) => Err(Stop::Fault(format!("{option} needs a file to write: -o FILE, or -O"))),
            None => Ok(target),
        }
    }

    /// The file that an earlier run has brought to its end, as its checksum tells: there is nothing to go on with.
    pub(crate) fn there_already(&self, args: &GetArgs) -> Option<&Path> {
        let (Self::File(path), Some(checksum), true) = (self, &args.sha256, args.resume) else { return None };
        // What cannot be read is written anew, or cannot be written either.
        let is_it = hashed(path, checksum.hash()).is_ok_and(|bytes| bytes.as_ref() == checksum.bytes());
        is_it.then_some(path)
    }

    /// Sends the request and saves its answer. `seen` is shown the answer, where one alone makes the file.
    pub(crate) async fn save<S: Session>(
        &self,
        session: &Asking<S>,
        url: Url,
        args: &GetArgs,
        meter: &Meter,
        seen: impl FnOnce(&Response),
    ) -> Result<Saved, Unsaved> {
        let mut signals = Signals::new()
            .map_err(|error| Unsaved::Stop(Stop::Fault(format!("cannot take signals: {error}"))))?;
        let saving = async {
            match args.resume || args.parallel.is_some() {
                true => self.download(session, url, args, meter.clone()).await,
                false => self.whole(session, url, args, meter.clone(), seen).await,
            }
        };
        tokio::select! {
            saved = meter.shown_while(saving) => saved.map_err(|error| self.explained(error, args)),
            // Dropping it removes what is of no use, and leaves what can be gone on with.
            signal = signals.next() => Err(Unsaved::Signal(signal)),
        }
    }

    async fn whole<S: Session>(
        &self,
        session: &Asking<S>,
        url: Url,
        args: &GetArgs,
        meter: Meter,
        seen: impl FnOnce(&Response),
    ) -> Result<Saved, Error> {
        let response = session.send(Request::new(Method::GET, url)).await?;
        seen(&response);
        let save = match self {
            Self::File(path) => response.save(path),
            Self::Here => response.save_in("."),
        };
        let save = save.on_progress(move |progress| meter.received(progress));
        match &args.sha256 {
            Some(checksum) => save.checksum(checksum.clone()).await,
            None => save.await,
        }
    }

    async fn download<S: Session>(
        &self,
        session: &Asking<S>,
        url: Url,
        args: &GetArgs,
        meter: Meter,
    ) -> Result<Saved, Error> {
        let (request, tries_once) = (session.get(url), session.tries_once());
        let download = match self {
            Self::File(path) => request.download(path),
            Self::Here => request.download_in("."),
        };
        let download = download
            .resume(args.resume)
            .attempts(args.request.retries().saturating_add(1))
            .parallel(args.parallel.unwrap_or(1))
            .on_progress(move |progress| {
                // From the first byte on it is the download that tries again.
                tries_once.store(true, Ordering::Relaxed);
                meter.received(progress);
            });
        match &args.sha256 {
            Some(checksum) => download.checksum(checksum.clone()).await,
            None => download.await,
        }
    }

    /// An error of the file is for the user to see to.
    fn explained(&self, error: Error, args: &GetArgs) -> Unsaved {
        use std::error::Error as _;
        if *error.kind() != ErrorKind::File {
            return Unsaved::Failed(error);
        }
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        let what = error.message().unwrap_or("a file cannot be written").to_owned();
        let is_there = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::AlreadyExists);
        let hint = if is_there && args.remote_name { "; choose another name with -o FILE" } else { "" };
        Unsaved::Stop(Stop::Fault(format!("cannot write {what}{hint}")))
    }
}

fn hashed(path: &Path, hash: Hash) -> io::Result<ring::digest::Digest> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut hashing = Hashing::new(
        file,
        match hash {
            Hash::Sha384 => &SHA384,
            Hash::Sha512 => &SHA512,
            _ => &SHA256,
        },
    );
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish())
}

/// What is left of a download, and how to go on with it.
pub(crate) fn left(target: &Target, args: &GetArgs) -> Option<String> {
    let Target::File(path) = target else { return None };
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let length = Path::new(&part).metadata().ok().filter(|_| args.resume)?.len();
    (length > 0).then(|| {
        format!("what has come is in {}; the same command goes on with it", Path::new(&part).display())
    })
}

/// Reads a SHA-256, or what names its function.
pub(crate) fn checksum(text: &str) -> Result<Checksum, String> {
    // What sha256sum and its like write has the file's name behind.
    let text = text.split_ascii_whitespace().next().unwrap_or_default();
    let read = if text.contains([':', '-']) { Checksum::parse(text) } else { Checksum::sha256(text) };
    read.map_err(|error| error.message().unwrap_or("it is no checksum").to_owned())
}
