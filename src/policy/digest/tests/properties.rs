//! What holds for any field, from any server.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::challenge::{Challenge, parameters};

/// Fields as they might be: pieces that mean something, and bytes that do not.
fn any_field() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"Digest ",
        b"Digest",
        b"Basic ",
        b"Negotiate",
        b" ",
        b"\t",
        b",",
        b", ",
        b"=",
        b"==",
        b"\"",
        b"\\",
        b"realm=",
        b"nonce=",
        b"r",
        b"n",
        b"realm=\"r\"",
        b"nonce=\"n\"",
        b"algorithm=MD5",
        b"qop=\"auth\"",
        b"qop=",
        b"auth-int",
        b"\xe9",
        b"\xc3\xa9",
        b";",
        b"domain=\"/ //b.example\"",
        b"stale=true",
    ];
    vec(select(words), 0..24).prop_map(|words| words.concat())
}

/// Text that a quoted string may hold.
fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("no control character", |byte| *byte >= 32 && *byte != 127), 0..40)
}

fn quoted(value: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    out
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_read_was_there(field in any_field(), other in any_field()) {
        let all = Challenge::all([field.as_slice(), other.as_slice()]);
        // Fields stand for themselves.
        let apart = [Challenge::all([field.as_slice()]), Challenge::all([other.as_slice()])].concat();
        prop_assert_eq!(&all, &apart);
        for challenge in &all {
            prop_assert!(challenge.nonce.len() <= field.len().max(other.len()));
        }
        parameters([field.as_slice()]);
    }

    #[test]
    fn what_is_written_is_read_whatever_stands_around_it(
        realm in text(), nonce in text(), opaque in text(), order in 0..6usize, blank in "[ \t]{0,2}", before in 0..3usize,
    ) {
        let mut parts = [(&b"realm="[..], &realm), (b"nonce=", &nonce), (b"opaque=", &opaque)];
        parts.rotate_left(order % 3);
        if order >= 3 {
            parts.swap(0, 1);
        }
        let parts: Vec<Vec<u8>> = parts.iter().map(|(name, value)| [*name, &quoted(value)].concat()).collect();
        let comma = format!("{blank},{blank}");
        let before: &[u8] = [&b""[..], b"Basic realm=\"a \\\", Digest\", ", b"Negotiate, "][before];
        let field = [before, b"Digest ", &parts.join(comma.as_bytes()), b" , Bearer abc=="].concat();
        let all = Challenge::all([field.as_slice()]);
        prop_assert_eq!(all.len(), 1);
        prop_assert_eq!((&all[0].realm, &all[0].nonce, all[0].opaque.as_ref()), (&realm, &nonce, Some(&opaque)));
    }
}
