//! What fields that are sent are made of.

/// RFC 9110, section 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_in_tokens)
}

/// Whether a token may hold it.
pub(crate) fn is_in_tokens(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether it begins as a content type does.
pub(crate) fn is_content_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_ascii();
    essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// RFC 8187, section 3.2.1: `value-chars`.
pub(crate) fn value_chars(text: &[u8]) -> String {
    let mut out = String::new();
    for &byte in text {
        match is_in_tokens(byte) && !b"%'*".contains(&byte) {
            true => out.push(char::from(byte)),
            false => push_escaped(&mut out, byte),
        }
    }
    out
}

/// A percent sign and two digits (WHATWG URL, "percent-encode").
pub(crate) fn push_escaped(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_content_type_is_told_from_other_text() {
        for fine in ["a/b", "image/svg+xml", " text/plain ; charset=x"] {
            assert!(is_content_type(fine), "{fine}");
        }
        for wrong in ["", "foo", "a/", "/b", "a b/c", "a/b/c", "ä/b", "; a/b"] {
            assert!(!is_content_type(wrong), "{wrong}");
        }
    }

    #[test]
    fn value_chars_are_what_an_extended_parameter_may_hold() {
        let all: Vec<u8> = (0x20..0x7F).collect();
        let kept: String = value_chars(&all).split('%').map(|piece| piece.get(2..).unwrap_or("")).collect();
        assert_eq!(kept, "!#$&+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
        assert_eq!(value_chars("ü*%'\0".as_bytes()), "%C3%BC%2A%25%27%00");
    }
}
