//! [`Problem`]: what went wrong, as an API tells it (RFC 9457).

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

/// The media type of these, as JSON.
const MEDIA_TYPE: &str = "application/problem+json";

/// How many characters of its words a message shows.
const SHOWN: usize = 300;

/// What "no type of its own" is called.
const BLANK: &str = "about:blank";

/// What went wrong, as an API tells it in `application/problem+json` (RFC 9457). The error of a status has it:
/// [`Error::problem`](crate::Error::problem). A response of which it is no error gives it by
/// [`json::<Problem>()`](crate::Response::json).
///
/// A member of another type than the RFC says counts as left out. All of it is a stranger's word.
///
/// ```
/// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
/// # let platform = Scripted::new(1);
/// # platform.on("https://api.example/orders", Reply::status(403)
/// #     .header("content-type", "application/problem+json")
/// #     .then(r#"{"type": "/problems/credit", "title": "Out of credit", "detail": "You have 30, it costs 50.", "balance": 30}"#));
/// let config = Config::new().raise_for_status(true);
/// # let session = Client::with_backend(config, platform.clone())?;
/// # platform.run(async {
/// let error = session.post("https://api.example/orders").json(&["tea"]).await.unwrap_err();
/// let problem = error.problem().unwrap();
/// assert_eq!(problem.type_uri, "https://api.example/problems/credit");
/// assert_eq!(problem.detail.as_deref(), Some("You have 30, it costs 50."));
/// assert_eq!(problem.extension("balance")?, Some(30));
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// `type`: which problem it is, as a URI; `about:blank` where none is told, and the status says all. Where it is
    /// relative, [`Error::problem`](crate::Error::problem) has it made absolute.
    pub type_uri: String,
    /// A short text for people, the same for every problem of this type.
    pub title: Option<String>,
    /// The status that the server gave it: a proxy may have changed that of the response.
    pub status: Option<u16>,
    /// What went wrong this time, for people.
    pub detail: Option<String>,
    /// This time's own URI, or a reference to be resolved as `type_uri` is.
    pub instance: Option<String>,
    extensions: Map<String, Value>,
}

impl Problem {
    /// A member that the RFC does not know, read as `T`; `None` where it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] where it is no `T`.
    pub fn extension<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.extensions.get(name) else { return Ok(None) };
        T::deserialize(value).map(Some).map_err(|error| {
            Error::new(ErrorKind::Json)
                .with_message(format!("the problem's member {name:?}: {error}"))
                .with_source(error)
        })
    }

    /// The names of the members that the RFC does not know.
    pub fn extension_names(&self) -> impl Iterator<Item = &str> {
        self.extensions.keys().map(String::as_str)
    }

    /// Whether a body of this type is one.
    pub(crate) fn is_told_by(essence: &str) -> bool {
        essence == MEDIA_TYPE
    }

    /// What this body tells that came from `url`; `None` where it is no JSON object.
    pub(crate) fn read(body: &[u8], url: &Url) -> Option<Self> {
        let mut problem: Self = serde_json::from_slice(body).ok()?;
        problem.type_uri = absolute(problem.type_uri, url);
        problem.instance = problem.instance.map(|instance| absolute(instance, url));
        Some(problem)
    }

    /// For people, in one line.
    pub(crate) fn in_words(&self) -> Option<String> {
        let told: Vec<&str> = [&self.title, &self.detail].into_iter().filter_map(Option::as_deref).collect();
        let words = told.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then(|| words.chars().take(SHOWN).map(shown).collect())
    }

    fn from_members(mut members: Map<String, Value>) -> Self {
        let mut text = |name| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let type_uri = text("type").unwrap_or_else(|| BLANK.to_owned());
        let (title, detail, instance) = (text("title"), text("detail"), text("instance"));
        let status = members.remove("status").as_ref().and_then(Value::as_u64);
        let status =
            status.and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status));
        Self { type_uri, title, status, detail, instance, extensions: members }
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from_members)
    }
}

/// A message is printed: what a terminal obeys, or what turns the direction of the text around it, is shown as U+FFFD.
fn shown(c: char) -> char {
    match c {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    }
}

/// The reference, resolved where it has no scheme of its own.
fn absolute(reference: String, base: &Url) -> String {
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme);
    let is_absolute = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    match base.join(&reference) {
        Ok(url) if !is_absolute => url.as_str().to_owned(),
        _ => reference,
    }
}
