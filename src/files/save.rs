//! [`Save`]: a response into a file.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::path::{Path, PathBuf};

use crate::checksum::{Checksum, Hash};
use crate::error::{Error, Result};
use crate::fields::safe_file_name;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::platform::disk::{self, Sink};
use crate::platform::places::{Kind, failed};
use crate::policy::ranges::is_coded;
use crate::response::Response;
use crate::url::percent_decoded;

use super::outcome::{DownloadProgress, Saved, Wishes};
use super::pouring::{End, Flow, Poured, pour};

/// Saving a response's body: made by [`Response::save`], done by awaiting it.
#[must_use = "nothing is saved until it is awaited"]
pub struct Save {
    response: Response,
    target: Target,
    wishes: Wishes,
    invalid: Option<Error>,
}

/// Where a file is to be.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Path(PathBuf),
    /// Under a name that the response gives.
    In(PathBuf),
}

impl Response {
    /// Saves the body, decompressed, to a file, whatever the status: [`raise_for_status`](Self::raise_for_status) before
    /// it where a page that says "not found" shall be no file.
    ///
    /// It is written to a temporary file beside, which gets the name when it is whole, and then is as readable as what it
    /// replaces. Where the name is a link, the link is replaced; a device or a pipe is written to. Nothing bounds its
    /// length but [`max_body`](crate::Config::max_body), if that was set.
    ///
    /// To be able to go on where a transfer was cut off, [`download`](crate::RequestBuilder::download) it instead.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/hello", Reply::ok("hello world"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # let path = std::env::temp_dir().join(format!("dualfetch-doc-save-{}", std::process::id()));
    /// # platform.run(async {
    /// let response = session.get("https://example.com/hello").await?.raise_for_status()?;
    /// let saved = response
    ///     .save(&path)
    ///     .sha256("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")
    ///     .on_progress(|progress| println!("{} of {:?}", progress.received, progress.total))
    ///     .await?;
    /// assert_eq!(saved.bytes, 11);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # assert_eq!(std::fs::read(&path)?, b"hello world");
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) for those of the file, [`ErrorKind::Checksum`](crate::ErrorKind::Checksum), and those of [`chunk`](Self::chunk). The
    /// temporary file is then removed, and what has the name stays as it was.
    ///
    /// # Cancellation
    /// Dropping the future does the same.
    pub fn save(self, path: impl AsRef<Path>) -> Save {
        Save::new(self, Target::Path(path.as_ref().to_owned()))
    }

    /// Saves the body as [`save`](Self::save) does, in this folder, under the name that the response gives: that of
    /// `Content-Disposition`, else the last part of the URL's path, each made harmless by
    /// [`safe_file_name`], else `download`. [`Saved::path`] tells. A file that is there is not
    /// replaced, unless that is asked for: it is an error.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_in(self, folder: impl AsRef<Path>) -> Save {
        Save::new(self, Target::In(folder.as_ref().to_owned()))
    }
}

impl Save {
    fn new(response: Response, target: Target) -> Self {
        Self { response, target, wishes: Wishes::default(), invalid: None }
    }

    /// Whether a file of that name is replaced, which else is [`ErrorKind::File`](crate::ErrorKind::File). By default it is, where the caller has
    /// chosen the name.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.wishes.overwrite = Some(overwrite);
        self
    }

    /// Whether it has to be on the disk before it gets its name, so that it survives a loss of power. That takes its time.
    /// Off by default.
    pub fn durable(mut self, durable: bool) -> Self {
        self.wishes.durable = durable;
        self
    }

    /// What the file must hash to. It is hashed as it comes. Another one is [`ErrorKind::Checksum`](crate::ErrorKind::Checksum), and no file.
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.wishes.expect(checksum);
        self
    }

    /// The SHA-256 that the file must have, in hexadecimal: [`checksum`](Self::checksum). What is none comes out as
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) when this is awaited.
    pub fn sha256(mut self, hex: impl AsRef<str>) -> Self {
        match Checksum::sha256(hex) {
            Ok(checksum) => self.wishes.expect(checksum),
            Err(error) => self.invalid = Some(error),
        }
        self
    }

    /// Hashes the file as it comes: [`Saved::checksum`]. By another function than that of the
    /// [`checksum`](Self::checksum) that is expected it is [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption).
    pub fn hash(mut self, hash: Hash) -> Self {
        self.wishes.compute(hash);
        self
    }

    /// Calls this each time something has been written. It is called on the way: it should be quick.
    pub fn on_progress(mut self, watch: impl Fn(DownloadProgress) + MaybeSend + MaybeSync + 'static) -> Self {
        self.wishes.watch(watch);
        self
    }

    async fn run(self) -> Result<Saved> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        self.wishes.sound()?;
        let (path, replace) = self.target.path(&self.response);
        let place = Place::of(path, self.wishes.overwrite.unwrap_or(replace)).await?;
        let total = length(&self.response);
        let mut flow = Flow::new(self.response);
        let saved = write(&mut flow, total, &place, &self.wishes).await;
        saved.map_err(|error| flow.failed(error))
    }
}

