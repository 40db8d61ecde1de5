//! Answers that are known from standards and from other clients' own tests.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::answer::{Answer, Chosen, Known, Message};
use super::super::challenge::Challenge;
use super::super::hash::Algorithm;
use super::login;

struct Vector {
    who: (&'static str, &'static str),
    challenge: &'static str,
    cnonce: &'static str,
    chosen: Chosen,
    method: &'static str,
    target: &'static str,
}

const GET: Vector = Vector {
    who: ("Mufasa", "Circle of Life"),
    challenge: "",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    chosen: Chosen::Auth,
    method: "GET",
    target: "/dir/index.html",
};

impl Vector {
    fn known(&self) -> Known {
        let [challenge] = Challenge::all([self.challenge.as_bytes()]).try_into().expect("one challenge");
        Known::new(&login(self.who.0, self.who.1), challenge, self.cnonce.to_owned(), 1)
    }

    fn answer(&self, body: Option<&str>) -> Answer {
        let Self { method, target, .. } = *self;
        self.known().answer(self.chosen, Message { method, target, body, count: 1 })
    }

    fn field(&self) -> String {
        String::from_utf8(self.answer(None).field).expect("text")
    }

    fn response(&self, body: Option<&str>) -> String {
        let field = String::from_utf8(self.answer(body).field).expect("text");
        let (_, rest) = field.split_once("response=\"").expect("a response");
        rest.split('"').next().expect("its value").to_owned()
    }
}

const RFC_7616: &str = r#"realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

/// RFC 7616, section 3.9.1.
#[test]
fn sha_256_and_md5_of_rfc_7616() {
    for (algorithm, response) in [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let challenge = format!("Digest {RFC_7616}, algorithm={algorithm}");
        let vector = Vector { challenge: challenge.leak(), ..GET };
        assert_eq!(
            vector.field(),
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, response=\"{response}\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, \
                 cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
            )
        );
    }
}

const RFC_7616_UTF_8: &str = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8"#;

