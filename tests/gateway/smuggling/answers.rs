//! What upstreams answer.

use super::super::wire::{Answer, run};
use super::Lab;

const END: &str = "Content-Length: 2\r\n\r\nok";

/// Fields that would speak for the gateway's own origin, and one that would not.
const SPEAKING: &str = "Set-Cookie: a=secret\r\nSet-Cookie2: secret\r\nWWW-Authenticate: Basic realm=secret\r\nProxy-Authenticate: Basic realm=secret\r\n\
    Authentication-Info: secret\r\nProxy-Authentication-Info: secret\r\nClear-Site-Data: \"*\", \"secret\"\r\nStrict-Transport-Security: max-age=1; secret\r\n\
    Access-Control-Allow-Origin: https://secret.example\r\nAccess-Control-Allow-Credentials: secret\r\nAccess-Control-Expose-Headers: secret\r\n\
    Content-Security-Policy: secret\r\nContent-Security-Policy-Report-Only: secret\r\nAlt-Svc: h2=\"secret:443\"\r\nRefresh: 0; url=http://secret/\r\n\
    Service-Worker-Allowed: /secret\r\nNEL: secret\r\nReport-To: secret\r\nReporting-Endpoints: secret\r\n\
    Cross-Origin-Opener-Policy: secret\r\nCross-Origin-Embedder-Policy: secret\r\nCross-Origin-Resource-Policy: secret\r\nOrigin-Agent-Cluster: secret\r\n\
    Permissions-Policy: secret\r\nDocument-Policy: secret\r\nExpect-CT: secret\r\nPublic-Key-Pins: secret\r\nSourceMap: /secret\r\n\
    Via: 1.1 secret\r\nProxy-Status: secret\r\nKeep-Alive: secret\r\nTrailer: X-Secret\r\nUpgrade: secret\r\nX-Request-Id: secret\r\n\
    Dualfetch-Url: http://secret/\r\nDualfetch-Redirects: secret\r\nDualfetch-Error: secret\r\nX-Frame-Options: secret\r\nX-Content-Type-Options: secret\r\n\
    X-Named: secret\r\nConnection: x-named\r\nX-Kept: kept\r\nContent-Type: text/html\r\nETag: \"kept\"\r\nLink: </kept>; rel=next\r\n";

#[test]
fn no_answer_speaks_for_the_gateway() {
    run(async {
        for status in ["200 OK", "401 Unauthorized", "407 Proxy", "404 Not Found", "500 Oh"] {
            let lab = Lab::answering(format!("HTTP/1.1 {status}\r\n{SPEAKING}{END}")).await;
            let answer = lab.gateway.fetch(&lab.upstream.url("/")).await;
            assert_eq!((answer.status.to_string().as_str(), answer.text().as_str()), (&status[..3], "ok"));
            let told: Vec<_> = answer.fields.iter().filter(|(_, value)| value.contains("secret")).collect();
            assert!(told.is_empty(), "{told:?}");
            for kept in ["x-kept", "etag", "link"] {
                assert!(answer.field(kept).is_some_and(|value| value.contains("kept")), "{kept}");
            }
            assert_eq!(answer.field("content-security-policy"), Some("sandbox; default-src 'none'"));
            assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.field("dualfetch-url"), Some(lab.upstream.url("/").as_str()));
            assert_eq!(
                (answer.field("dualfetch-redirects"), answer.field("dualfetch-error")),
                (Some("0"), None)
            );
            assert_eq!(lab.upstream.came().len(), 1, "a challenge is not answered");
        }
    });
}

#[test]
fn no_answer_passes_for_a_failure_of_the_gateways_own() {
    run(async {
        let problem = r#"{"type":"about:blank","status":403,"code":"denied","url":"x"}"#;
        let fields =
            "Content-Type: application/problem+json\r\ndualfetch-error: denied\r\nDualfetch-Error: denied";
        let lab = Lab::answering(format!(
            "HTTP/1.1 403 Forbidden\r\n{fields}\r\nContent-Length: {}\r\n\r\n{problem}",
            problem.len()
        ))
        .await;
        let answer = lab.gateway.fetch(&lab.upstream.url("/")).await;
        assert_eq!((answer.status, answer.text().as_str()), (403, problem));
        assert!(answer.field("dualfetch-error").is_none() && answer.field("dualfetch-url").is_some());
    });
}

