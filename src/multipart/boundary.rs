//! What separates the parts.

use crate::chance::random;
use crate::error::{Error, ErrorKind, Result};
use crate::fields::is_token;

/// The longest one (RFC 2046, section 5.1.1).
pub(super) const LONGEST: usize = 70;

/// One that no stranger can foresee, and so write into what is sent, and that begins with none of those around it: a
/// delimiter of theirs would stand in each of its own.
pub(super) fn fresh(around: &[&str]) -> String {
    let random = format!("{:016x}{:016x}", random(), random());
    let starts = std::iter::once(String::new()).chain(('g'..='z').map(String::from));
    let mut all = starts.map(|start| start + &random);
    // Where there is none, the one around says so.
    all.find(|fresh| !around.iter().any(|outer| fresh.starts_with(outer))).unwrap_or(random)
}

/// RFC 2046, section 5.1.1: `bcharsnospace`, and spaces but for the last character.
pub(super) fn check(boundary: &str) -> Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    if (1..=LONGEST).contains(&boundary.len()) && boundary.bytes().all(is_allowed) && !boundary.ends_with(' ')
    {
        return Ok(());
    }
    let why = "1 to 70 letters, digits, spaces and '()+_,-./:=? and no space at the end";
    Err(invalid(format!("{boundary:?} is not {why}")))
}

pub(super) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "boundary" }).with_message(message)
}

/// A value for a parameter of a field: as it is where it is a token (RFC 9110, section 5.6.2), else quoted.
pub(super) fn parameter(value: &str) -> String {
    if is_token(value) {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_fresh_boundary_is_allowed_is_a_token_and_is_another_each_time() {
        let (one, other) = (fresh(&[]), fresh(&[]));
        check(&one).expect("allowed");
        assert!(is_token(&one) && one.len() == 32 && one != other, "{one} {other}");
    }

    #[test]
    fn a_fresh_boundary_begins_with_none_of_those_around_it() {
        let digits: Vec<String> = (0..16).map(|digit| format!("{digit:x}")).collect();
        let mut around: Vec<&str> = digits.iter().map(String::as_str).collect();
        around.extend(["g", "i"]);
        let fresh = fresh(&around);
        check(&fresh).expect("allowed");
        assert!(!around.iter().any(|outer| fresh.starts_with(outer)), "{fresh}");
    }

    #[test]
    fn what_rfc_2046_does_not_allow_is_refused() {
        for fine in ["a", "gc0pJq0M:08jU534c0p", "a b", "'()+_,-./:=?", &"x".repeat(70)] {
            check(fine).expect(fine);
        }
        for wrong in ["", "a ", "a\r\nb", "ä", "a\"b", "a;b", "a<b", &"x".repeat(71)] {
            let error = check(wrong).expect_err(wrong);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "boundary" }, "{wrong}");
        }
    }

    #[test]
    fn a_parameter_is_quoted_only_where_it_must_be() {
        for (given, expected) in
            [("abc", "abc"), ("a b", "\"a b\""), ("a:b", "\"a:b\""), ("", "\"\""), (r#"a"\b"#, r#""a\"\\b""#)]
        {
            assert_eq!(parameter(given), expected);
        }
    }
}
