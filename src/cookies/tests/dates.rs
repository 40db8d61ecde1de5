//! Dates: RFC 6265bis, section 5.1.1.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::date::parse;

#[test]
fn dates_in_every_form_that_servers_write() {
    const ALL: i64 = 784_111_777;
    for (text, expected) in [
        // The three of HTTP.
        ("Sun, 06 Nov 1994 08:49:37 GMT", ALL),
        ("Sunday, 06-Nov-94 08:49:37 GMT", ALL),
        ("Sun Nov  6 08:49:37 1994", ALL),
        // And others.
        ("06-Nov-1994 08:49:37", ALL),
        ("1994 6 november 8:49:37", ALL),
        ("08:49:37 6 Nov 94", ALL),
        ("Sun, 06 Nov 1994 08:49:37 +0200", ALL),
        ("06 nOVELTY 1994 08:49:37", ALL),
        ("6th Nov 1994 08:49:37x", ALL),
        ("Sun,06-Nov-1994-08:49:37", ALL),
        ("\tSun  06 \"Nov\" (1994) 08:49:37", ALL),
        ("Mon, 31 Feb-ish no 06 Nov 94 08:49:37", -1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01-Jan-70 00:00:01 GMT", 1),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("1 Jan 00 0:0:0", 946_684_800),
        ("1 Jan 69 0:0:0", 3_124_224_000),
        ("1 Jan 1601 00:00:00", -11_644_473_600),
        ("31 Dec 9999 23:59:59", 253_402_300_799),
        ("29 Feb 2024 00:00:00", 1_709_164_800),
        ("29 Feb 2000 00:00:00", 951_782_400),
        ("1 Mar 2100 00:00:00", 4_107_542_400),
    ] {
        let expected = if text.starts_with("Mon, 31 Feb") { None } else { Some(expected) };
        assert_eq!(parse(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "x",
        "0",
        "06 Nov 1994",
        "08:49:37",
        "Nov 1994 08:49:37",
        "06 1994 08:49:37",
        "06 Nov 08:49:37",
        "00 Nov 1994 08:49:37",
        "32 Nov 1994 08:49:37",
        "31 Nov 1994 08:49:37",
        "29 Feb 1900 08:49:37",
        "29 Feb 2023 08:49:37",
        "06 Nov 1600 08:49:37",
        "06 Nov 19945 08:49:37",
        "06 Nov 4 08:49:37",
        "06 Nov 1994 24:00:00",
        "06 Nov 1994 08:60:00",
        "06 Nov 1994 08:49:60",
        "06 Nov 1994 08:49",
        "06 Nov 1994 108:49:37",
        "06 Nov 1994 08:49:137",
        "06 Nov 1994 08:49x:37",
        "006 Nov 1994 08:49:37",
        "06 No 1994 08:49:37",
        "06 \u{e9}Nov 1994 08:49:37",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
}
