//! Files that are written.

mod claim;
mod opened;
mod part;
mod sink;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use ring::digest::{SHA256, digest};

use crate::checksum::hex;
use crate::error::{Error, Result};
use crate::platform::places::{Kind, failed};

use super::blocking::blocking;

pub(crate) use claim::Claim;
pub(crate) use part::Part;
pub(crate) use sink::Sink;

/// What stands under a name.
pub(crate) async fn kind(path: &Path) -> Result<Kind> {
    let looked = on(path, |path| match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Kind::Folder),
        Ok(meta) if meta.is_file() && !is_descriptor(path) => Ok(Kind::File),
        Ok(_) => Ok(Kind::Special),
        // A link that leads nowhere is there all the same, and is replaced.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Ok(Kind::File),
            Err(_) => Ok(Kind::Nothing),
        },
        Err(error) => Err(error),
    });
    looked.await.map(|(_, kind)| kind)
}

/// `/dev/stdout`, `/dev/fd/1` and the like, whatever they lead to.
fn is_descriptor(path: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder(path)) else { return false };
    let is_standard = ["stdin", "stdout", "stderr"].iter().any(|name| path.ends_with(name));
    cfg!(unix)
        && (is_standard && folder == Path::new("/dev")
            || folder.ends_with("fd") && (folder.starts_with("/proc") || folder.starts_with("/dev")))
}

/// A small file's content; `None` where there is none that can only be ours, and where it is larger than `most`.
pub(crate) async fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let read = on(path, move |path| {
        let Some(file) = opened::open_ours(path)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(most + 1).read_to_end(&mut content)?;
        Ok((content.len() as u64 <= most).then_some(content))
    });
    read.await.map(|(_, content)| content)
}

/// What a text comes to, without saying what it was: half of its SHA-256, in hexadecimal digits.
pub(crate) fn fingerprint(text: &str) -> String {
    hex(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Does something with a file that may block.
async fn on<T: Send + Unpin + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<(Arc<Path>, T)> {
    let path: Arc<Path> = path.into();
    let on = Arc::clone(&path);
    match blocking(move || work(&on)).await? {
        Ok(done) => Ok((path, done)),
        Err(error) => Err(failed(&path, error)),
    }
}

fn refused(path: &Path, why: &str) -> Error {
    failed(path, io::Error::new(io::ErrorKind::InvalidInput, why))
}
