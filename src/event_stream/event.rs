//! [`ServerEvent`].

use std::time::Duration;

use super::EventId;

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerEvent {
    /// Its name: `message` where the server gives none.
    pub event: String,
    /// Its data, the lines of which are joined by LF. May be empty; an event that has no `data` at all is none.
    pub data: String,
    /// The stream's last event id as of this event: its own, or that of an earlier one. Empty where there is none.
    pub id: EventId,
    /// The reconnection time, where the server has set it since the event before.
    pub retry: Option<Duration>,
}

impl ServerEvent {
    /// Its data, read as JSON.
    ///
    /// ```
    /// use dualfetch::event_stream::EventParser;
    ///
    /// let mut bytes = b"data: {\"text\": \"hello\"}\n\n".as_slice();
    /// let event = EventParser::new().next(&mut bytes)?.expect("an event");
    /// let data: serde_json::Value = event.json()?;
    /// assert_eq!(data["text"], "hello");
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Json`](crate::ErrorKind::Json) when it is not what was asked for, with how the data starts.
    #[cfg(feature = "json")]
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> crate::error::Result<T> {
        serde_json::from_str(&self.data).map_err(|error| {
            let start: String = self.data.chars().take(80).collect();
            crate::error::Error::new(crate::error::ErrorKind::Json)
                .with_message(format!("{error}; the data of the event {:?} starts {start:?}", self.event))
                .with_source(error)
        })
    }
}
