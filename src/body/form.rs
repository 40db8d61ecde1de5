//! Pairs as `application/x-www-form-urlencoded` (WHATWG URL standard, section 5.2): for queries and for bodies.

use crate::fields::push_escaped;

/// Appends the pairs to what is there already.
pub(crate) fn append_pairs<K, V>(out: &mut String, pairs: impl IntoIterator<Item = (K, V)>)
where
    K: AsRef<str>,
    V: AsRef<str>,
{
    for (name, value) in pairs {
        if !out.is_empty() && !out.ends_with('&') {
            out.push('&');
        }
        append(out, name.as_ref());
        out.push('=');
        append(out, value.as_ref());
    }
}

fn append(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'*' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'_' | b'a'..=b'z' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => push_escaped(out, byte),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::append_pairs;

    #[test]
    fn pairs_are_written_as_a_form_writes_them() {
        let mut out = String::new();
        append_pairs(&mut out, [("a b", "1&2=3"), ("ü*-._", "~!'()"), ("", "")]);
        assert_eq!(out, "a+b=1%262%3D3&%C3%BC*-._=%7E%21%27%28%29&=");
    }
}
