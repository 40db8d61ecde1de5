//! Parts of a file: which are there, and what an answer to a request for one gives (RFC 9110, sections 13.1.5 and 14).

mod spans;

use std::fmt::Display;
use std::time::{Duration, UNIX_EPOCH};

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, HeaderName, LAST_MODIFIED,
};
use http::{HeaderMap, StatusCode};

pub(crate) use spans::Spans;

/// What tells one version of a file from another, byte by byte: as `If-Range` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validator {
    Tag(String),
    Date(String),
}

impl Validator {
    /// That of a response. A weak tag is none, and a date beside one must not be used, nor one of the second in which the
    /// answer was made: the file may have changed again in it (sections 8.8.2.2 and 13.1.5).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        if let Some(tag) = headers.get(ETAG) {
            let tag = tag.to_str().ok()?.trim_ascii();
            let is_strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
            return is_strong.then(|| Self::Tag(tag.to_owned()));
        }
        let modified = text(headers, &LAST_MODIFIED)?;
        let [changed, made] = [modified, text(headers, &DATE)?].map(seconds);
        (changed? < made?).then(|| Self::Date(modified.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Date(text) | Self::Tag(text) => text,
        }
    }

    /// Whether these are another version's, where they tell.
    fn is_other(&self, headers: &HeaderMap) -> bool {
        let told = match self {
            Self::Date(_) => text(headers, &LAST_MODIFIED),
            Self::Tag(_) => text(headers, &ETAG),
        };
        told.is_some_and(|told| told != self.as_str())
    }
}

/// A part that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) from: u64,
    /// One past its last byte; `None` where everything behind was asked for.
    pub(crate) to: Option<u64>,
    pub(crate) validator: Validator,
    /// How long the file is, where that is known.
    pub(crate) total: Option<u64>,
}

impl Asked {
    /// As `Range` has it.
    pub(crate) fn range(&self) -> String {
        match self.to {
            Some(to) => format!("bytes={}-{}", self.from, to.saturating_sub(1)),
            None => format!("bytes={}-", self.from),
        }
    }
}

/// What an answer gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// What was asked for, or the beginning of it: up to here.
    Part { to: u64, total: Option<u64> },
    /// All of the file, from its start.
    Whole,
    /// Nothing: the file ends just where was asked to go on.
    Complete,
    /// Nothing that goes with what is there. The file is another one, or shorter.
    Another,
    /// No file.
    Failure,
}

/// What an answer gives.
///
/// # Errors
/// What is wrong with it, where it cannot be what it says.
pub(crate) fn given(
    asked: Option<&Asked>,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Given, &'static str> {
    match (status, asked) {
        (StatusCode::PARTIAL_CONTENT, None) => Err("it is a part of the file, and none was asked for"),
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => part(asked, headers),
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(asked)) => {
            let length = match text(headers, &CONTENT_RANGE).and_then(content_range) {
                Some((None, length)) => length,
                _ => asked.total,
            };
            let is_end = length == Some(asked.from) && asked.total.is_none_or(|total| total == asked.from);
            Ok(if is_end && !asked.validator.is_other(headers) { Given::Complete } else { Given::Another })
        }
        // Others bring no file, or none that is the answer.
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => Ok(Given::Whole),
        _ => Ok(Given::Failure),
    }
}

fn part(asked: &Asked, headers: &HeaderMap) -> Result<Given, &'static str> {
    // A part has the tag that the whole file would have (section 15.3.7), so one without is of who knows what.
    let is_known = matches!(asked.validator, Validator::Date(_)) || headers.contains_key(ETAG);
    if !is_known || asked.validator.is_other(headers) {
        return Ok(Given::Another);
    }
    if is_coded(headers) {
        return Err("it is a part of the compressed file");
    }
    let Some(range) = text(headers, &CONTENT_RANGE) else {
        return Err("it is a part of the file, and does not say which");
    };
    let Some((Some((from, last)), total)) = content_range(range) else {
        return Err("its Content-Range cannot be read");
    };
    let to = last.saturating_add(1);
    if from != asked.from {
        return Err("it is not the part of the file that was asked for");
    }
    if asked.to.is_some_and(|wanted| to > wanted) || total.is_some_and(|total| to > total) {
        return Err("its Content-Range ends where it cannot");
    }
    let length = text(headers, &CONTENT_LENGTH).map(str::parse::<u64>);
    if length.is_some_and(|length| length != Ok(to - from)) {
        return Err("its Content-Length is not that of its Content-Range");
    }
    match (total, asked.total) {
        (Some(told), Some(known)) if told != known => Ok(Given::Another),
        (total, known) => Ok(Given::Part { to, total: total.or(known) }),
    }
}

