//! [`Kept`]: the file system, with files that are there compressed, too: done when one is first asked for, and kept.

use std::collections::HashMap;
use std::fs::Metadata as FileMetadata;
use std::future::Future;
use std::io::{self, Cursor, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use async_compression::Level;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder};
use bytes::Bytes;
use tokio::fs::File as Open;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tower_http::services::fs::{Backend, File, Metadata};

/// Of Brotli and gzip. The page's WebAssembly of 471 kB becomes 189 kB in 0.2 s by it; by 11, Brotli's best, 173 kB in
/// 1.4 s, for which its first visitor would wait.
const QUALITY: i32 = 9;
/// What has a larger one is served as it is.
const LARGEST: u64 = 16 << 20;

/// Whether a path is that of a file as it is kept here.
pub(super) fn is_kept(path: &Path) -> bool {
    split(path).is_some()
}

/// The file system. A file `name` is also there as `name.br` and `name.gz`. Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<Mutex<HashMap<PathBuf, Version>>>);

/// What a file was compressed to, and of when that is.
#[derive(Clone, Debug)]
struct Version {
    about: About,
    /// Empty until one has done it; who comes meanwhile waits for that.
    content: Arc<OnceCell<Bytes>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
}

/// The file that a path is of, and the encoding that it asks for.
fn split(path: &Path) -> Option<(PathBuf, Encoding)> {
    let encoding = match path.extension()?.to_str()? {
        "br" => Encoding::Brotli,
        "gz" => Encoding::Gzip,
        _ => return None,
    };
    Some((path.with_extension(""), encoding))
}

impl Kept {
    async fn find(&self, path: PathBuf) -> io::Result<Found> {
        let Some((original, encoding)) = split(&path) else {
            let file = Open::open(&path).await?;
            let about = About::of(&file.metadata().await?)?;
            return Ok(Found { about, content: Content::Plain(file) });
        };
        let mut about = About::of(&tokio::fs::metadata(&original).await?)?;
        if about.is_folder || about.length > LARGEST || !is_worth_it(&original) {
            // Then it is served as it is.
            return Err(io::ErrorKind::NotFound.into());
        }
        let version = {
            let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Version { about, content: Arc::default() };
            let version = versions.entry(path).or_insert_with(fresh);
            if version.about != about {
                *version = fresh();
            }
            version.clone()
        };
        let content = version.content.get_or_try_init(|| compressed(original, encoding)).await?.clone();
        about.length = content.len() as u64;
        // Entity tags are made of time and length, and these are other bytes.
        about.modified += Duration::from_nanos(1 + encoding as u64);
        Ok(Found { about, content: Content::Kept(Cursor::new(content)) })
    }
}

fn is_worth_it(path: &Path) -> bool {
    const ENDINGS: [&str; 13] =
        ["cjs", "css", "cts", "html", "js", "json", "map", "md", "mjs", "mts", "svg", "ts", "wasm"];
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|own| ending == *own))
}

async fn compressed(path: PathBuf, encoding: Encoding) -> io::Result<Bytes> {
    let content = Cursor::new(tokio::fs::read(path).await?);
    let work = async move {
        let mut out = Vec::new();
        let level = Level::Precise(QUALITY);
        match encoding {
            Encoding::Brotli => BrotliEncoder::with_quality(content, level).read_to_end(&mut out).await?,
            Encoding::Gzip => GzipEncoder::with_quality(content, level).read_to_end(&mut out).await?,
        };
        Ok(out.into())
    };
    // On a thread of its own: while it lasts, others are answered. This is native code alone.
    #[allow(clippy::disallowed_methods)]
    let done = tokio::task::spawn_blocking(|| Handle::current().block_on(work));
    done.await.map_err(io::Error::other)?
}

impl Backend for Kept {
    type File = Found;
    type Metadata = About;
    type OpenFuture = Pin<Box<dyn Future<Output = io::Result<Found>> + Send>>;
    type MetadataFuture = Pin<Box<dyn Future<Output = io::Result<About>> + Send>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let kept = self.clone();
        Box::pin(async move { kept.find(path).await })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let kept = self.clone();
        Box::pin(async move { Ok(kept.find(path).await?.about) })
    }
}

/// What is asked of a file before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    is_folder: bool,
    length: u64,
    modified: SystemTime,
}

impl About {
    fn of(metadata: &FileMetadata) -> io::Result<Self> {
        Ok(Self { is_folder: metadata.is_dir(), length: metadata.len(), modified: metadata.modified()? })
    }
}

impl Metadata for About {
    fn is_dir(&self) -> bool {
        self.is_folder
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Ok(self.modified)
    }

    fn len(&self) -> u64 {
        self.length
    }
}

/// A file that was opened.
#[derive(Debug)]
pub(super) struct Found {
    about: About,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Plain(Open),
    Kept(Cursor<Bytes>),
}

impl File for Found {
    type Metadata = About;
    type MetadataFuture<'a> = std::future::Ready<io::Result<About>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        std::future::ready(Ok(self.about))
    }
}

impl AsyncRead for Found {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.content {
            Content::Plain(file) => Pin::new(file).poll_read(cx, into),
            Content::Kept(bytes) => Pin::new(bytes).poll_read(cx, into),
        }
    }
}

impl AsyncSeek for Found {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        match &mut self.content {
            Content::Plain(file) => Pin::new(file).start_seek(to),
            Content::Kept(bytes) => Pin::new(bytes).start_seek(to),
        }
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match &mut self.content {
            Content::Plain(file) => Pin::new(file).poll_complete(cx),
            Content::Kept(bytes) => Pin::new(bytes).poll_complete(cx),
        }
    }
}
