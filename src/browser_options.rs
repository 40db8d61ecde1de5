//! Options that a browser's own `fetch` takes and nothing else knows: inert data on every target.

/// What a browser's `fetch` can be told beside the shared options (WHATWG Fetch, `RequestInit`).
///
/// What is left out is not passed on, so the platform's own default holds: some run-times refuse fields that they do
/// not know. Natively each of these is [`Unsupported`](crate::ErrorKind::Unsupported), by name.
///
/// ```
/// use dualfetch::browser_options::{BrowserOptions, Credentials};
///
/// let options = BrowserOptions::new().credentials(Credentials::Include).keepalive(true);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserOptions {
    pub(crate) cache: Option<Cache>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) integrity: Option<String>,
    pub(crate) keepalive: Option<bool>,
    pub(crate) mode: Option<Mode>,
    pub(crate) priority: Option<Priority>,
    pub(crate) referrer: Option<String>,
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
}

impl BrowserOptions {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the browser's HTTP cache is used. The browser's default: [`Cache::Default`].
    #[must_use]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Whether the browser's cookies and its authentication go along. The browser's default: to the page's own origin.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The hashes that the body must match (Subresource Integrity), as in `sha256-…`. A body that does not is
    /// [`Network`](crate::ErrorKind::Network). Outside a page only where redirects are not followed. Default none.
    #[must_use]
    pub fn integrity(mut self, integrity: impl Into<String>) -> Self {
        self.integrity = Some(integrity.into());
        self
    }

    /// Whether the request may outlive the page. Browsers then bound the body, to 64 KiB. Default no.
    #[must_use]
    pub fn keepalive(mut self, keepalive: bool) -> Self {
        self.keepalive = Some(keepalive);
        self
    }

    /// What other origins may answer. The browser's default: [`Mode::Cors`].
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How urgent it is beside the page's other requests. The browser's default: automatic.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The URL to name as the referrer, of the page's own origin; empty for none. The browser's default: the page's
    /// URL.
    #[must_use]
    pub fn referrer(mut self, referrer: impl Into<String>) -> Self {
        self.referrer = Some(referrer.into());
        self
    }

    /// How much of the referrer is told (Referrer Policy). The browser's default: the page's policy.
    #[must_use]
    pub fn referrer_policy(mut self, policy: ReferrerPolicy) -> Self {
        self.referrer_policy = Some(policy);
        self
    }

    /// What this sets, and `base` for the rest.
    pub(crate) fn over(&self, base: Option<&Self>) -> Self {
        let Some(base) = base.cloned() else { return self.clone() };
        let own = self.clone();
        Self {
            cache: own.cache.or(base.cache),
            credentials: own.credentials.or(base.credentials),
            integrity: own.integrity.or(base.integrity),
            keepalive: own.keepalive.or(base.keepalive),
            mode: own.mode.or(base.mode),
            priority: own.priority.or(base.priority),
            referrer: own.referrer.or(base.referrer),
            referrer_policy: own.referrer_policy.or(base.referrer_policy),
        }
    }

    /// Every field that is set, by its name in `RequestInit`.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, Field<'_>)> {
        let text = |text: Option<&'static str>| text.map(Field::Text);
        [
            ("cache", text(self.cache.map(Cache::as_str))),
            ("credentials", text(self.credentials.map(Credentials::as_str))),
            ("integrity", self.integrity.as_deref().map(Field::Text)),
            ("keepalive", self.keepalive.map(Field::Flag)),
            ("mode", text(self.mode.map(Mode::as_str))),
            ("priority", text(self.priority.map(Priority::as_str))),
            ("referrer", self.referrer.as_deref().map(Field::Text)),
            ("referrerPolicy", text(self.referrer_policy.map(ReferrerPolicy::as_str))),
        ]
        .into_iter()
        .filter_map(|(name, field)| Some((name, field?)))
    }

    /// The name of one that is set.
    pub(crate) fn first_set(&self) -> Option<&'static str> {
        self.fields().next().map(|(name, _)| name)
    }
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    Flag(bool),
    Text(&'a str),
}

