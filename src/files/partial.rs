//! A file that is not whole yet: what of it is there, and of which version.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::checksum::{Checksum, Hash};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::disk::{self, Kind, Sink};
use crate::policy::ranges::{Asked, Spans, Validator, fingerprint};
use crate::url::Url;

use super::save::Place;

/// What is written beside a part is not longer than this.
const STATE: u64 = 1024 * 1024;

/// The part beside the file to be, and what is known of it.
///
/// It is called `NAME.part`; `NAME.part.state` tells of which version of which file it is. Dropped before its end it stays
/// where it can be gone on with, and is removed where not.
pub(super) struct Partial {
    pub(super) place: Place,
    path: PathBuf,
    state: PathBuf,
    of: Source,
    pub(super) version: Option<Validator>,
    pub(super) total: Option<u64>,
    pub(super) done: Spans,
    /// How much of it is from an earlier call.
    pub(super) resumed: u64,
    /// What is there, its length does not tell.
    is_scattered: bool,
    keeps: bool,
    is_done: bool,
    sink: Option<(Sink, u64)>,
    _claim: Claim,
}

impl Partial {
    /// The part of this file, as an earlier call has left it.
    pub(super) async fn open(place: Place, url: &Url, resumes: bool) -> Result<Self> {
        let path = with_ending(&place.path, ".part")?;
        let state = with_ending(&place.path, ".part.state")?;
        let claim = Claim::of(&path)?;
        let mut partial = Self {
            place,
            path,
            state,
            of: Source::of(url),
            version: None,
            total: None,
            done: Spans::default(),
            resumed: 0,
            is_scattered: false,
            keeps: resumes,
            is_done: false,
            sink: None,
            _claim: claim,
        };
        if resumes {
            partial.load().await?;
        }
        Ok(partial)
    }

    async fn load(&mut self) -> Result<()> {
        let Some(known) = disk::read(&self.state, STATE).await?.and_then(Known::read) else { return Ok(()) };
        let Kind::File(length) = disk::kind(&self.path).await? else { return Ok(()) };
        let done = known.done.clone().unwrap_or_else(|| Spans::up_to(length));
        let is_whole_file = known.total.is_none_or(|total| done.end() <= total);
        if known.is_of(&self.of) && is_whole_file && done.end() <= length && done.size() > 0 {
            self.is_scattered = known.done.is_some();
            (self.version, self.total, self.resumed) = (Some(known.version), known.total, done.size());
            self.done = done;
        }
        Ok(())
    }

    /// What to ask for next; `None` where all of it.
    pub(super) fn next(&self) -> Option<Asked> {
        let validator = self.version.clone().filter(|_| self.done.size() > 0)?;
        let gaps = self.done.gaps(self.total);
        // It may be that all is there, and nobody has seen its end.
        let (from, to) = gaps.first().copied().unwrap_or_else(|| (self.done.end(), None));
        let to = to.filter(|to| Some(*to) != self.total);
        Some(Asked { from, to, validator, total: self.total })
    }

    /// Whether it is a part of this version.
    pub(super) fn is_of(&self, version: Option<&Validator>, total: Option<u64>) -> bool {
        self.version.is_some()
            && self.version.as_ref() == version
            && self.total == total
            && self.done.size() > 0
    }

    /// It is of another version: nothing of it is of use.
    pub(super) fn forget(&mut self) {
        (self.version, self.total, self.sink) = (None, None, None);
        (self.done, self.resumed, self.is_scattered) = (Spans::default(), 0, false);
        disk::remove_now(&self.state);
    }

    /// Begins it anew, with this version.
    pub(super) async fn begin(
        &mut self,
        version: Option<Validator>,
        total: Option<u64>,
        hash: Option<Hash>,
    ) -> Result<()> {
        self.forget();
        (self.version, self.total) = (version, total);
        self.sink = Some((Sink::open(&self.path, 0).await?.hashing(hash), 0));
        self.note().await
    }

    /// What writes from there on.
    pub(super) async fn sink(&mut self, from: u64) -> Result<Sink> {
        match self.sink.take() {
            Some((sink, at)) if at == from => Ok(sink),
            _ => Sink::open_within(&self.path, from).await,
        }
    }

