//! A body of parts.

use crate::error::Result;
use crate::multipart::Reader;

use super::Response;

impl Response {
    /// The parts of the body, as they come, where it is a `multipart/…`: a form, `byteranges`, `mixed`, `x-mixed-replace`.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # let reply = Reply::status(206).header("content-type", "multipart/byteranges; boundary=b");
    /// # platform.on("https://example.com/", reply.then("--b\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--b--\r\n"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut parts = session.get("https://example.com/").header("range", "bytes=0-1,7-8").await?.multipart()?;
    /// while let Some(part) = parts.next().await? {
    ///     assert_eq!(part.headers()["content-range"], "bytes 0-1/9");
    ///     assert_eq!(part.bytes().await?, "ab");
    /// }
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`](crate::ErrorKind::ContentType) for another type, and for one without a boundary. What
    /// is wrong with the body the [`Reader`] tells.
    pub fn multipart(self) -> Result<Reader<'static>> {
        let (url, attempts, supply, max_body) =
            (self.url.clone(), self.attempts, self.supply(), self.max_body);
        let content_type = self.content_type().unwrap_or_default().to_owned();
        match Reader::new(&content_type, self) {
            Ok(reader) => Ok(reader.told(url, attempts).with_supply(supply).max_part(max_body)),
            Err(error) => Err(error.with_url(&url).with_attempts(attempts)),
        }
    }
}
