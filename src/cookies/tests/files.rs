//! Jars as text and back.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::CookieJar;
#[cfg(feature = "json")]
use super::super::LoadError;
use super::{NOW, after, jar_of, names, sent, set, url};

/// A cookie of every kind.
fn jar() -> CookieJar {
    let jar =
        jar_of("https://www.example.com/x/y", &["z=\"quoted, as it was\"; Secure; HttpOnly; Max-Age=60"]);
    set(&jar, "https://www.example.com/", &["a=1; Domain=example.com", "nameless", "empty="]);
    let latin1: &[u8] = b"caf\xe9=\xff; Max-Age=3600";
    jar.insert(&url("https://b.example/"), latin1, NOW).expect("a cookie");
    jar.insert(&url("http://[::1]:80/"), "ip=1; Path=/with space", NOW).expect("a cookie");
    jar
}

#[test]
fn cookies_txt_is_what_others_read() {
    let expected = b"# Netscape HTTP Cookie File\n\
        #HttpOnly_www.example.com\tFALSE\t/x\tTRUE\t1767225660\tz\t\"quoted, as it was\"\n\
        .example.com\tTRUE\t/\tFALSE\t0\ta\t1\n\
        www.example.com\tFALSE\t/\tFALSE\t0\t\tnameless\n\
        www.example.com\tFALSE\t/\tFALSE\t0\tempty\t\n\
        b.example\tFALSE\t/\tFALSE\t1767229200\tcaf\xe9\t\xff\n\
        [::1]\tFALSE\t/with space\tFALSE\t0\tip\t1\n";
    assert_eq!(String::from_utf8_lossy(&jar().to_netscape()), String::from_utf8_lossy(expected));
    assert_eq!(jar().to_netscape(), expected);
}

#[test]
fn cookies_txt_is_read_as_others_write_it() {
    let text = "\u{feff}# HTTP Cookie File\r\n# a comment\r\n\r\n   \n\
        a.example\tFALSE\t/\tFALSE\t0\tcurl\t1\r\n\
        .b.example\tTRUE\t/\ttrue\t\tpython\ttab\there\n\
        #HttpOnly_.C.example\tFALSE\t/x\tFALSE\t1767225600.5\tended\t1\n\
        #HttpOnly_.C.example\tFALSE\t/x\tFALSE\t1767225601.5\tlives\t1\n\
        a.example\tFALSE\t/\tFALSE\t0\tno-value\n\
        .co.uk\tTRUE\t/\tFALSE\t0\tsuffix\t1";
    let jar = CookieJar::new();
    assert_eq!(jar.load_netscape(text, NOW).expect("cookies"), 5);
    let cookies = jar.cookies();
    assert_eq!(names(&cookies), ["curl", "python", "lives", "no-value", "suffix"]);
    assert_eq!(cookies[1].value(), "tab\there");
    assert_eq!((cookies[1].host_only(), cookies[1].secure(), cookies[1].expires()), (false, true, None));
    assert_eq!(
        (cookies[2].domain(), cookies[2].host_only(), cookies[2].http_only()),
        ("c.example", true, true)
    );
    assert_eq!(sent(&jar, "https://www.b.example/"), "python=tab\there");
    assert_eq!(sent(&jar, "https://x.co.uk/"), "", "what is anybody's is nobody's");
}

#[test]
fn what_is_no_cookies_txt_names_the_line_and_what_is_wrong() {
    let long = format!("a.example\tFALSE\t/\tFALSE\t0\ta\t{}", "v".repeat(4096));
    for (line, what) in [
        ("no columns", "seven columns"),
        ("a.example\tFALSE\t/\tFALSE\t0", "seven columns"),
        ("a.example\tyes\t/\tFALSE\t0\ta\t1", "TRUE or FALSE"),
        ("a.example\tTRUE\t/\t\t0\ta\t1", "TRUE or FALSE"),
        ("\tTRUE\t/\tFALSE\t0\ta\t1", "domain"),
        ("..\tTRUE\t/\tFALSE\t0\ta\t1", "domain"),
        ("a b.example\tTRUE\t/\tFALSE\t0\ta\t1", "domain"),
        ("https://a.example/\tTRUE\t/\tFALSE\t0\ta\t1", "domain"),
        ("a.example\tTRUE\tx\tFALSE\t0\ta\t1", "path"),
        ("a.example\tTRUE\t/\tFALSE\tsoon\ta\t1", "fifth column"),
        ("a.example\tTRUE\t/\tFALSE\t-1\ta\t1", "fifth column"),
        ("a.example\tTRUE\t/\tFALSE\t99999999999999999999\ta\t1", "fifth column"),
        ("a.example\tTRUE\t/\tFALSE\t0\ta\tsecret;b", "a character"),
        ("a.example\tTRUE\t/\tFALSE\t0\ta=b\tsecret", "a character"),
        ("a.example\tTRUE\t/\tFALSE\t0\ta\tsec\u{1}ret", "a character"),
        ("a.example\tTRUE\t/\tFALSE\t0\t\t", "empty"),
        (&long, "longer"),
    ] {
        let jar = jar();
        let text = format!("# comment\na.example\tFALSE\t/\tFALSE\t0\tgood\t1\n{line}\n");
        let error = jar.load_netscape(&text, NOW).expect_err(line);
        assert_eq!(error.line(), Some(3), "{line}");
        let told = error.to_string();
        assert!(told.contains("line 3") && told.contains(what) && !told.contains("secret"), "{told}");
        assert_eq!(
            jar.cookies(),
            super::files::jar().cookies(),
            "nothing is loaded of a file that is malformed"
        );
    }
}

