//! [`EventId`].

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The id of an event: text that is cheap to clone, since all events share it that have it. It derefs to `str`.
///
/// ```
/// use dualfetch::event_stream::EventId;
///
/// let id = EventId::from("7");
/// assert_eq!(id, "7");
/// assert_eq!(id.parse(), Ok(7));
/// let kept: String = id.into();
/// # assert_eq!(kept, "7");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for EventId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for EventId {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for EventId {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for EventId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for EventId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<Cow<'_, str>> for EventId {
    fn from(id: Cow<'_, str>) -> Self {
        Self(id.into())
    }
}

impl From<&String> for EventId {
    fn from(id: &String) -> Self {
        Self(id.as_str().into())
    }
}

impl From<&Self> for EventId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.as_str().to_owned()
    }
}

impl PartialEq<str> for EventId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for EventId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