    /// It has written up to there, and may go on.
    pub(super) fn keep_sink(&mut self, sink: Sink, at: u64) {
        self.sink = Some((sink, at));
    }

    /// Makes room for all of it, so that it can be written at several places.
    pub(super) async fn scatter(&mut self, total: u64) -> Result<PathBuf> {
        self.sink = None;
        self.is_scattered = true;
        self.note().await?;
        disk::extend(&self.path, total).await?;
        Ok(self.path.clone())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.total.is_some() && self.done.gaps(self.total).is_empty()
    }

    /// What goes into the file beside, and its path; nothing where it cannot be gone on with.
    pub(super) fn state(&self, done: &Spans) -> Option<(PathBuf, Vec<u8>)> {
        let version = self.version.as_ref().filter(|_| self.keeps)?;
        let done = self.is_scattered.then_some(done);
        Some((self.state.clone(), write(&self.of, version, self.total, done)))
    }

    async fn note(&self) -> Result<()> {
        match self.state(&self.done) {
            Some((path, state)) => disk::write(&path, state).await,
            None => Ok(()),
        }
    }

    /// Nothing is missing: what it hashes to.
    pub(super) async fn finish(&mut self, hash: Option<Hash>, durable: bool) -> Result<Option<Checksum>> {
        if disk::kind(&self.path).await? != Kind::File(self.done.size()) {
            return Err(refused(&self.path, "somebody else has changed it"));
        }
        let sink = match self.sink.take() {
            Some((sink, _)) => sink,
            None => Sink::open_within(&self.path, 0).await?,
        };
        match (sink.finish(durable).await?, hash) {
            (None, Some(hash)) => disk::checksum(&self.path, hash).await.map(Some),
            (found, _) => Ok(found),
        }
    }

    /// Gives it its name.
    pub(super) async fn publish(&mut self, durable: bool) -> Result<()> {
        disk::publish(&self.path, &self.place.path, self.place.replace, durable).await?;
        self.is_done = true;
        disk::remove_now(&self.state);
        Ok(())
    }

    /// Nothing of it is to be left.
    pub(super) fn discard(&mut self) {
        self.keeps = false;
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        match self.state(&self.done).filter(|_| self.done.size() > 0) {
            Some((path, state)) if self.is_scattered => disk::write_now(&path, &state),
            Some(_) => {}
            None => {
                disk::remove_now(&self.path);
                disk::remove_now(&self.state);
            }
        }
    }
}

/// Where a file is from, without the place's name, which may hold secrets: what its URL comes to, and without the query.
/// A signed URL is another one each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    file: u64,
    url: u64,
}

impl Source {
    fn of(url: &Url) -> Self {
        let file = format!("{}{}", url.origin(), url.path());
        let whole = format!("{file}?{}", url.query().unwrap_or_default());
        Self { file: fingerprint(file), url: fingerprint(whole) }
    }
}

/// What is known of a part that is there.
#[derive(Debug)]
struct Known {
    of: Source,
    version: Validator,
    total: Option<u64>,
    done: Option<Spans>,
}

const TITLE: &str = "dualfetch part 1";

fn write(of: &Source, version: &Validator, total: Option<u64>, done: Option<&Spans>) -> Vec<u8> {
    use std::fmt::Write;
    let mut out = format!("{TITLE}\nfrom {:016x} {:016x}\n", of.file, of.url);
    let kind = match version {
        Validator::Date(_) => "date",
        Validator::Tag(_) => "tag",
    };
    let _ = writeln!(out, "{kind} {}", version.as_str());
    if let Some(total) = total {
        let _ = writeln!(out, "total {total}");
    }
    if let Some(done) = done {
        let _ = writeln!(out, "done {done}");
    }
    out.into_bytes()
}

