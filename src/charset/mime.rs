//! The `Content-Type` header, read as the Fetch standard's "extract a MIME type" and the MIME Sniffing
//! standard's "parse a MIME type" read it: only the essence and the charset are kept.

/// A valid media type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// `type/subtype`, in lower case.
    pub(crate) essence: String,
    pub(crate) charset: Option<String>,
}

/// The media type of a header value, in which several fields may stand joined by commas: the last valid one
/// counts, and takes over the charset of an earlier one of the same essence where it has none itself.
pub(crate) fn extract(header: &str) -> Option<MediaType> {
    let mut found: Option<MediaType> = None;
    for value in split_at_commas(header) {
        let Some(mut media_type) = parse(value) else { continue };
        if media_type.essence == "*/*" {
            continue;
        }
        if let Some(earlier) = found
            && earlier.essence == media_type.essence
            && media_type.charset.is_none()
        {
            media_type.charset = earlier.charset;
        }
        found = Some(media_type);
    }
    found
}

/// The commas that separate fields: not those in quoted strings.
fn split_at_commas(header: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    header.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}

fn parse(value: &str) -> Option<MediaType> {
    let value = value.trim_matches(is_white_space);
    let (kind, rest) = value.split_once('/')?;
    let (subtype, mut rest) = rest.split_once(';').unwrap_or((rest, ""));
    let subtype = subtype.trim_end_matches(is_white_space);
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut media_type =
        MediaType { essence: format!("{kind}/{subtype}").to_ascii_lowercase(), charset: None };
    while !rest.is_empty() {
        rest = rest.trim_start_matches(is_white_space);
        let name_end = rest.find([';', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after.strip_prefix(';').unwrap_or_default();
            continue;
        };
        let (value, next) = parameter_value(after);
        rest = next;
        if media_type.charset.is_none() && name.eq_ignore_ascii_case("charset") {
            media_type.charset = value;
        }
    }
    Some(media_type)
}

/// A parameter's value, or `None` where the standard drops the parameter; and what follows the next
/// semicolon.
fn parameter_value(text: &str) -> (Option<String>, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, after) = quoted_string(quoted);
        let next = after.split_once(';').map_or("", |(_, next)| next);
        return (Some(value).filter(|v| v.chars().all(is_quoted_character)), next);
    }
    let (value, next) = text.split_once(';').unwrap_or((text, ""));
    let value = value.trim_end_matches(is_white_space);
    let usable = !value.is_empty() && value.chars().all(is_quoted_character);
    (usable.then(|| value.to_owned()), next)
}

/// What stands up to the closing quote (or the end), its backslashes resolved; and what follows the quote.
fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.push(chars.next().unwrap_or('\\')),
            _ => value.push(c),
        }
    }
    (value, chars.as_str())
}

fn is_white_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' ')
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_quoted_character(c: char) -> bool {
    matches!(c, '\t' | ' '..='~' | '\u{80}'..='\u{FF}')
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn charset(header: &str) -> Option<String> {
        extract(header).and_then(|media_type| media_type.charset)
    }

    #[test]
    fn essence_is_lower_cased() {
        assert_eq!(extract(" Text/HTML ; Charset=x").map(|m| m.essence).as_deref(), Some("text/html"));
    }

    #[test]
    fn charset_is_found_in_any_case_and_spacing() {
        assert_eq!(charset("text/html;CHARSET=GBK").as_deref(), Some("GBK"));
        assert_eq!(charset("text/html; \t charset=gbk \t ; a=b").as_deref(), Some("gbk"));
    }

    #[test]
    fn space_before_the_equals_sign_makes_another_parameter() {
        assert_eq!(charset("text/html; charset =gbk"), None);
    }

    #[test]
    fn quoted_charset_loses_quotes_and_backslashes() {
        assert_eq!(charset(r#"text/html; charset="gbk""#).as_deref(), Some("gbk"));
        assert_eq!(charset(r#"text/html; charset="g\b\k";x=y"#).as_deref(), Some("gbk"));
        assert_eq!(charset(r#"text/html; charset="gbk"#).as_deref(), Some("gbk"));
    }

    #[test]
    fn semicolons_and_commas_in_quotes_separate_nothing() {
        assert_eq!(charset(r#"text/html; a="; charset=x, b/c"; charset=gbk"#).as_deref(), Some("gbk"));
        assert_eq!(charset(r#"text/html; a="\",;"; charset=gbk"#).as_deref(), Some("gbk"));
    }

    #[test]
    fn first_of_two_charsets_counts() {
        assert_eq!(charset("text/html; charset=gbk; charset=utf-8").as_deref(), Some("gbk"));
    }

    #[test]
    fn empty_charset_is_dropped_and_a_later_one_counts() {
        assert_eq!(charset("text/html; charset=; charset=gbk").as_deref(), Some("gbk"));
    }

    #[test]
    fn last_of_two_values_counts_and_inherits_the_charset_of_the_same_essence() {
        assert_eq!(charset("text/plain; charset=gbk, text/html").as_deref(), None);
        assert_eq!(charset("text/html; charset=gbk, text/html").as_deref(), Some("gbk"));
        assert_eq!(charset("text/html; charset=gbk, text/html; charset=big5").as_deref(), Some("big5"));
        assert_eq!(charset("text/html; charset=gbk, */*").as_deref(), Some("gbk"));
        assert_eq!(charset("text/html; charset=gbk, nonsense").as_deref(), Some("gbk"));
    }

    #[test]
    fn values_that_are_no_type_are_none() {
        for header in ["", "text", "/html", "text/", "te xt/html", "text/html charset=gbk", "; charset=gbk"] {
            assert_eq!(extract(header), None, "{header:?}");
        }
    }

    #[test]
    fn junk_between_semicolons_is_passed_over() {
        assert_eq!(charset("text/html;;a;=b;charset=gbk;").as_deref(), Some("gbk"));
    }
}
