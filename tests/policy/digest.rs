//! Digest authentication: when it is asked for, when it is sent unasked, and to whom.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dualfetch::middleware::DigestAuth;
use dualfetch::multipart::{Form, Part};
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Body, Client, Config, Error, ErrorKind, Netrc, Request, Response, Retry, Session, Timeout};
use futures_util::future::{join, join_all};
use futures_util::stream;

use crate::strict::{PASSWORD, Strict, USER};
use crate::{secs, session};

pub(super) const HOME: &str = "https://a.example/";
const FIRST: &str = "nonce-00001";

pub(super) fn auth() -> DigestAuth {
    DigestAuth::new(HOME, USER, PASSWORD).expect("sound")
}

/// Answers as the strict server does, at any origin, slowly at `/slow`, and redirects from `/away`, `/back` and `/on`.
fn serve(platform: &Scripted, strict: &Arc<Strict>) {
    let strict = Arc::clone(strict);
    platform.on_every(move |request: &Request| match request.url().path() {
        "/away" => Reply::redirect(307, "https://b.example/back"),
        "/back" => Reply::redirect(307, "https://a.example/end"),
        "/slow" => judged(&strict, request).after(secs(60)),
        "/on" => Reply::redirect(307, "/end?x=1"),
        _ => judged(&strict, request),
    });
}

fn judged(strict: &Strict, request: &Request) -> Reply {
    let body = request.body().as_bytes().map(|bytes| &bytes[..]).unwrap_or(b"streamed");
    judged_with(strict, request, if request.body().is_none() { b"" } else { body })
}

fn judged_with(strict: &Strict, request: &Request, body: &[u8]) -> Reply {
    let answer = request.headers().get("authorization").map(|answer| answer.to_str().expect("text"));
    let url = request.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let verdict = strict.judge(request.method().as_str(), &target, answer, body);
    let reply = Reply::status(verdict.status).then(if verdict.status == 200 { "welcome" } else { "who?" });
    // Others are on their way meanwhile.
    let reply = reply.after(Duration::from_millis(10));
    verdict.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
}

pub(super) fn strict_of(strict: Strict, config: Config) -> (Arc<Strict>, Scripted, Client<Scripted>) {
    let strict = Arc::new(strict);
    let (platform, session) = session(config);
    serve(&platform, &strict);
    (strict, platform, session)
}

pub(super) fn strict(config: Config) -> (Arc<Strict>, Scripted, Client<Scripted>) {
    strict_of(Strict::new("SHA-256", "auth"), config)
}

pub(super) fn status(result: Result<Response, Error>) -> u16 {
    result.expect("an answer").status().as_u16()
}

/// The answers of each request so far, as far as their scheme.
pub(super) fn schemes(platform: &Scripted) -> Vec<&'static str> {
    let scheme = |call: &dualfetch::platform::scripted::Call| match call.headers.get("authorization") {
        None => "-",
        Some(value) if value.as_bytes().starts_with(b"Digest ") => "digest",
        Some(value) if value.as_bytes().starts_with(b"Basic ") => "basic",
        Some(_) => "other",
    };
    platform.calls().iter().map(scheme).collect()
}

#[test]
fn one_is_challenged_and_the_others_answer_unasked() {
    for (algorithm, qop) in [
        ("MD5", ""),
        ("MD5", "auth"),
        ("MD5-sess", "auth"),
        ("SHA-256", "auth,auth-int"),
        ("SHA-256-sess", "auth"),
        ("SHA-512-256", "auth-int"),
        ("SHA-512-256-sess", "auth-int"),
    ] {
        let strict = Strict::new(algorithm, qop);
        let (strict, platform, session) = strict_of(strict, Config::new().hop_middleware(auth()));
        platform.run(async {
            for path in ["", "a", "b?q=%20&r=\"x'"] {
                let response = session.post(format!("{HOME}{path}")).body("body").await.expect("an answer");
                assert_eq!((response.status().as_u16(), response.attempts()), (200, 1), "{algorithm} {qop}");
                assert!(response.history().is_empty());
                assert_eq!(response.text().await.expect("a body"), "welcome");
            }
        });
        assert_eq!(strict.refused(), [""; 0]);
        assert_eq!(schemes(&platform), ["-", "digest", "digest", "digest"], "{algorithm} {qop}");
        assert!(platform.calls()[1].headers["authorization"].is_sensitive());
        assert_eq!((session.figures().in_flight, session.figures().waiting), (0, 0));
        if !qop.is_empty() {
            let counts = strict.taken();
            assert_eq!(counts, [1, 2, 3].map(|count| (FIRST.to_owned(), count)));
        }
    }
}