#[test]
fn a_saved_jar_loads_to_the_same_cookies_in_the_same_order() {
    let (jar, loaded) = (jar(), CookieJar::new());
    loaded.load_netscape(jar.to_netscape(), NOW).expect("what was written");
    assert_eq!(loaded.cookies(), jar.cookies());
    assert_eq!(sent(&loaded, "https://www.example.com/x"), sent(&jar, "https://www.example.com/x"));
    let later = CookieJar::new();
    assert_eq!(later.load_netscape(jar.to_netscape(), after(60)).expect("what was written"), 5);
    assert_eq!(later.cookies(), jar.cookies()[1..]);
}

#[test]
fn loading_adds_to_what_is_there() {
    let jar = jar_of("https://a.example/", &["a=old", "b=2"]);
    jar.load_netscape("a.example\tFALSE\t/\tFALSE\t0\ta\tnew\n", NOW).expect("a cookie");
    assert_eq!(sent(&jar, "https://a.example/"), "a=new; b=2");
    assert_eq!(jar.load_netscape("", NOW).expect("nothing"), 0);
}

#[cfg(feature = "json")]
#[test]
fn json_keeps_everything() {
    let jar = jar();
    set(&jar, "https://b.example/", &["s=1; SameSite=Strict", "tab\tin=name; Path=/a\tb"]);
    let (text, loaded) = (jar.to_json(), CookieJar::new());
    assert_eq!(loaded.load_json(&text, NOW).expect("what was written"), 8);
    assert_eq!(loaded.cookies(), jar.cookies());
    assert_eq!(loaded.to_json(), text);
    assert_eq!(CookieJar::new().load_json(&text, after(3600)).expect("what was written"), 6);
    let empty = CookieJar::new();
    assert_eq!(empty.load_json(&empty.to_json(), NOW).expect("what was written"), 0);
}

#[cfg(feature = "json")]
#[test]
fn what_is_no_jar_names_the_line_and_what_is_wrong() {
    let cookie =
        |more: &str| format!(r#"{{"name":"a","value":"secret","domain":"a.example","path":"/"{more}}}"#);
    for (text, line, what) in [
        (String::new(), 1, "EOF"),
        ("[]".to_owned(), 1, "an object"),
        ("{\n}".to_owned(), 2, "version"),
        ("{\"version\":1\n}".to_owned(), 2, "cookies"),
        ("{\n\"version\":2}".to_owned(), 2, "version 2"),
        (
            format!("{{\"version\":1,\"cookies\":[\n{},\n{}]}}", cookie(""), cookie(",\"secure\":1")),
            3,
            "secure",
        ),
        (format!("{{\"version\":1,\"cookies\":[\n{}]}}", cookie(",\"expires\":-1")), 2, "expires"),
        (format!("{{\"version\":1,\"cookies\":[\n{}]}}", cookie(",\"same_site\":\"x\"")), 2, "same_site"),
        (format!("{{\"version\":1,\"cookies\":[\n{}]}}", cookie(",\"path\":\"x\"")), 2, "path"),
        (format!("{{\"version\":1,\"cookies\":[\n{}]}}", cookie(",\"value\":\"a\\n\"")), 2, "a character"),
        (
            format!("{{\"version\":1,\"cookies\":[\n{}]}}", cookie(",\"value\":\"\u{100}\",\"latin1\":true")),
            2,
            "latin1",
        ),
        (format!("{{\"version\":1,\"cookies\":[\n\n{}]}}", cookie(",\"domain\":7")), 3, "domain"),
    ] {
        let jar = jar();
        let error = jar.load_json(&text, NOW).expect_err(&text);
        let told = error.to_string();
        assert!(matches!(error, LoadError::Malformed { line: at, .. } if at == line), "{text}: {told}");
        assert!(told.contains(what) && !told.contains("secret"), "{text}: {told}");
        assert_eq!(jar.len(), 6);
    }
    let with_more =
        format!("{{\"made_by\":{{}},\"version\":1,\"cookies\":[{}]}}", cookie(",\"priority\":\"high\""));
    assert_eq!(CookieJar::new().load_json(&with_more, NOW).expect("what is not known is left out"), 1);
}