impl IntoFuture for Save {
    type Output = Result<Saved>;
    type IntoFuture = BoxFuture<'static, Result<Saved>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save")
            .field("response", &self.response)
            .field("target", &self.target)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// The path for what this response gives, and whether what is there is replaced by default.
    pub(super) fn path(&self, response: &Response) -> (PathBuf, bool) {
        match self {
            Self::Path(path) => (path.clone(), true),
            Self::In(folder) => (folder.join(name(response)), false),
        }
    }
}

/// Where a file is to be, and what may happen to what is there.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) replace: bool,
    /// It is a device or a pipe, and is written to as it is.
    pub(super) is_special: bool,
}

impl Place {
    /// Looks whether it can be had, before anything is transferred.
    pub(super) async fn of(path: PathBuf, replace: bool) -> Result<Self> {
        let kind = disk::kind(&path).await?;
        let taken = match kind {
            Kind::Folder => Some("it is a folder"),
            Kind::File | Kind::Special if !replace => Some("it is there already"),
            _ => None,
        };
        match taken {
            Some(why) => Err(failed(&path, io::Error::new(io::ErrorKind::AlreadyExists, why))),
            None => Ok(Self { path, replace, is_special: kind == Kind::Special }),
        }
    }
}

/// The name that a response gives.
fn name(response: &Response) -> String {
    let told = response.content_disposition().and_then(|disposition| disposition.safe_file_name());
    let of_url = || safe_file_name(&decoded(response.url().path().rsplit('/').next()?));
    let name = told.or_else(of_url).unwrap_or_else(|| "download".to_owned());
    unlike_a_part(name)
}

/// A server does not choose what a download takes for what it has left.
fn unlike_a_part(name: String) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".part") || lower.ends_with(".part.state") { name + "_" } else { name }
}

/// Without its escapes; what is then no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent_decoded(text)).into_owned()
}

/// How long the file will be, where that is known.
pub(super) fn length(response: &Response) -> Option<u64> {
    response.content_length().filter(|_| !is_coded(response.headers()))
}

/// The whole body, to a temporary file that then gets the name.
pub(super) async fn write(
    flow: &mut Flow,
    total: Option<u64>,
    place: &Place,
    wishes: &Wishes,
) -> Result<Saved> {
    let sink = match place.is_special {
        true => Sink::existing(&place.path).await?,
        false => Sink::temporary(&place.path).await?,
    };
    let _left = sink.left();
    wishes.tell(0, total);
    let sink = sink.hashing(wishes.hash());
    let Poured { mut sink, count, end } =
        pour(flow, sink, u64::MAX, |count| wishes.tell(count, total)).await?;
    if let End::Cut(error) = end {
        return Err(error);
    }
    let checksum = sink.finish(wishes.durable && !place.is_special).await?;
    wishes.check(checksum.as_ref())?;
    sink.publish(&place.path, place.replace, wishes.durable).await?;
    Ok(Saved { path: place.path.clone(), bytes: count, resumed: 0, checksum })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::decoded;

    #[test]
    fn only_what_is_an_escape_is_decoded() {
        for (given, expected) in [
            ("a%20b", "a b"),
            ("%E2%82%ac", "€"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%FF", "\u{FFFD}"),
            ("%2e%2e%2F", "../"),
            ("", ""),
        ] {
            assert_eq!(decoded(given), expected, "{given}");
        }
    }
}