#[test]
fn a_wrong_password_is_a_401_after_one_answer() {
    let wrong = DigestAuth::new(HOME, USER, "wrong").expect("sound");
    let (strict, platform, session) = strict(Config::new().hop_middleware(wrong).retry(Retry::standard()));
    platform.run(async {
        let response = session.get(HOME).await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), response.text().await.expect("a body").as_str()),
            (401, "who?")
        );
        assert_eq!(status(session.get(HOME).await), 401);
    });
    assert_eq!(schemes(&platform), ["-", "digest", "-", "digest"]);
    assert_eq!(strict.refused().len(), 2);
}

#[test]
fn a_server_that_is_never_content_is_left() {
    let (platform, session) = session(Config::new().hop_middleware(auth()));
    platform.on_every(|_: &Request| {
        Reply::status(401).header("www-authenticate", "Digest realm=r, nonce=n, qop=auth, stale=true")
    });
    assert_eq!(status(platform.run(session.get(HOME).send())), 401);
    assert_eq!(schemes(&platform), ["-", "digest", "digest"]);
}

#[test]
fn other_challenges_are_the_caller_s_to_answer() {
    let (platform, session) = session(Config::new().hop_middleware(auth()));
    platform.on_every(|_: &Request| {
        Reply::status(401).header("www-authenticate", "Basic realm=\"Digest nonce=n\"")
    });
    assert_eq!(status(platform.run(session.get(HOME).send())), 401);
    assert_eq!(platform.calls().len(), 1);
}

#[test]
fn a_thousand_at_once_share_one_nonce() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth()).limit(100));
    let all = || async {
        let asked = (0..1000).map(|index| session.get(format!("{HOME}{index}?of=1000")).send());
        for response in join_all(asked).await {
            assert_eq!(status(response), 200);
        }
    };
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        all().await;
    });
    assert_eq!(strict.refused(), [""; 0]);
    assert_eq!(platform.calls().len(), 1002);
    // In the order in which they were sent, none left out and none twice.
    let expected: Vec<_> = (1..=1001).map(|count| (FIRST.to_owned(), count)).collect();
    assert_eq!(strict.taken(), expected);

    // They are under way, the rest of them in line, when the nonce is taken no more: one new one is enough for all.
    strict.forget();
    platform.run(all());
    assert_eq!(strict.refused(), [""; 0]);
    let nonces: BTreeSet<_> = strict.taken().into_iter().skip(1001).map(|(nonce, _)| nonce).collect();
    assert_eq!(nonces.len(), 1, "{nonces:?}");
    let calls = platform.calls().len() - 1002;
    assert!((1001..=1100).contains(&calls), "{calls} for a thousand, a hundred at a time");
}

#[test]
fn those_in_line_while_the_first_is_challenged_are_not_challenged() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth()).limit(2));
    platform.run(async {
        let asked = (0..20).map(|index| session.get(format!("{HOME}{index}")).send());
        for response in join_all(asked).await {
            assert_eq!(status(response), 200);
        }
    });
    assert_eq!(strict.refused(), [""; 0]);
    assert!(platform.calls().len() <= 22, "{:?}", schemes(&platform));
}

#[test]
fn a_body_is_sent_again_where_it_can_be() {
    let body = || stream::iter(["stre", "amed"].map(Ok::<_, Error>));
    for qop in ["auth", "auth-int"] {
        let (strict, platform, session) =
            strict_of(Strict::new("SHA-256", qop), Config::new().hop_middleware(auth()));
        let post = |body: Body| session.post(HOME).body(body).send();
        platform.run(async {
            // It was taken by the challenge, which is now known.
            assert_eq!(status(post(Body::stream(body())).await), 401);
            let answered = status(post(Body::stream(body())).await);
            assert_eq!(answered, if qop == "auth" { 200 } else { 401 });
            assert_eq!(status(post(Body::replayable(body)).await), 200);
        });
        platform.run(async {
            strict.forget();
            assert_eq!(status(post(Body::replayable(body)).await), 200);
        });
        assert_eq!(strict.refused(), [""; 0]);
    }
}