/// RFC 7616, section 3.9.2, as its erratum 4897 has it: the text's own figures are those of a SHA-512 cut short.
#[test]
fn sha_512_256_of_rfc_7616_with_a_name_that_is_hidden_and_one_that_is_encoded() {
    let vector = Vector {
        who: ("Jäsøn Doe", "Secret, or not?"),
        challenge: RFC_7616_UTF_8,
        cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        target: "/doe.json",
        ..GET
    };
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    assert_eq!(vector.response(None), response);
    assert!(vector.field().starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="));

    let hidden = Vector { challenge: format!("{RFC_7616_UTF_8}, userhash=true").leak(), ..vector };
    assert_eq!(hidden.response(None), response);
    let user = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    assert!(hidden.field().starts_with(&format!("Digest username=\"{user}\", realm=")));
    assert!(hidden.field().ends_with(", userhash=true"));
}

const RFC_2617: &str = r#"realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#;

/// RFC 2617, section 3.5, and RFC 2069, section 2.4, as its erratum 749 has it.
#[test]
fn md5_of_rfc_2617_and_of_rfc_2069_without_a_quality() {
    let vector = Vector {
        who: ("Mufasa", "Circle Of Life"),
        challenge: format!("Digest {RFC_2617}, qop=\"auth,auth-int\"").leak(),
        cnonce: "0a4f113b",
        ..GET
    };
    assert_eq!(vector.response(None), "6629fae49393a05397450978507c4ef1");

    let older = Vector {
        who: ("Mufasa", "CircleOfLife"),
        challenge: format!("Digest {RFC_2617}, opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"").leak(),
        chosen: Chosen::None,
        ..vector
    };
    assert_eq!(
        older.field(),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"1949323746fe6a43ef61f9606e7febea\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

/// What curl's own tests 64 and 153 expect.
#[test]
fn what_curl_sends() {
    let vector = |who, challenge, target| Vector { who, challenge, target, chosen: Chosen::None, ..GET };
    let user = ("testuser", "testpass");
    let first = vector(user, r#"Digest realm="testrealm", nonce="1053604145""#, "/64");
    assert_eq!(first.response(None), "c55f7f30d83d774a3d2dcacf725abaca");
    let second = vector(user, r#"Digest realm="testrealm", nonce="1053604145""#, "/1530001");
    assert_eq!(second.response(None), "f4f83139396995bac665f24a1f1055c7");
}

/// Made by hand of RFC 7616's section 3.4, one digest after the other.
#[test]
fn sessions_and_bodies() {
    let hash = |algorithm: Algorithm, text: &str| algorithm.of_pieces(&[text.as_bytes()]);
    for (name, algorithm) in [
        ("MD5", Algorithm::Md5),
        ("SHA-256", Algorithm::Sha256),
        ("SHA-512", Algorithm::Sha512),
        ("SHA-512-256", Algorithm::Sha512To256),
    ] {
        let challenge = format!("Digest realm=r, nonce=n, qop=\"auth-int\", algorithm={name}-sess");
        let vector = Vector {
            who: ("u", "p"),
            challenge: challenge.leak(),
            cnonce: "c",
            chosen: Chosen::AuthInt,
            method: "POST",
            target: "/",
        };
        let body = hash(algorithm, "body");
        let secret = hash(algorithm, &format!("{}:n:c", hash(algorithm, "u:r:p")));
        let message = hash(algorithm, &format!("POST:/:{body}"));
        let expected = hash(algorithm, &format!("{secret}:n:00000001:c:auth-int:{message}"));
        assert_eq!(vector.response(Some(&body)), expected, "{name}");
    }
    // The function itself: what `md5sum` prints.
    assert_eq!(hash(Algorithm::Md5, "u:r:p"), "44add22b6f3179b751eafd68ee370f7d");
}

#[test]
fn a_session_s_secret_outlives_its_first_nonce() {
    let challenge = "Digest realm=r, nonce=first, qop=auth, algorithm=MD5-sess";
    let vector = Vector { challenge, cnonce: "c", who: ("u", "p"), ..GET };
    let message = Message { method: "GET", target: "/", body: None, count: 1 };
    let next = vector.known().under(b"next", 2).answer(Chosen::Auth, message);
    let hash = |text: &str| Algorithm::Md5.of_pieces(&[text.as_bytes()]);
    let secret = hash(&format!("{}:first:c", hash("u:r:p")));
    let expected = hash(&format!("{secret}:next:00000001:c:auth:{}", hash("GET:/")));
    let field = String::from_utf8(next.field).expect("text");
    assert!(field.contains("nonce=\"next\"") && field.contains(&expected), "{field}");
    let proof = hash(&format!("{secret}:next:00000001:c:auth:{}", hash(":/")));
    assert_eq!(next.proof.as_deref(), Some(proof.as_str()));
}

#[test]
fn what_is_quoted_is_escaped_and_hashed_as_it_is_meant() {
    let vector = Vector {
        who: (r#"a "b" \c"#, "p"),
        challenge: r#"Digest realm="say \"x\" \\", nonce="n", qop=auth"#,
        ..GET
    };
    let field = vector.field();
    assert!(field.starts_with(r#"Digest username="a \"b\" \\c", realm="say \"x\" \\", "#), "{field}");
    let plain = Algorithm::Md5.of_pieces(&[br#"a "b" \c"#, br#"say "x" \"#, b"p"]);
    let message = Algorithm::Md5.of_pieces(&[b"GET", b"/dir/index.html"]);
    let expected = Algorithm::Md5.of_pieces(&[
        plain.as_bytes(),
        b"n",
        b"00000001",
        GET.cnonce.as_bytes(),
        b"auth",
        message.as_bytes(),
    ]);
    assert_eq!(vector.response(None), expected);
}
