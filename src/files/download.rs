//! [`Download`]: a request's answer into a file, with what was cut off gone on with.

use std::fmt;
use std::future::IntoFuture;
use std::path::Path;

use crate::checksum::{Checksum, Hash};
use crate::error::Result;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::{Request, RequestBuilder};
use crate::session::Session;

use super::loading::Loading;
use super::outcome::{DownloadProgress, Saved, Wishes};
use super::save::Target;

/// A download to a file: made by [`RequestBuilder::download`] or
/// [`SessionExt::download`](crate::SessionExt::download), done by awaiting it.
#[must_use = "nothing is downloaded until it is awaited"]
pub struct Download<'a, S: ?Sized> {
    session: &'a S,
    request: Result<Request>,
    plan: Plan,
}

/// How it is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) wishes: Wishes,
    pub(super) resumes: bool,
    pub(super) attempts: u32,
    pub(super) parallel: u32,
}

impl<'a, S: Session + ?Sized> RequestBuilder<&'a S> {
    /// Sends the request and saves the answer to a file, going on where it is cut off: within this call, and where an
    /// earlier call was ended.
    ///
    /// It is written to `NAME.part`, which gets the name when it is whole. Beside it stands `NAME.part.state`: of which
    /// version of the file it is, by the strong `ETag` or else the `Last-Modified` of the response. A request that goes on
    /// asks for the rest of that version (`Range` with `If-Range`: RFC 9110, sections 13.1.5 and 14.2), so that parts of two versions never
    /// come together: where there is another one, or the server knows no ranges, the file is begun anew. A file of no such
    /// validator, or one that the server compresses though it is asked not to, is begun anew each time, and leaves no part.
    /// Only GET requests are gone on with.
    ///
    /// A download that has begun is gone on with after whatever may pass: the connection's end, no connection, a name that
    /// does not resolve, timeouts but for the queue and the wall clock, and statuses such as 503. There are pauses as
    /// [`Retry::standard`](crate::Retry::standard) makes them. A failure before that is for the session's
    /// [`Retry`](crate::Retry). Timeouts bound each request of it: [`Timeout::total`](crate::Timeout::total), too, which is 5 minutes by default,
    /// after which the next request goes on; a file that would have to be begun anew ends with it.
    ///
    /// Only one download has a path at a time: a second one is refused, on Unix one of another process, too. A part is
    /// known by its whole URL, but for parameters that sign it (`X-Amz-`, `X-Goog-`). One that is of another URL, or may
    /// be somebody else's (a link, another owner's, of several names), stays until the file comes, and is replaced then.
    ///
    /// What has the name is replaced; a device or a pipe is written to, in one go.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, ErrorKind, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # let part = |start: &'static str| Reply::ok(start).header("etag", "\"1\"").header("content-length", "11");
    /// # platform.on("https://example.com/hello", part("hello").fail(ErrorKind::Disconnected));
    /// # platform.on("https://example.com/hello", Reply::status(206).header("etag", "\"1\"").header("content-range", "bytes 5-10/11").then(" world"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # let path = std::env::temp_dir().join(format!("dualfetch-doc-download-{}", std::process::id()));
    /// # platform.run(async {
    /// let saved = session
    ///     .get("https://example.com/hello")
    ///     .download(&path)
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
    /// Those of the request; [`ErrorKind::Status`](crate::ErrorKind::Status) for every status but 200, 203 and 206,
    /// whatever `raise_for_status` says; [`ErrorKind::File`](crate::ErrorKind::File);
    /// [`ErrorKind::Checksum`](crate::ErrorKind::Checksum), after which nothing is left;
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) for a part that is not the one asked for;
    /// [`ErrorKind::InvalidHeader`](crate::ErrorKind::InvalidHeader) where the request has a `Range` or `If-Range` of its own.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer. The part stays where it can be gone on with.
    pub fn download(self, path: impl AsRef<Path>) -> Download<'a, S> {
        Download::new(self, Target::Path(path.as_ref().to_owned()))
    }

    /// Downloads the answer as [`download`](Self::download) does, into this folder, under the name that the response
    /// gives, as with [`Response::save_in`](crate::Response::save_in): a file that is there is not replaced, unless that is asked for.
    pub fn download_in(self, folder: impl AsRef<Path>) -> Download<'a, S> {
        Download::new(self, Target::In(folder.as_ref().to_owned()))
    }
}