#[test]
fn a_form_s_bytes_can_be_had_where_those_of_all_its_parts_can() {
    const SENT: &str = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n--b--\r\n";
    let part = |body: Body| Part::new(body);
    let again = || part(Body::replayable(|| stream::iter([Ok::<_, Error>("x")])));
    let once = || part(Body::stream(stream::iter([Ok::<_, Error>("x")])));
    for (form, sent, answered) in [
        (Form::new().text("a", "1").part("b", again()), &["-", "digest", "digest"][..], 200),
        (Form::new().text("a", "1").part("b", once()), &["-", "digest", "-"], 401),
    ] {
        let strict = Arc::new(Strict::new("MD5", "auth-int"));
        let (platform, session) = session(Config::new().hop_middleware(auth()));
        let judge = Arc::clone(&strict);
        platform.on_every(move |request: &Request| {
            let body = if request.body().is_none() { "" } else { SENT };
            judged_with(&judge, request, body.as_bytes())
        });
        platform.run(async {
            assert_eq!(status(session.get(HOME).await), 200);
            assert_eq!(status(session.post(HOME).multipart(form.boundary("b")).await), answered);
        });
        assert_eq!((schemes(&platform), strict.refused()), (sent.to_vec(), Vec::new()));
    }
}

#[test]
fn a_body_that_fails_while_it_is_read_for_its_digest_fails_the_request() {
    let (_, platform, session) =
        strict_of(Strict::new("MD5", "auth-int"), Config::new().hop_middleware(auth()));
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        let broken = || stream::iter([Ok("x"), Err(std::io::Error::other("gone"))]);
        let error = session.post(HOME).body(Body::replayable(broken)).await.expect_err("it is broken");
        assert_eq!(error.kind(), &ErrorKind::RequestBody);
    });
}

#[test]
fn integrity_may_be_preferred() {
    let config = Config::new().hop_middleware(auth().prefer_integrity(true));
    let (strict, platform, session) = strict_of(Strict::new("SHA-256", "auth,auth-int"), config);
    assert_eq!(status(platform.run(session.put(HOME).body("bytes").send())), 200);
    assert_eq!(strict.refused(), [""; 0]);
    let sent = platform.calls()[1].headers["authorization"].to_str().expect("text").to_owned();
    assert!(sent.contains("qop=auth-int,"), "{sent}");
}

#[test]
fn redirects_within_the_origin_are_answered_and_others_never() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth()));
    platform.run(async {
        assert_eq!(status(session.get("https://a.example/on").await), 200);
        assert_eq!(schemes(&platform), ["-", "-", "digest"]);
        assert_eq!(status(session.get("https://a.example/away").await), 401);
    });
    assert_eq!(schemes(&platform)[3..], ["digest", "-", "-"]);
    assert_eq!(strict.refused(), [""; 0]);
    platform.run(async {
        assert_eq!(status(session.get("https://b.example/").await), 401);
        assert_eq!(status(session.get("http://a.example/").await), 401);
    });
    assert_eq!(schemes(&platform)[6..], ["-", "-"]);
}

#[test]
fn what_the_caller_says_of_itself_comes_first() {
    let (_, platform, session) = strict(Config::new().hop_middleware(auth()));
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        assert_eq!(status(session.get(HOME).bearer_auth("token").await), 401);
        assert_eq!(status(session.get("https://me:secret@a.example/").await), 401);
        assert_eq!(status(session.get(HOME).skip_auto_headers(["authorization"]).await), 401);
    });
    assert_eq!(schemes(&platform)[2..], ["other", "basic", "-"]);
    let (_, platform, with_basic) = strict(Config::new().hop_middleware(auth()).basic_auth("me", "secret"));
    assert_eq!(status(platform.run(with_basic.get(HOME).send())), 401);
    assert_eq!(schemes(&platform), ["basic"]);
}

