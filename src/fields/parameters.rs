//! Parameters of a field, `; name=value; name="value"; name*=charset'language'value`, as `Content-Disposition` and `Link`
//! have them.

/// How many parameters are kept of one value.
const MOST: usize = 64;

/// Parameters in their order, names in lower case, values without quotes and escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads parameters up to the end of `text`, or to the first of `ends` that is outside quotes; gives what is left
    /// from there. Before each one a semicolon is expected, and none is missed.
    pub(super) fn read<'a>(text: &'a str, ends: &[char]) -> (Self, &'a str) {
        Self::read_by(text, ends, value)
    }

    /// All of `text`, as forms write it: WHATWG HTML, "multipart/form-data encoding algorithm".
    pub(super) fn of_form(text: &str) -> Self {
        let (Self(mut found), _) = Self::read_by(text, &[], form_value);
        for (_, value) in found.iter_mut().filter(|(name, value)| !name.ends_with('*') && value.contains('%'))
        {
            *value = value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n");
        }
        Self(found)
    }

    fn read_by<'a>(
        text: &'a str,
        ends: &[char],
        value: impl for<'b> Fn(&'b str, &[char]) -> (String, &'b str),
    ) -> (Self, &'a str) {
        let mut found = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([';', ' ', '\t']);
            if rest.is_empty() || rest.starts_with(ends) {
                return (Self(found), rest);
            }
            let end = rest.find(|c| c == ';' || c == '=' || ends.contains(&c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix('=') {
                Some(after) => value(after.trim_start_matches([' ', '\t']), ends),
                None => (String::new(), after),
            };
            rest = after;
            let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
            if !name.is_empty() && found.len() < MOST {
                found.push((name, value));
            }
        }
    }

    /// The first one of this name, which is in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first one of this name as text: from `name*` where that is there and can be read, else from `name`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let extended = self
            .0
            .iter()
            .filter(|(known, _)| known.strip_suffix('*') == Some(name))
            .find_map(|(_, value)| extended(value));
        extended.or_else(|| self.get(name).map(str::to_owned))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A value, and what follows it: a quoted string, or what stands up to a semicolon or an end.
fn value<'a>(text: &'a str, ends: &[char]) -> (String, &'a str) {
    let is_end = |c: char| c == ';' || ends.contains(&c);
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
        return (value.trim_end_matches([' ', '\t']).to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    // What stands between the quote and the next semicolon is junk.
    let rest = chars.as_str();
    (value, &rest[rest.find(is_end).unwrap_or(rest.len())..])
}

/// The same where a backslash means itself.
fn form_value<'a>(text: &'a str, ends: &[char]) -> (String, &'a str) {
    let Some(quoted) = text.strip_prefix('"') else { return value(text, ends) };
    let (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
    (value.to_owned(), &rest[rest.find(';').unwrap_or(rest.len())..])
}

/// The value of a parameter whose name ends in `*` (RFC 8187): `charset'language'percent-encoded`. `None` where it is
/// not that, or in another charset than UTF-8 and ISO-8859-1.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decoded(encoded)?;
    if charset.eq_ignore_ascii_case("utf-8") {
        return String::from_utf8(bytes).ok();
    }
    let is_latin = charset.eq_ignore_ascii_case("iso-8859-1");
    is_latin.then(|| bytes.into_iter().map(char::from).collect())
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            byte => byte,
        });
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        Parameters::read(text, &[]).0.0
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tokens_and_quoted_strings_are_read_in_any_spacing() {
        let expected = pairs(&[("a", "1"), ("b", "x;y\"z"), ("c", "two words"), ("d", "")]);
        assert_eq!(read(r#"a=1; B = "x;y\"z" ;c=two words ;; d"#), expected);
    }

    #[test]
    fn a_quote_that_is_not_closed_goes_on_to_the_end() {
        assert_eq!(read(r#"a="b; c=d"#), pairs(&[("a", "b; c=d")]));
        assert_eq!(read("a=\"b\\"), pairs(&[("a", "b")]));
    }

    #[test]
    fn an_end_counts_outside_quotes_alone() {
        let (found, rest) = Parameters::read("; a=\"x,y\"; b=z, <next>", &[',']);
        assert_eq!((found.0, rest), (pairs(&[("a", "x,y"), ("b", "z")]), ", <next>"));
    }

    #[test]
    fn more_parameters_than_anyone_means_are_not_kept() {
        assert_eq!(read(&"a=b;".repeat(10_000)).len(), MOST);
    }

    #[test]
    fn extended_values_are_in_utf_8_or_latin_1() {
        assert_eq!(extended("UTF-8''%e2%82%ac%20rates").as_deref(), Some("€ rates"));
        assert_eq!(extended("iso-8859-1'en'%A3%20rates").as_deref(), Some("£ rates"));
        for wrong in
            ["plain", "UTF-8'x", "UTF-8''%e2%82", "UTF-8''%zz", "UTF-8''%e", "UTF-8''%+1", "koi8-r''a"]
        {
            assert_eq!(extended(wrong), None, "{wrong}");
        }
    }
}