/// A closed set of words, each with its spelling in the Fetch standard.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            /// The standard's word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::error::Error;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(unknown(word, concat!($(", ", $word),*))),
                }
            }
        }
    };
}

words! {
    /// How the browser's HTTP cache is used.
    Cache {
        /// As HTTP says.
        Default = "default",
        /// From the cache, however old; the network where it has none.
        ForceCache = "force-cache",
        /// The network, after asking whether the cached answer still holds.
        NoCache = "no-cache",
        /// The network, and nothing is stored.
        NoStore = "no-store",
        /// The cache alone; needs [`Mode::SameOrigin`].
        OnlyIfCached = "only-if-cached",
        /// The network, and the answer is stored.
        Reload = "reload",
    }
}

words! {
    /// Whether the browser's cookies and its authentication go along.
    Credentials {
        /// To every origin.
        Include = "include",
        /// Never.
        Omit = "omit",
        /// To the page's own origin.
        SameOrigin = "same-origin",
    }
}

words! {
    /// What other origins may answer.
    Mode {
        /// What they allow by CORS.
        Cors = "cors",
        /// It is sent, and nothing of the answer is shown: [`Opaque`](crate::ErrorKind::Opaque).
        NoCors = "no-cors",
        /// Another origin is not asked at all: [`Network`](crate::ErrorKind::Network).
        SameOrigin = "same-origin",
    }
}

words! {
    /// How urgent a request is beside the page's other ones.
    Priority {
        /// As the browser thinks fit.
        Auto = "auto",
        /// More urgent than others of its kind.
        High = "high",
        /// Less urgent than others of its kind.
        Low = "low",
    }
}

words! {
    /// How much of the referrer is told (Referrer Policy).
    ReferrerPolicy {
        /// Nothing.
        NoReferrer = "no-referrer",
        /// All of it, unless the way is less secure.
        NoReferrerWhenDowngrade = "no-referrer-when-downgrade",
        /// The origin.
        Origin = "origin",
        /// All of it to the own origin, the origin to others.
        OriginWhenCrossOrigin = "origin-when-cross-origin",
        /// All of it to the own origin, nothing to others.
        SameOrigin = "same-origin",
        /// The origin, unless the way is less secure.
        StrictOrigin = "strict-origin",
        /// All of it to the own origin, the origin to others unless the way is less secure.
        StrictOriginWhenCrossOrigin = "strict-origin-when-cross-origin",
        /// All of it, to everyone.
        UnsafeUrl = "unsafe-url",
    }
}

/// The error of a word that is none of these, which are written with a comma before each.
fn unknown(word: &str, known: &str) -> crate::error::Error {
    let known = known.strip_prefix(", ").unwrap_or(known);
    crate::error::Error::new(crate::error::ErrorKind::InvalidOption { option: "browser" })
        .with_message(format!("{word:?} is none of {known}"))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_a_request_sets_stands_over_what_its_session_sets() {
        let session = BrowserOptions::new().mode(Mode::SameOrigin).keepalive(true);
        let request = BrowserOptions::new().mode(Mode::Cors).referrer("");
        let both = request.over(Some(&session));
        let fields: Vec<_> = both.fields().collect();
        assert_eq!(
            fields,
            [("keepalive", Field::Flag(true)), ("mode", Field::Text("cors")), ("referrer", Field::Text("")),]
        );
    }

    #[test]
    fn words_are_those_of_the_standard_and_others_are_named() {
        assert_eq!("no-store".parse::<Cache>().expect("a word").as_str(), "no-store");
        let error = "sometimes".parse::<Credentials>().expect_err("no such word");
        assert!(error.to_string().contains("sometimes") && error.to_string().contains("include"), "{error}");
    }
}
