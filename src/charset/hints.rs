use super::engine::Encoding;
use super::mime;

/// What is known of a body besides its bytes.
///
/// By default nothing is: the body is then read as if it were HTML, so that a `<meta>` in it counts.
///
/// ```
/// use dualfetch::charset::Hints;
///
/// let hints = Hints::new().content_type("text/html; charset=shift_jis").host("www.example.jp");
/// # let _ = hints;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hints {
    pub(super) label: Option<Encoding>,
    pub(super) kind: DocumentKind,
    /// In the form chardetng demands, or it would panic: lower case, ASCII, no dot.
    pub(super) top_level: Option<Box<str>>,
}

/// Where a document of this type may name its own encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DocumentKind {
    /// In a `<meta>`, else in an XML declaration. Also for a body of unknown type.
    #[default]
    Html,
    /// Nowhere: plain text, scripts, JSON.
    Other,
    /// In the XML declaration, else, since it is often read as HTML, in a `<meta>`.
    Xhtml,
    /// In the XML declaration only.
    Xml,
}

impl Hints {
    /// Hints that say nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the `Content-Type` header. It gives the charset and says whether the body can name one
    /// itself: HTML, XHTML and other XML (`text/xml`, `application/xml`, `*/*+xml`) can. A value that is no
    /// valid media type counts as none.
    #[must_use]
    pub fn content_type(mut self, value: &str) -> Self {
        let media_type = mime::extract(value);
        self.label = media_type
            .as_ref()
            .and_then(|media_type| media_type.charset.as_deref())
            .and_then(|label| Encoding::for_label(label.as_bytes()));
        self.kind = media_type.map_or(DocumentKind::Html, |media_type| DocumentKind::of(&media_type.essence));
        self
    }

    /// The host that the body came from. Its top-level domain tells the detector which language to expect; an
    /// internationalised one must be in its `xn--` form, as it is in a parsed URL, and does nothing
    /// otherwise.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host);
        let top_level = host.rsplit('.').next().unwrap_or_default();
        self.top_level =
            (!top_level.is_empty() && top_level.is_ascii()).then(|| top_level.to_ascii_lowercase().into());
        self
    }
}

impl DocumentKind {
    fn of(essence: &str) -> Self {
        match essence {
            // The last two are names by which servers say that they do not know.
            "text/html" | "application/unknown" | "unknown/unknown" => Self::Html,
            "application/xhtml+xml" => Self::Xhtml,
            "text/xml" | "application/xml" => Self::Xml,
            _ if essence.ends_with("+xml") => Self::Xml,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn top_level_is_the_last_label_in_lower_case() {
        let top_level = |host: &str| Hints::new().host(host).top_level.map(String::from);
        assert_eq!(top_level("www.Example.JP").as_deref(), Some("jp"));
        assert_eq!(top_level("example.ru.").as_deref(), Some("ru"));
        assert_eq!(top_level("localhost").as_deref(), Some("localhost"));
        assert_eq!(top_level("пример.рф"), None);
        assert_eq!(top_level(""), None);
        assert_eq!(top_level("."), None);
    }

    #[test]
    fn kind_follows_the_type() {
        let kind = |value: &str| Hints::new().content_type(value).kind;
        assert_eq!(kind("text/HTML"), DocumentKind::Html);
        assert_eq!(kind("nonsense"), DocumentKind::Html);
        assert_eq!(kind("application/xhtml+xml"), DocumentKind::Xhtml);
        assert_eq!(kind("image/svg+xml"), DocumentKind::Xml);
        assert_eq!(kind("text/plain"), DocumentKind::Other);
    }
}