/// Whether a server says that it gives parts.
pub(crate) fn gives_parts(headers: &HeaderMap) -> bool {
    let units = headers.get_all(ACCEPT_RANGES).iter().filter_map(|units| units.to_str().ok());
    units.flat_map(|units| units.split(',')).any(|unit| unit.trim_ascii().eq_ignore_ascii_case("bytes"))
}

/// Whether what is sent is not the file itself.
pub(crate) fn is_coded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

/// First and last byte, and the whole length: `bytes 0-9/100`, `bytes 0-9/*`, `bytes */100`.
type ContentRange = (Option<(u64, u64)>, Option<u64>);

fn content_range(value: &str) -> Option<ContentRange> {
    let (unit, rest) = value.trim_ascii().split_once(' ')?;
    let (range, total) = rest.trim_ascii().split_once('/')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let total = if total == "*" { None } else { Some(number(total)?) };
    if range == "*" {
        return total.map(|total| (None, Some(total)));
    }
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((Some((first, last)), total))
}

/// Digits, and nothing but.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim_ascii)
}

fn seconds(date: &str) -> Option<Duration> {
    httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()
}

/// What a text comes to. FNV-1a.
pub(crate) fn fingerprint(text: impl Display) -> u64 {
    let text = text.to_string();
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed = fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse()));
        parsed.map(|(name, value)| (name, value.expect("a value"))).collect()
    }

    fn asked(from: u64, total: Option<u64>) -> Asked {
        Asked { from, to: None, validator: Validator::Tag("\"a\"".to_owned()), total }
    }

    /// What the npm package is held to, too.
    #[cfg(all(feature = "json", not(target_arch = "wasm32")))]
    #[test]
    fn answers_are_read_as_the_shared_cases_say() {
        use serde_json::{Value, json};

        let all: Value = serde_json::from_str(include_str!("../../tests/ranges.json")).expect("JSON");
        let cases: Vec<(Value, u16, Value, Value)> =
            serde_json::from_value(all["given"].clone()).expect("lists");
        assert!(!cases.is_empty());
        for (asked, status, fields, expected) in cases {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let of = |asked: &Value| Asked {
                from: asked["from"].as_u64().expect("a number"),
                to: None,
                total: asked["total"].as_u64(),
                validator: match text(&asked["version"]) {
                    tag if tag.starts_with('"') => Validator::Tag(tag),
                    date => Validator::Date(date),
                },
            };
            let fields = fields.as_object().expect("fields").iter();
            let told: HeaderMap = fields
                .map(|(name, value)| {
                    (name.parse::<HeaderName>().expect("a name"), text(value).parse().expect("a value"))
                })
                .collect();
            let found = given(
                (!asked.is_null()).then(|| of(&asked)).as_ref(),
                StatusCode::from_u16(status).expect("a status"),
                &told,
            );
            let found = match found {
                Ok(Given::Part { to, total }) => json!({"part": {"to": to, "total": total}}),
                Ok(other) => json!(format!("{other:?}").to_lowercase()),
                Err(why) => json!({"wrong": why}),
            };
            assert_eq!(found, expected, "{asked} {status} {told:?}");
        }
    }

    #[test]
    fn only_what_tells_every_byte_is_a_validator() {
        const LATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
        const EARLY: &str = "Wed, 21 Oct 2015 07:27:59 GMT";
        for (fields, expected) in [
            (vec![("etag", "\"a\"")], Some("\"a\"")),
            (vec![("etag", "\"a\""), ("last-modified", EARLY), ("date", LATE)], Some("\"a\"")),
            (vec![("etag", "W/\"a\"")], None),
            (vec![("etag", "W/\"a\""), ("last-modified", EARLY), ("date", LATE)], None),
            (vec![("etag", "a")], None),
            (vec![("etag", "\"")], None),
            (vec![("last-modified", EARLY), ("date", LATE)], Some(EARLY)),
            (vec![("last-modified", LATE), ("date", LATE)], None),
            (vec![("last-modified", EARLY)], None),
            (vec![("last-modified", "soon"), ("date", LATE)], None),
            (vec![], None),
        ] {
            let found = Validator::of(&headers(&fields));
            assert_eq!(found.as_ref().map(Validator::as_str), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_part_is_taken_only_where_it_is_the_one_that_was_asked_for() {
        let part = |to, total| Ok(Given::Part { to, total });
        for (fields, expected) in [
            (vec![("content-range", "bytes 5-9/10"), ("etag", "\"a\"")], part(10, Some(10))),
            (vec![("content-range", "bytes 5-9/10"), ("content-length", "5")], part(10, Some(10))),
            (vec![("content-range", "Bytes 5-7/10")], part(8, Some(10))),
            (vec![("content-range", "bytes 5-9/*")], part(10, Some(10))),
            (vec![("content-range", "bytes 5-9/11")], Ok(Given::Another)),
            (vec![("content-range", "bytes 5-9/10"), ("etag", "\"b\"")], Ok(Given::Another)),
            (
                vec![("content-range", "bytes 5-9/10"), ("content-length", "6")],
                Err("its Content-Length is not that of its Content-Range"),
            ),
            (
                vec![("content-range", "bytes 4-9/10")],
                Err("it is not the part of the file that was asked for"),
            ),
            (vec![("content-range", "bytes 5-10/10")], Err("its Content-Range ends where it cannot")),
            (vec![("content-range", "bytes 9-5/10")], Err("its Content-Range cannot be read")),
            (vec![("content-range", "bytes 5-+9/10")], Err("its Content-Range cannot be read")),
            (vec![("content-range", "lines 5-9/10")], Err("its Content-Range cannot be read")),
            (vec![("content-range", "bytes */10")], Err("its Content-Range cannot be read")),
            (
                vec![("content-type", "multipart/byteranges; boundary=x")],
                Err("it is a part of the file, and does not say which"),
            ),
            (
                vec![("content-range", "bytes 5-9/10"), ("content-encoding", "gzip")],
                Err("it is a part of the compressed file"),
            ),
        ] {
            let mut told = headers(&fields);
            told.entry(ETAG).or_insert(http::HeaderValue::from_static("\"a\""));
            let found = given(Some(&asked(5, Some(10))), StatusCode::PARTIAL_CONTENT, &told);
            assert_eq!(found, expected, "{fields:?}");
        }
        // By a tag only with the tag, by a date without one, too.
        let bare = headers(&[("content-range", "bytes 5-9/10")]);
        let by_date = Asked { validator: Validator::Date("x".to_owned()), ..asked(5, Some(10)) };
        for (asked, expected) in [(asked(5, Some(10)), Ok(Given::Another)), (by_date, part(10, Some(10)))] {
            assert_eq!(given(Some(&asked), StatusCode::PARTIAL_CONTENT, &bare), expected);
        }
        assert!(given(None, StatusCode::PARTIAL_CONTENT, &headers(&[])).is_err());
        let bounded = Asked { to: Some(8), ..asked(5, Some(10)) };
        let more = headers(&[("content-range", "bytes 5-9/10"), ("etag", "\"a\"")]);
        assert!(given(Some(&bounded), StatusCode::PARTIAL_CONTENT, &more).is_err());
        assert_eq!((bounded.range(), asked(5, None).range()), ("bytes=5-7".into(), "bytes=5-".into()));
    }

    #[test]
    fn a_range_that_cannot_be_had_is_the_end_only_where_the_file_ends_there() {
        for (from, total, range, expected) in [
            (10, Some(10), Some("bytes */10"), Given::Complete),
            (10, None, Some("bytes */10"), Given::Complete),
            (10, Some(10), None, Given::Complete),
            (10, None, None, Given::Another),
            (10, Some(10), Some("bytes */9"), Given::Another),
            (10, Some(12), Some("bytes */10"), Given::Another),
            (10, Some(12), None, Given::Another),
        ] {
            let fields =
                headers(&range.map(|range| ("content-range", range)).into_iter().collect::<Vec<_>>());
            let found = given(Some(&asked(from, total)), StatusCode::RANGE_NOT_SATISFIABLE, &fields);
            assert_eq!(found, Ok(expected), "{from} {total:?} {range:?}");
        }
    }

    #[test]
    fn the_whole_file_and_no_file_are_told_apart() {
        let other = headers(&[("etag", "\"b\"")]);
        for asked in [None, Some(&asked(5, None))] {
            assert_eq!(given(asked, StatusCode::OK, &other), Ok(Given::Whole));
            assert_eq!(given(asked, StatusCode::NOT_FOUND, &other), Ok(Given::Failure));
            assert_eq!(given(asked, StatusCode::FOUND, &other), Ok(Given::Failure));
        }
        assert_eq!(given(None, StatusCode::RANGE_NOT_SATISFIABLE, &other), Ok(Given::Failure));
        assert!(gives_parts(&headers(&[("accept-ranges", "none, Bytes")])));
        assert!(!gives_parts(&headers(&[("accept-ranges", "none")])) && !gives_parts(&headers(&[])));
        assert!(is_coded(&headers(&[("content-encoding", "gzip")])));
        assert!(!is_coded(&headers(&[("content-encoding", "Identity")])));
    }
}
