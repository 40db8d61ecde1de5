//! Bodies into files: [`Response::save`](crate::Response::save) for a response that is there, and downloads that go on
//! where they were cut off. (A file as a request's body is [`Body::file`](crate::Body::file).)
//!
//! A file gets its name when it is whole: under that name there is the old one or the new one, never a part. Native; in a
//! browser everything here is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).

mod download;
mod known;
mod loading;
mod outcome;
mod parallel;
mod partial;
mod pouring;
mod save;

pub use crate::checksum::{Checksum, Hash};
pub use download::Download;
pub use outcome::{DownloadProgress, Saved};
pub use save::Save;