impl Known {
    fn read(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(TITLE) {
            return None;
        }
        let (mut of, mut version, mut total, mut done) = (None, None, None, None);
        for line in lines {
            match line.split_once(' ')? {
                ("from", value) => {
                    let (file, url) = value.split_once(' ')?;
                    let [file, url] = [file, url].map(|hex| u64::from_str_radix(hex, 16).ok());
                    of = Some(Source { file: file?, url: url? });
                }
                ("date", value) => version = Some(Validator::Date(value.to_owned())),
                ("tag", value) => version = Some(Validator::Tag(value.to_owned())),
                ("total", value) => total = Some(value.parse().ok()?),
                ("done", value) => done = Some(Spans::parse(value)?),
                _ => return None,
            }
        }
        Some(Self { of: of?, version: version?, total, done })
    }

    /// A tag tells the versions of one file apart, a date hardly more than its time.
    fn is_of(&self, other: &Source) -> bool {
        match self.version {
            Validator::Tag(_) => self.of.file == other.file,
            Validator::Date(_) => self.of == *other,
        }
    }
}

/// That nobody else in this process writes the same part.
struct Claim(PathBuf);

static CLAIMED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

impl Claim {
    fn of(path: &Path) -> Result<Self> {
        match CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            true => Ok(Self(path.to_owned())),
            false => Err(refused(path, "another download is writing it")),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The path with this at its end, where it names a file.
fn with_ending(path: &Path, ending: &str) -> Result<PathBuf> {
    let Some(name) = path.file_name() else { return Err(refused(path, "the path names no file")) };
    let mut longer = OsString::from(name);
    longer.push(ending);
    // The longest name of common file systems.
    if longer.len() > 255 {
        longer = format!(".{:016x}{ending}", fingerprint(name.display())).into();
    }
    Ok(path.with_file_name(longer))
}

fn refused(path: &Path, why: &str) -> Error {
    let error = io::Error::new(io::ErrorKind::InvalidInput, why);
    Error::new(ErrorKind::File).with_message(format!("{}: {why}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn source(url: &str) -> Source {
        Source::of(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn what_is_known_of_a_part_is_read_back_and_nothing_else_is() {
        let of = source("https://a.example/secret?signature=1");
        let version = Validator::Tag("\"a b\"".to_owned());
        let mut done = Spans::up_to(5);
        done.add(7, 9);
        let written = write(&of, &version, Some(10), Some(&done));
        assert!(!String::from_utf8_lossy(&written).contains("secret"));
        let known = Known::read(written.clone()).expect("it was written here");
        assert_eq!((known.of, known.version, known.total, known.done), (of, version, Some(10), Some(done)));
        for cut in 0..written.len() {
            let read = Known::read(written[..cut].to_vec());
            // A line may be missing at its end, never a part of one.
            assert!(read.is_none_or(|known| known.done.is_none()), "{cut}");
        }
    }

    /// Parts that the npm package has left are gone on with, and the other way round.
    #[test]
    fn places_are_known_by_what_the_npm_package_knows_them_by() {
        let Source { file, url } = source("https://a.example/f?s=1");
        assert_eq!((file, url), (0xc43b_fb97_14c5_4560, 0x4d8f_acef_652e_19fc));
        let written =
            write(&source("https://a.example/f?s=1"), &Validator::Tag("\"1\"".into()), Some(7), None);
        let expected = "dualfetch part 1\nfrom c43bfb9714c54560 4d8facef652e19fc\ntag \"1\"\ntotal 7\n";
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    #[test]
    fn a_tag_is_of_its_file_under_any_query_and_a_date_only_of_its_url() {
        let known =
            |version| Known { of: source("https://a.example/f?s=1"), version, total: None, done: None };
        let (tag, date) = (Validator::Tag("\"a\"".into()), Validator::Date("x".into()));
        for (url, by_tag, by_date) in [
            ("https://u:p@a.example/f?s=1#x", true, true),
            ("https://a.example/f?s=2", true, false),
            ("https://a.example/g?s=1", false, false),
            ("https://b.example/f?s=1", false, false),
        ] {
            assert_eq!(known(tag.clone()).is_of(&source(url)), by_tag, "{url}");
            assert_eq!(known(date.clone()).is_of(&source(url)), by_date, "{url}");
        }
    }
}
