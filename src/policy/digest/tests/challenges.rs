//! What is read of challenges, which one is chosen, and what becomes of it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::challenge::{Challenge, Quality};
use super::super::hash::Algorithm;
use super::super::{Asked, Digest};
use super::{asked, challenged, field, login, take_up, url};

const URL: &str = "https://a.example/x?q=1";

fn nonces(fields: &[&[u8]]) -> Vec<String> {
    let all = Challenge::all(fields.iter().copied());
    all.iter().map(|challenge| String::from_utf8_lossy(&challenge.nonce).into_owned()).collect()
}

fn digest() -> Digest {
    Digest::new(&url(URL), login("u", "p"))
}

/// The nonce of the answer to these challenges.
fn chosen(digest: &mut Digest, fields: &[&str], has_bytes: bool) -> Option<String> {
    let at = url(URL);
    let asked = Asked { has_bytes, ..asked(&at) };
    let ticket = digest.challenged(asked, None, &challenged(fields), || "c".to_owned())?;
    let field = field(&ticket, "GET", &at, Some("0"));
    Some(field.split("nonce=\"").nth(1)?.split('"').next()?.to_owned())
}

#[test]
fn every_parameter_in_any_spacing_and_case() {
    let field = br#"dIgEsT  Realm = "a, \"b\"" ,, NONCE=n,opaque="", algorithm="sha-256-SESS",qop="auth-int , auth" , stale=TRUE, userhash="true", charset=utf-8, domain="/a  https://b.example/c", later="x=y, z""#;
    let all = Challenge::all([field.as_slice()]);
    assert_eq!(
        all,
        [Challenge {
            realm: br#"a, "b""#.to_vec(),
            nonce: b"n".to_vec(),
            opaque: Some(Vec::new()),
            algorithm: Algorithm::Sha256,
            algorithm_name: Some(b"sha-256-SESS".to_vec()),
            is_session: true,
            quality: Quality { auth: true, auth_int: true },
            stale: true,
            userhash: true,
            is_utf_8: true,
            domain: vec!["/a".to_owned(), "https://b.example/c".to_owned()],
        }]
    );
}

#[test]
fn several_challenges_in_one_field_and_in_several() {
    let basic_between: &[u8] = br#"Negotiate, Basic realm="x, Digest nonce=no", Digest realm=r, nonce=1, NTLM TlRM==, Bearer, Digest nonce="2", realm=r"#;
    assert_eq!(nonces(&[basic_between]), ["1", "2"]);
    assert_eq!(
        nonces(&[b"Digest realm=r, nonce=1", b"Basic realm=r", b"Digest realm=r,nonce=2"]),
        ["1", "2"]
    );
    // A field does not go on in the next one.
    assert_eq!(nonces(&[b"Digest realm=r", b"nonce=1"]), [""; 0]);
}

#[test]
fn what_cannot_be_answered_is_passed_over() {
    for wrong in [
        "Digest",
        "Digest realm=r",
        "Digest nonce=n",
        "Digest realm=r, nonce=n, algorithm=SHA-1",
        "Digest realm=r, nonce=n, algorithm=MD5-other",
        "Digest realm=r, nonce=n, qop=auth-conf",
        "Digest realm=r, nonce=n, algorithm=MD5-sess",
        "Basic realm=r, nonce=n",
        "Digestive realm=r, nonce=n",
        "=, \"Digest realm=r, nonce=n",
    ] {
        assert_eq!(nonces(&[wrong.as_bytes()]), [""; 0], "{wrong}");
    }
    assert_eq!(nonces(&[b"Digest realm=r, nonce=n, qop=\"\""]), ["n"]);
    assert_eq!(nonces(&[b"Digest realm=r, nonce=n, qop=\"auth-conf,auth\""]), ["n"]);
}

#[test]
fn of_a_parameter_that_is_there_twice_the_first_counts() {
    assert_eq!(nonces(&[b"Digest realm=r, nonce=1, nonce=2"]), ["1"]);
}