#[test]
fn a_request_s_own_comes_before_the_session_s() {
    let netrc = Netrc::parse("machine a.example login a password b").expect("a netrc");
    let wrong = || DigestAuth::new(HOME, USER, "wrong").expect("sound");
    for config in [
        Config::new(),
        Config::new().basic_auth("me", "secret"),
        Config::new().netrc(netrc),
        Config::new().hop_middleware(wrong()),
        Config::new().base_url(HOME).digest_auth(USER, "wrong"),
    ] {
        let (strict, platform, session) = strict(config);
        let get = |url: &str| session.get(url).digest_auth(USER, PASSWORD).send();
        platform.run(async {
            assert_eq!(status(get(HOME).await), 200);
            assert_eq!(status(get("https://me:secret@a.example/").await), 200);
            assert_eq!(status(get("https://a.example/away").await), 401);
        });
        assert_eq!(strict.refused(), [""; 0]);
        // Each is challenged, and redirects are followed as others' are.
        assert_eq!(schemes(&platform), ["-", "digest", "-", "digest", "-", "-", "-"]);
    }
}

#[test]
fn a_session_s_own_is_for_its_base_url() {
    let config = || Config::new().digest_auth(USER, PASSWORD);
    let (strict, platform, base) = strict(config().base_url("https://a.example/api/"));
    platform.run(async {
        assert_eq!(status(base.get("users").params([("page", "2 & 3")]).await), 200);
        assert_eq!(status(base.get("/elsewhere").await), 200);
        assert_eq!(status(base.get("https://b.example/").await), 401);
        let same = base.extend(|config| config.header("x-more", "1")).expect("sound");
        assert_eq!(status(same.get("users").await), 200);
        let moved = base.extend(|config| config.base_url("https://b.example/")).expect("sound");
        assert_eq!(status(moved.get("users").await), 401);
        assert_eq!(status(moved.get("https://a.example/").await), 401);
    });
    assert_eq!(schemes(&platform), ["-", "digest", "digest", "-", "-", "digest", "-", "-"]);
    assert_eq!(strict.refused(), [""; 0]);

    let refused = |config| {
        let error = Client::with_backend(config, Scripted::new(1)).expect_err("refused");
        (error.kind().clone(), error.message().unwrap_or_default().to_owned())
    };
    let option = ErrorKind::InvalidOption { option: "digest_auth" };
    let (kind, message) = refused(config());
    assert_eq!(kind, option);
    assert!(message.contains("base_url"), "{message}");
    let (_, session) = session(Config::new());
    for user in ["a:b", "a\nb"] {
        assert_eq!(session.get(HOME).digest_auth(user, "c").build().expect_err("refused").kind(), &option);
        assert_eq!(refused(Config::new().base_url(HOME).digest_auth(user, "c")).0, option);
    }
    assert_eq!(DigestAuth::new("nowhere", "a", "b").expect_err("refused").kind(), &ErrorKind::InvalidUrl);
}

#[test]
fn a_user_name_that_no_field_can_hold_is_named() {
    let error = DigestAuth::new(HOME, "a\nb", "c").expect_err("refused");
    assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "digest_auth" });
    assert!(error.message().is_some_and(|message| message.contains("control character")), "{error}");
    DigestAuth::new(HOME, "Jäsøn", "c\n").expect("its field can hold it");
}

#[test]
fn a_server_s_wrong_proof_is_an_error_unless_it_is_not_to_be_looked_at() {
    let lying = || Strict { lies: true, ..Strict::new("SHA-256", "auth") };
    let (_, platform, session) = strict_of(lying(), Config::new().hop_middleware(auth()));
    let error = platform.run(session.get(HOME).send()).expect_err("a lie");
    assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("protocol", Some(HOME)));
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
    let config = Config::new().hop_middleware(auth().verify_server(false));
    let (_, platform, session) = strict_of(lying(), config);
    assert_eq!(status(platform.run(session.get(HOME).send())), 200);
}

#[test]
fn it_may_be_asked_for_each_time() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth().preemptive(false)));
    platform.run(async {
        for _ in 0..2 {
            assert_eq!(status(session.get(HOME).await), 200);
        }
    });
    assert_eq!(schemes(&platform), ["-", "digest", "-", "digest"]);
    assert_eq!(strict.refused(), [""; 0]);
}

