//! A tunnel through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6).

use std::fmt::Write;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, PROXY_AUTHENTICATE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::policy::retry::is_transient_status;
use crate::proxy::ProxyServer;

use super::proxied::ProxyFailed;

/// How many bytes an answer's head may have, and how many fields.
const MOST_BYTES: usize = 64 * 1024;
const MOST_FIELDS: usize = 100;

/// How much of what a proxy wants is shown.
const SHOWN: usize = 200;

/// Asks for a tunnel to this host, an IPv6 address without its brackets.
pub(super) async fn connect<IO>(
    io: IO,
    server: &ProxyServer,
    host: &str,
    port: u16,
) -> Result<IO, ProxyFailed>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let authority = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let request = request(&authority, server.fields())
        .map_err(|error| ProxyFailed::broken(server, "cannot be asked for this host", Some(error.into())))?;
    let broken = |error: hyper::Error| {
        let what = match () {
            () if error.is_parse_too_large() => "answered CONNECT with too large a head",
            () if error.is_parse() => "answered CONNECT with what is not HTTP",
            () => "ended the connection before it answered CONNECT",
        };
        ProxyFailed::broken(server, what, Some(error.into()))
    };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_BYTES).max_headers(MOST_FIELDS);
    let (mut sender, mut connection) = builder.handshake(TokioIo::new(io)).await.map_err(broken)?;
    let mut answer = pin!(sender.send_request(request));
    let mut ended = None;
    let answer = poll_fn(|cx| {
        if ended.is_none()
            && let Poll::Ready(end) = connection.poll_without_shutdown(cx)
        {
            ended = Some(end);
        }
        answer.as_mut().poll(cx)
    });
    let answer = answer.await.map_err(broken)?;
    if !answer.status().is_success() {
        return Err(refused(server, Some(&authority), answer.status(), answer.headers()));
    }
    match ended {
        Some(end) => end,
        None => poll_fn(|cx| connection.poll_without_shutdown(cx)).await,
    }
    .map_err(broken)?;
    let parts = connection.into_parts();
    // No origin speaks before it is spoken to: these are the proxy's own, and would be taken for the origin's.
    match parts.read_buf.is_empty() {
        true => Ok(parts.io.into_inner()),
        false => Err(ProxyFailed::broken(server, "sent more than the head of its answer to CONNECT", None)),
    }
}

fn request(authority: &str, fields: HeaderMap) -> Result<Request<Empty<Bytes>>, http::Error> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = Uri::builder().authority(authority).build()?;
    *request.headers_mut() = fields;
    request.headers_mut().insert(HOST, HeaderValue::from_str(authority)?);
    Ok(request)
}