#[test]
fn bytes_that_are_no_text_come_back_as_they_were() {
    let mut digest = digest();
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_bytes(b"Digest realm=\"caf\xe9\", nonce=n, qop=auth").expect("a value");
    headers.insert(http::header::WWW_AUTHENTICATE, value);
    let at = url(URL);
    let ticket = digest.challenged(asked(&at), None, &headers, || "c".to_owned()).expect("a ticket");
    let field = ticket.answer("GET", &at, None).field;
    assert!(field.windows(12).any(|piece| piece == b"realm=\"caf\xe9\""), "{}", field.escape_ascii());
}

#[test]
fn what_a_stranger_sends_has_an_end() {
    let many = "Digest realm=r, nonce=n, ".repeat(10_000);
    assert!(Challenge::all([many.as_bytes()]).len() <= 32);
    let long = format!("Digest realm=r, nonce={}", "n".repeat(5_000));
    assert_eq!(nonces(&[long.as_bytes()]), [""; 0]);
    let long = format!("Digest realm=r, nonce=n, opaque={}", "n".repeat(5_000));
    assert_eq!(nonces(&[long.as_bytes()]), [""; 0]);
    let places = format!("Digest realm=r, nonce=n, domain=\"{}\"", "/a ".repeat(1_000));
    assert_eq!(Challenge::all([places.as_bytes()])[0].domain.len(), 64);
    let later = format!("Digest realm=r, {}nonce=n", "x=y, ".repeat(1_000));
    assert_eq!(nonces(&[later.as_bytes()]), [""; 0]);
}

#[test]
fn the_strongest_is_chosen_and_of_equal_ones_the_first() {
    let of = |algorithm: &str, nonce: &str| {
        format!("Digest realm=r, nonce={nonce}, qop=auth, algorithm={algorithm}")
    };
    let (md5, sha) = (of("MD5", "1"), of("SHA-256", "2"));
    let older = "Digest realm=r, nonce=0".to_owned();
    let (session, best, odd) = (of("SHA-256-sess", "3"), of("SHA-512-256", "4"), of("SHA-512", "5"));
    for (fields, nonce) in [
        (vec![&md5, &sha], "2"),
        (vec![&sha, &md5], "2"),
        (vec![&sha, &session], "2"),
        (vec![&session, &sha, &odd], "3"),
        (vec![&md5, &best, &sha], "4"),
        (vec![&md5, &odd], "5"),
        (vec![&md5], "1"),
        // RFC 2069's form is less than what has a quality.
        (vec![&older, &md5], "1"),
        (vec![&md5, &older], "1"),
        (vec![&older], "0"),
    ] {
        let fields: Vec<&str> = fields.into_iter().map(String::as_str).collect();
        assert_eq!(chosen(&mut digest(), &fields, true).as_deref(), Some(nonce), "{fields:?}");
        assert_eq!(chosen(&mut digest(), &[&fields.join(", ")], true).as_deref(), Some(nonce), "{fields:?}");
    }
    assert_eq!(chosen(&mut digest(), &["Basic realm=r", "Bearer"], true), None);
}

#[test]
fn the_body_counts_where_nothing_else_is_offered_or_where_that_is_wanted() {
    let int = "Digest realm=r, nonce=1, qop=\"auth-int\", algorithm=SHA-256";
    let both = "Digest realm=r, nonce=2, qop=\"auth,auth-int\"";
    assert_eq!(chosen(&mut digest(), &[int, both], true).as_deref(), Some("1"));
    assert_eq!(chosen(&mut digest(), &[int, both], false).as_deref(), Some("2"));
    assert_eq!(chosen(&mut digest(), &[int], false), None);
    for (integrity, has_bytes, quality) in
        [(false, true, "qop=auth,"), (true, true, "qop=auth-int,"), (true, false, "qop=auth,")]
    {
        let mut digest = digest();
        digest.rules_mut().integrity = integrity;
        let at = url(URL);
        let asked = Asked { has_bytes, ..asked(&at) };
        let ticket =
            digest.challenged(asked, None, &challenged(&[both]), || "c".to_owned()).expect("a ticket");
        let field = field(&ticket, "GET", &at, Some("0"));
        assert!(field.contains(quality), "{field}");
        assert_eq!(ticket.hasher().is_some(), quality == "qop=auth-int,");
    }
}