#[test]
fn each_attempt_has_a_count_of_its_own() {
    let strict = Arc::new(Strict::new("SHA-256", "auth"));
    let (platform, session) = session(Config::new().hop_middleware(auth()).retry(Retry::standard()));
    let (judge, count) = (Arc::clone(&strict), std::sync::atomic::AtomicUsize::new(0));
    platform.on_every(move |request: &Request| {
        let reply = judged(&judge, request);
        // The answer was taken, and the page is not there yet.
        match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            1 => Reply::status(503).after(secs(1)),
            _ => reply,
        }
    });
    let response = platform.run(session.get(HOME).send()).expect("an answer");
    assert_eq!((response.status().as_u16(), response.attempts()), (200, 2));
    assert_eq!(strict.taken(), [1, 2].map(|count| (FIRST.to_owned(), count)));
}

#[test]
fn a_turn_that_is_waited_for_is_not_of_the_total() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth()).limit(1));
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        let slow = session.get("https://a.example/slow");
        let get = session.get(HOME).timeout(Timeout::new().total(secs(5)));
        let (slow, quick) = join(slow.send(), get.send()).await;
        assert_eq!((status(slow), status(quick)), (200, 200));
    });
    assert!(platform.elapsed() > secs(60));
    assert_eq!(strict.refused(), [""; 0]);
}

#[test]
fn a_domain_says_where_it_is_sent_unasked() {
    let strict = Strict { more: ", domain=\"/in https://b.example/\"", ..Strict::new("MD5", "auth") };
    let (strict, platform, session) = strict_of(strict, Config::new().hop_middleware(auth()));
    platform.run(async {
        for url in [
            "https://a.example/in",
            "https://a.example/in/x",
            "https://a.example/out",
            "https://b.example/x",
            "https://b.example/y",
        ] {
            assert_eq!(status(session.get(url).await), 200, "{url}");
        }
    });
    // The other origin is asked for a nonce of its own.
    assert_eq!(schemes(&platform), ["-", "digest", "digest", "-", "digest", "-", "digest", "digest"]);
    assert_eq!(strict.refused(), [""; 0]);
}

#[cfg(feature = "cookies")]
#[test]
fn cookies_that_come_with_a_challenge_go_with_its_answer() {
    let (platform, session) = session(Config::new().hop_middleware(auth()));
    platform.on(
        HOME,
        Reply::status(401)
            .header("www-authenticate", "Digest realm=r, nonce=n, qop=auth")
            .header("set-cookie", "a=1"),
    );
    platform.on(HOME, Reply::ok("welcome"));
    platform.on(
        "https://a.example/by-hand",
        Reply::status(401).header("www-authenticate", "Digest realm=r, nonce=m, qop=auth"),
    );
    platform.on("https://a.example/by-hand", Reply::ok("welcome"));
    platform.run(async {
        assert_eq!(status(session.get(HOME).cookie("own", "2").await), 200);
        assert_eq!(status(session.get("https://a.example/by-hand").header("cookie", "c=3").await), 200);
    });
    let sent: Vec<_> = platform
        .calls()
        .iter()
        .map(|call| call.headers["cookie"].to_str().expect("text").to_owned())
        .collect();
    assert_eq!(sent, ["own=2", "a=1; own=2", "c=3", "c=3"]);
}

#[test]
fn no_secret_is_shown() {
    let auth = DigestAuth::new("https://me:hidden@a.example/x", "mufasa", "circle").expect("sound");
    let shown = format!("{auth:?} {:?}", Config::new().base_url(HOME).digest_auth("mufasa", "circle"));
    assert!(shown.contains("https://a.example"), "{shown}");
    for secret in ["mufasa", "circle", "hidden"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let (_, platform, session) = strict(Config::new().hop_middleware(self::auth()));
    platform.run(session.get(HOME).send()).expect("an answer");
    let shown = format!("{:?} {session:?}", platform.calls());
    assert!(!shown.contains("response=") && !shown.contains(PASSWORD), "{shown}");
}
