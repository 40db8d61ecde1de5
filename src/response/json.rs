//! A body as JSON.

use crate::body::BoxError;
use crate::error::{Error, ErrorKind, Result};

use super::Response;

#[cfg(feature = "json")]
impl Response {
    /// The whole body read as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::ContentType`] when it is neither `application/json`, `text/json` nor
    /// `*+json` (WHATWG MIME Sniffing, "JSON MIME type"); [`ErrorKind::Json`] when it is not what was asked for. Both
    /// tell the body's first bytes.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn json<T: serde::de::DeserializeOwned>(self) -> Result<T> {
        self.json_with(|text| serde_json::from_slice(text)).await
    }

    /// As [`json`](Self::json), whatever the content type: for servers that send JSON as `text/plain`.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("[1, 2]").header("content-type", "text/plain"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let numbers: Vec<u8> = session.get("https://example.com/").await?.json_of_any_type().await?;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::Json`] when it is not what was asked for, with the body's first bytes.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn json_of_any_type<T: serde::de::DeserializeOwned>(self) -> Result<T> {
        self.json_of(|_| true, |text| serde_json::from_slice(text)).await
    }
}

impl Response {
    /// The whole body read as JSON by a parser of one's own, which is given it without a byte order mark.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("[1, 2").header("content-type", "application/json"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let response = session.get("https://example.com/").await?;
    /// // Such as `serde_json::from_slice`, or a faster one's.
    /// let count = response.json_with(|text| Ok::<_, std::io::Error>(text.split(|byte| *byte == b',').count())).await?;
    /// assert_eq!(count, 2);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::ContentType`] when it is neither `application/json`, `text/json` nor
    /// `*+json`; [`ErrorKind::Json`] with the parser's error as its source. Both tell the body's first bytes.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn json_with<T, E: Into<BoxError>>(
        self,
        parse: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T> {
        self.json_of(is_json, parse).await
    }

    async fn json_of<T, E: Into<BoxError>>(
        self,
        accepts: impl FnOnce(&str) -> bool,
        parse: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T> {
        let content_type = self.content_type().unwrap_or_default().to_owned();
        let (url, attempts) = (self.url.clone(), self.attempts);
        let bytes = self.bytes().await?;
        let parsed = match accepts(&content_type) {
            true => parse(without_mark(&bytes)).map_err(|error| {
                let error = error.into();
                Error::new(ErrorKind::Json)
                    .with_message(format!("{error}; the body starts {}", start(&bytes)))
                    .with_source(error)
            }),
            false => Err(Error::new(ErrorKind::ContentType)
                .with_message(format!("{content_type:?} is not JSON; the body starts {}", start(&bytes)))),
        };
        parsed.map_err(|error| error.with_url(&url).with_attempts(attempts))
    }
}

/// A byte order mark is no part of JSON: parsers may ignore it (RFC 8259, section 8.1), and browsers do.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The media type without its parameters, in lower case.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase()
}

fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    matches!(essence.as_str(), "application/json" | "text/json") || essence.ends_with("+json")
}

/// The first bytes of a body for a message.
pub(super) fn start(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]))
}