/// Answers that can be read in more than one way, or in none: what the gateway must make of each.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// A failure of its own.
    Failure,
    /// An answer with this body.
    Of(&'static str),
    /// One of both, as the RFCs leave it open.
    Either(&'static str),
    /// A head, and a body that is cut; or a failure.
    Cut,
}

use Made::{Cut, Either, Failure, Of};

const ANSWERS: &[(&str, Made)] = &[
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Of("ok")),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", Of("ok")),
    ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", Of("ok")),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Of("ok")),
    // Lengths.
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nok", Cut),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Either("ok"),
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Either("ok"),
    ),
    // Codings and chunks.
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nok\r\n0\r\n\r\n", Cut),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n", Cut),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n0\r\n\r\n", Cut),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokXX0\r\n\r\n", Cut),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n", Cut),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: a=b\r\nX-Evil: x\r\n\r\n",
        Of("ok"),
    ),
    // Heads.
    ("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", Either("ok")),
    ("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 200 OK\r\nX: a\r\n Set-Cookie: b\r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 OK\r\nX\r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", Either("ok")),
    ("HTTP/1.1 200 a\0b\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.1 -20 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("HTTPS/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("ICY 200 OK\r\nContent-Length: 2\r\n\r\nok", Failure),
    ("<html>no head</html>\r\n\r\n", Failure),
    ("220 mail.example ESMTP\r\n\r\n", Failure),
    ("-ERR unknown command 'GET'\r\n\r\n", Failure),
    ("SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure),
    ("\x15\x03\x01\x00\x02\x02\x46", Failure),
    ("\0\0\0\x04\0\0\0\0\0", Failure),
    // Before the answer, and after it.
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Of("ok")),
    (
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Of("ok"),
    ),
    ("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", Either("")),
    (
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Either(""),
    ),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", Either("")),
];

#[test]
fn every_answer_is_one_answer() {
    run(async {
        let mut wrong = Vec::new();
        for (bytes, made) in ANSWERS {
            let lab = Lab::answering(*bytes).await;
            let request = lab.line("GET", "/") + "Connection: close\r\n\r\n";
            let answers = lab.gateway.says(&request).await;
            assert!(answers.len() <= 1, "{bytes:?}: {answers:?}");
            // The head may be cut with the body.
            let answer = answers.into_iter().next().unwrap_or_default();
            let failure = || answer.status == 502 && answer.code().is_some();
            let of =
                |body: &str| answer.whole && answer.text() == body && answer.field("dualfetch-url").is_some();
            let right = match made {
                Failure => failure(),
                Of(body) => of(body),
                Either(body) => of(body) || failure(),
                Cut => !answer.whole && answer.code().is_none() || failure(),
            };
            let clean = !answer.fields.iter().any(|(name, _)| name == "set-cookie" || name == "x-evil");
            if !right || !clean {
                wrong.push(format!("{bytes:?} should be made {made:?}: {answer:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ANSWERS.len(), wrong.join("\n"));
    });
}

#[test]
fn heads_without_end_are_no_answer() {
    run(async {
        let fields: String = (0..5_000).map(|nth| format!("X-{nth}: x\r\n")).collect();
        for bytes in [
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n{END}", "x".repeat(4 << 20)),
            format!("HTTP/1.1 200 OK\r\n{fields}{END}"),
            format!("{}HTTP/1.1 200 OK\r\n{END}", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000)),
        ] {
            let lab = Lab::answering(bytes).await;
            let answer: Answer = lab.gateway.fetch(&lab.upstream.url("/")).await;
            assert!(answer.code().is_some() || answer.text() == "ok", "{answer:?}");
        }
    });
}

/// Otherwise the second one would be the answer of whom the connection serves next.
#[test]
fn a_second_answer_is_nobodys() {
    run(async {
        let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
        let lab = Lab::answering(format!("HTTP/1.1 200 OK\r\n{END}{poison}")).await;
        for nth in 0..20 {
            let answer = lab.gateway.fetch(&lab.upstream.url(&format!("/{nth}"))).await;
            assert!(answer.text() == "ok" || answer.code().is_some(), "{answer:?}");
        }
        assert!(
            lab.upstream.came().iter().all(|came| came.requests <= 1),
            "such a connection was used again"
        );
    });
}

/// A HEAD's answer has no body, whatever it says; what follows is the poison of the test above.
#[test]
fn a_body_of_a_head_is_nobodys() {
    run(async {
        let lab = Lab::answering(
            "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        )
        .await;
        for nth in 0..10 {
            let request = lab.line("HEAD", &format!("/{nth}")) + "Connection: close\r\n\r\n";
            let mut stream = tokio::net::TcpStream::connect(lab.gateway.address).await.expect("a connection");
            tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.expect("it is sent");
            let mut text = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.expect("an answer");
            assert!(text.ends_with("\r\n\r\n") && !text.contains("poison"), "{text}");
        }
        assert!(
            lab.upstream.came().iter().all(|came| came.requests <= 1),
            "such a connection was used again"
        );
    });
}
