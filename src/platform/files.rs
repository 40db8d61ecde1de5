//! Files as request bodies. Where there are none, asking for one is a typed error.

use std::path::Path;

use crate::body::Body;

use super::current;

impl Body {
    /// What a file holds, read as it is sent, in pieces of 128 KiB, with its length as `Content-Length`.
    ///
    /// It is opened when it is sent, and again each time it is sent again: by a retry, or by a redirect that keeps the
    /// body (307, 308). How long it is, is looked up here, which blocks for as long as the file system takes to say so.
    /// A file that is longer or shorter when it is opened, or that ends before, is an error. What is appended to it while
    /// it is being sent is not sent.
    ///
    /// What is no regular file, such as a pipe, is sent in chunks to its end, and once, as a [`stream`](Self::stream) is: it
    /// is not opened before it is sent, and never again after that. Where it would have to be sent again, a redirect is
    /// [`ErrorKind::BodyConsumed`](crate::ErrorKind::BodyConsumed), a retry is not made, and what a digest's challenge came
    /// with is the response.
    ///
    /// `Content-Type` is not guessed. How far the sending has come is told by
    /// [`on_upload`](crate::RequestBuilder::on_upload).
    ///
    /// Native. In a browser the request that has it is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// # Errors
    /// Those of the file end the request with [`ErrorKind::RequestBody`](crate::ErrorKind::RequestBody): the message
    /// names the path, and the last of its causes is the [`std::io::Error`]. Where the file cannot be found now, nothing is sent.
    ///
    /// # Cancellation
    /// Dropping the request's future closes the file, once a read that is under way has ended.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::Body;
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/report", Reply::status(201));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # let path = std::env::temp_dir().join(format!("dualfetch-doc-file-{}", std::process::id()));
    /// # std::fs::write(&path, "a report")?;
    /// # platform.run(async {
    /// let response = session.put("https://example.com/report").body(Body::file(&path)).await?;
    /// assert_eq!(response.status(), 201);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # assert_eq!(platform.calls()[0].body.as_deref(), Some(b"a report".as_slice()));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        current::files::body(path.as_ref())
    }
}