#[test]
fn an_answer_is_sent_unasked_within_its_space() {
    let ahead = |domain: &str, at: &str| {
        let mut digest = digest();
        let field = format!("Digest realm=r, nonce=n, qop=auth{domain}");
        take_up(&mut digest, &url(URL), &[&field], "c").expect("a ticket");
        digest.ahead(&url(at), true).1.is_some()
    };
    for (domain, at, is_sent) in [
        ("", "https://a.example/other", true),
        ("", "https://a.example:8443/x", false),
        ("", "http://a.example/x", false),
        (", domain=\"\"", "https://a.example/other", true),
        (", domain=\"/a /b/\"", "https://a.example/a", true),
        (", domain=\"/a /b/\"", "https://a.example/a/c", true),
        (", domain=\"/a /b/\"", "https://a.example/a?c", true),
        (", domain=\"/a /b/\"", "https://a.example/ab", false),
        (", domain=\"/a /b/\"", "https://a.example/b/c", true),
        (", domain=\"/a /b/\"", "https://a.example/b", false),
        (", domain=\"https://a.example/a\"", "https://a.example/a", true),
        // It has no nonce of its own yet: it is to ask first.
        (", domain=\"https://b.example/a\"", "https://b.example/a", false),
    ] {
        assert_eq!(ahead(domain, at), is_sent, "{domain} {at}");
    }
    let mut digest = digest();
    digest.rules_mut().preemptive = false;
    take_up(&mut digest, &url(URL), &["Digest realm=r, nonce=n"], "c").expect("a ticket");
    assert!(digest.ahead(&url(URL), true).1.is_none());
}

#[test]
fn another_origin_is_answered_between_https_and_https_for_the_same_realm() {
    let field = |realm: &str| {
        format!("Digest realm={realm}, nonce=n, domain=\"/ https://b.example/in http://c.example/\"")
    };
    let mut digest = digest();
    let (inside, outside) = (url("https://b.example/in/x"), url("https://b.example/out"));
    assert!(!digest.is_for(&inside));
    take_up(&mut digest, &url(URL), &[&field("r")], "c").expect("a ticket");
    assert!(digest.is_for(&inside) && !digest.is_for(&outside) && !digest.is_for(&url("http://c.example/")));
    assert!(take_up(&mut digest, &inside, &[&field("other")], "c").is_none());
    assert!(
        take_up(&mut digest, &inside, &["Digest realm=r, nonce=n, domain=\"https://d.example/\""], "c")
            .is_some()
    );
    assert!(digest.ahead(&inside, true).1.is_some(), "it has a nonce of its own now");
    assert!(!digest.is_for(&url("https://d.example/")), "home alone says where its space is");

    let home = url("http://a.example/");
    let mut open = Digest::new(&home, login("u", "p"));
    take_up(&mut open, &home, &[&field("r")], "c").expect("a ticket");
    assert!(open.is_for(&home) && !open.is_for(&inside) && !open.is_for(&url("http://c.example/")));
}

#[test]
fn nothing_weaker_is_answered_than_what_has_been_accepted() {
    let mut digest = digest();
    let at = url(URL);
    let (weak, strong) =
        ("Digest realm=r, nonce=m, qop=auth", "Digest realm=r, nonce=s, qop=auth, algorithm=SHA-256");
    let older = "Digest realm=r, nonce=s, algorithm=SHA-256";
    // What has only been asked for proves nothing.
    take_up(&mut digest, &at, &[strong], "c").expect("a ticket");
    take_up(&mut digest, &at, &[weak], "c").expect("a ticket");
    let ticket = take_up(&mut digest, &at, &[strong], "c").expect("a ticket");
    digest.answered(&ticket, None, &HeaderMap::new()).expect("no proof");
    assert!(take_up(&mut digest, &at, &[weak], "c").is_none());
    assert!(take_up(&mut digest, &at, &[older], "c").is_none());
    assert!(digest.ahead(&at, true).1.is_some(), "what is known stays");
    assert!(take_up(&mut digest, &at, &[weak, strong], "c").is_some());
    for other in ["512", "512-256"] {
        assert!(take_up(&mut digest, &at, &[&strong.replace("256", other)], "c").is_some(), "{other}");
    }
}