/// The proxy said no, in answer to CONNECT for this host or to a request that it was sent.
pub(super) fn refused(
    server: &ProxyServer,
    authority: Option<&str>,
    status: StatusCode,
    fields: &HeaderMap,
) -> ProxyFailed {
    let mut message = format!("{status}, by {server}");
    if let Some(authority) = authority {
        let _ = write!(message, " for {authority}");
    }
    let wants: Vec<_> = fields.get_all(PROXY_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    if !wants.is_empty() {
        let wants = String::from_utf8_lossy(&wants.join(&b", "[..])).into_owned();
        let shown: String = wants.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let _ = write!(message, "; it wants {shown}");
    }
    ProxyFailed::refused(message, Some(status), !is_transient_status(status))
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::proxy::Proxy;

    use super::super::proxied::tests::{ErrorOf, server, through};
    use super::*;

    fn proxy() -> ProxyServer {
        server(Proxy::new("http://me:secret@proxy:3128").expect("a proxy"))
    }

    async fn answered(answer: &[u8]) -> Result<(), ErrorOf> {
        through(proxy(), ("example.com", 443), async |mut other| {
            other.head().await;
            other.say(answer).await;
        })
        .await
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_with_the_proxys_own_fields() {
        for (host, authority) in [
            ("example.com", "example.com:8443"),
            ("::1", "[::1]:8443"),
            ("[::1]", "[::1]:8443"),
            ("10.0.0.1", "10.0.0.1:8443"),
        ] {
            let proxy =
                Proxy::new("http://me:secret@proxy:3128").and_then(|proxy| proxy.header("x-key", "k"));
            let outcome = through(server(proxy.expect("a proxy")), (host, 8443), async |mut other| {
                let head = other.head().await.to_ascii_lowercase();
                let expected = format!("connect {authority} http/1.1\r\n");
                assert!(head.starts_with(&expected), "{head}");
                let mut fields: Vec<_> = head[expected.len()..].trim_end().split("\r\n").collect();
                fields.sort_unstable();
                let host = format!("host: {authority}");
                assert_eq!(fields, [&host, "proxy-authorization: basic bwu6c2vjcmv0", "x-key: k"]);
                other.say(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                other.pong().await;
            });
            outcome.await.expect("a tunnel");
        }
    }

    #[tokio::test]
    async fn any_success_is_a_tunnel_whatever_length_it_claims() {
        for answer in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 299 Sure\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            let outcome = through(proxy(), ("example.com", 443), async |mut other| {
                other.head().await;
                other.say(answer.as_bytes()).await;
                other.pong().await;
            });
            outcome.await.unwrap_or_else(|error| panic!("{answer:?}: {error:?}"));
        }
    }

    #[tokio::test]
    async fn a_refusal_tells_its_status_and_what_is_wanted() {
        for (answer, status, refused, text) in [
            (
                "407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"a\"\r\nproxy-authenticate: Digest",
                407,
                true,
                "407 Proxy Authentication Required, by http://proxy:3128 for example.com:443; it wants Basic realm=\"a\", Digest",
            ),
            (
                "403 No\r\ncontent-length: 5000",
                403,
                true,
                "403 Forbidden, by http://proxy:3128 for example.com:443",
            ),
            ("503 No", 503, false, "503 Service Unavailable, by http://proxy:3128 for example.com:443"),
            (
                "302 No\r\nlocation: http://evil/",
                302,
                true,
                "302 Found, by http://proxy:3128 for example.com:443",
            ),
        ] {
            let answer = format!("HTTP/1.1 {answer}\r\n\r\n");
            let error = answered(answer.as_bytes()).await.expect_err("refused");
            let status = StatusCode::from_u16(status).ok();
            assert_eq!((error.kind, error.text.as_str()), (ErrorKind::Proxy { status, refused }, text));
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_as_the_proxys_failure() {
        let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(2 * MOST_BYTES));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(MOST_FIELDS + 1));
        for (answer, text) in [
            ("", "ended the connection before it answered CONNECT"),
            ("HTTP/1.1 200 OK\r\nx:", "ended the connection before it answered CONNECT"),
            ("SSH-2.0-OpenSSH\r\n\r\n", "answered CONNECT with what is not HTTP"),
            (&large, "answered CONNECT with too large a head"),
            (&many, "answered CONNECT with too large a head"),
            ("HTTP/1.1 200 OK\r\n\r\nextra", "sent more than the head of its answer to CONNECT"),
        ] {
            let error = answered(answer.as_bytes()).await.expect_err(text);
            assert_eq!(error.kind, ErrorKind::Proxy { status: None, refused: false }, "{text}");
            assert!(error.text.starts_with(&format!("http://proxy:3128 {text}")), "{}", error.text);
        }
    }

    #[tokio::test]
    async fn what_a_proxy_wants_is_cut_short() {
        let answer = format!("HTTP/1.1 407 No\r\nproxy-authenticate: {}\r\n\r\n", "x\ty".repeat(10_000));
        let error = answered(answer.as_bytes()).await.expect_err("refused");
        assert!(error.text.len() < SHOWN + 100 && !error.text.contains('\t'), "{}", error.text);
    }
}