impl<'a, S: Session + ?Sized> Download<'a, S> {
    fn new(builder: RequestBuilder<&'a S>, target: Target) -> Self {
        let plan = Plan { target, wishes: Wishes::default(), resumes: true, attempts: 5, parallel: 1 };
        Self { session: builder.session, request: builder.request, plan }
    }

    /// Whether what an earlier call has left is gone on with, and a part left for a later one; otherwise the file is
    /// begun anew, and nothing is left after a failure. Within this call it is gone on with all the same. On by default.
    pub fn resume(mut self, resume: bool) -> Self {
        self.plan.resumes = resume;
        self
    }

    /// How many requests in a row may fail of which none but the first has brought anything new: with 1 the first failure
    /// ends it. 0 counts as 1. 5 by default.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.plan.attempts = attempts.max(1);
        self
    }

    /// How many parts of the file may come at once, each by a request of its own under the session's limits. Only where
    /// the server says that it gives ranges (`Accept-Ranges`), the file has a validator and a known length, and a part is 1 MiB at least; otherwise the
    /// file comes as one. A part that fails is asked for again on its own. 0 counts as 1. 1 by default: to take more than
    /// one's share of a server is to be chosen.
    pub fn parallel(mut self, parts: u32) -> Self {
        self.plan.parallel = parts.max(1);
        self
    }

    /// Whether a file of that name is replaced: see [`Save::overwrite`](super::Save::overwrite).
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.plan.wishes.overwrite = Some(overwrite);
        self
    }

    /// Whether it has to be on the disk before it gets its name: see [`Save::durable`](super::Save::durable). What is noted
    /// of several parts is then on the disk, too. Without it, and of a part that comes as one, a loss of power may leave a
    /// part that is not what is noted of it: a checksum tells.
    pub fn durable(mut self, durable: bool) -> Self {
        self.plan.wishes.durable = durable;
        self
    }

    /// What the file must hash to. It is hashed as it comes or, where it did not come in one piece, read again at the end. Another one is
    /// [`ErrorKind::Checksum`](crate::ErrorKind::Checksum), and no file.
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.plan.wishes.expect(checksum);
        self
    }

    /// The SHA-256 that the file must have, in hexadecimal: see [`Save::sha256`](super::Save::sha256).
    pub fn sha256(mut self, hex: impl AsRef<str>) -> Self {
        match Checksum::sha256(hex) {
            Ok(checksum) => self.plan.wishes.expect(checksum),
            Err(error) => self.request = self.request.and(Err(error)),
        }
        self
    }

    /// Hashes the file: [`Saved::checksum`]. See [`Save::hash`](super::Save::hash).
    pub fn hash(mut self, hash: Hash) -> Self {
        self.plan.wishes.compute(hash);
        self
    }

    /// Calls this each time something has been written, and when a request has begun. It is called on the way: it should
    /// be quick. What it is told may become less, where the file is begun anew.
    pub fn on_progress(mut self, watch: impl Fn(DownloadProgress) + MaybeSend + MaybeSync + 'static) -> Self {
        self.plan.wishes.watch(watch);
        self
    }
}

impl<'a, S: Session + ?Sized> IntoFuture for Download<'a, S> {
    type Output = Result<Saved>;
    type IntoFuture = BoxFuture<'a, Result<Saved>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Loading::new(self.session, self.request?, self.plan)?.run().await })
    }
}

impl<S: ?Sized> fmt::Debug for Download<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("request", &self.request)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