#[test]
fn an_origin_s_nonce_ends_with_its_place_in_the_space() {
    let mut digest = digest();
    let (home, away) = (url(URL), url("https://b.example/"));
    let field = |domain: &str| format!("Digest realm=r, nonce=n, domain=\"{domain}\"");
    take_up(&mut digest, &home, &[&field("/ https://b.example/")], "c").expect("a ticket");
    take_up(&mut digest, &away, &[&field("")], "c").expect("a ticket");
    assert_eq!(digest.nonces.len(), 2);
    let later = Asked { since: digest.last(), ..asked(&home) };
    let field = field("/ https://c.example/");
    digest.challenged(later, None, &challenged(&[&field]), || "c".to_owned()).expect("a ticket");
    assert_eq!(digest.nonces.len(), 1);
}

fn info(text: &str) -> HeaderMap {
    let name = HeaderName::from_static("authentication-info");
    [(name, HeaderValue::try_from(text).expect("a value"))].into_iter().collect()
}

#[test]
fn counts_grow_under_one_nonce_and_begin_anew_under_the_next() {
    let mut digest = digest();
    let at = url(URL);
    let first = take_up(&mut digest, &at, &["Digest realm=r, nonce=one, qop=auth"], "c").expect("a ticket");
    let second = digest.ahead(&at, true).1.expect("a ticket");
    assert!(field(&first, "GET", &at, None).contains("nc=00000001"));
    assert!(field(&second, "GET", &at, None).contains("nc=00000002"));
    digest.answered(&second, None, &info("nextnonce=\"two\"")).expect("no proof");
    // What comes late does not replace what is newer.
    digest.answered(&first, None, &info("nextnonce=\"older\"")).expect("no proof");
    let third = digest.ahead(&at, true).1.expect("a ticket");
    let third = field(&third, "GET", &at, None);
    assert!(third.contains("nonce=\"two\"") && third.contains("nc=00000001"), "{third}");
}

#[test]
fn a_nonce_ends_with_its_digits() {
    let mut digest = digest();
    let at = url(URL);
    take_up(&mut digest, &at, &["Digest realm=r, nonce=one, qop=auth"], "c").expect("a ticket");
    digest.nonces[0].count = u32::MAX - 1;
    let last = digest.ahead(&at, true).1.expect("a ticket");
    assert!(field(&last, "GET", &at, None).contains("nc=ffffffff"));
    assert!(digest.ahead(&at, true).1.is_none());
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let mut digest = digest();
    let at = url(URL);
    let ticket = take_up(&mut digest, &at, &["Digest realm=r, nonce=one, qop=auth"], "c").expect("a ticket");
    let proof = ticket.answer("GET", &at, None).proof.expect("a proof");
    let mut said = |text: &str| digest.answered(&ticket, Some(&proof), &info(text)).is_ok();
    assert!(said(&format!("qop=auth, rspauth=\"{proof}\", cnonce=\"c\", nc=00000001")));
    assert!(said(&format!("rspauth={}", proof.to_ascii_uppercase())));
    assert!(said("nextnonce=\"one\""));
    assert!(!said("rspauth=\"0123456789abcdef0123456789abcdef\""));
    assert!(!said("rspauth=\"\""));
    digest.rules_mut().proof = false;
    assert!(digest.answered(&ticket, Some(&proof), &info("rspauth=\"0\"")).is_ok());
}

#[test]
fn neither_user_nor_password_is_shown() {
    let mut digest = Digest::new(&url(URL), login("mufasa", "circle"));
    take_up(&mut digest, &url(URL), &["Digest realm=r, nonce=n"], "c").expect("a ticket");
    let shown = format!("{digest:?}");
    assert!(
        shown.contains("https://a.example") && !shown.contains("mufasa") && !shown.contains("circle"),
        "{shown}"
    );
}
