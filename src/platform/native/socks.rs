//! SOCKS5 (RFC 1928), with a user name and password (RFC 1929) or nobody's.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::proxy::ProxyServer;

use super::proxied::ProxyFailed;

const VERSION: u8 = 5;
const CONNECT: u8 = 1;

/// Ways to say who is asking.
const NOBODY: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_WILL_DO: u8 = 0xff;

/// Kinds of addresses.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks for a connection to this host: an address as such, everything else as a name for the proxy to resolve.
pub(super) async fn connect<IO>(
    mut io: IO,
    server: &ProxyServer,
    host: &str,
    port: u16,
) -> Result<IO, ProxyFailed>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let asked = request(host, port)
        .ok_or_else(|| ProxyFailed::refused(format!("{host:?} is too long a name for SOCKS5"), None, true))?;
    let ended = |error: io::Error| {
        ProxyFailed::broken(server, "ended the connection before it answered", Some(error.into()))
    };
    greet(&mut io, server, ended).await?;
    write(&mut io, &asked).await.map_err(ended)?;
    let [version, reply, _, kind] = read(&mut io).await.map_err(ended)?;
    check_version(server, version)?;
    if reply != 0 {
        // A proxy may end the connection here, without the rest.
        return Err(refused(server, host, port, reply));
    }
    // By which address of its own it connects is of no use to anybody.
    match kind {
        IPV4 => read::<6, _>(&mut io).await.map(drop),
        IPV6 => read::<18, _>(&mut io).await.map(drop),
        NAME => skip_name(&mut io).await,
        _ => return Err(no_socks(server)),
    }
    .map_err(ended)?;
    Ok(io)
}

/// Agrees on who is asking, and says so.
async fn greet<IO>(
    io: &mut IO,
    server: &ProxyServer,
    ended: impl Fn(io::Error) -> ProxyFailed,
) -> Result<(), ProxyFailed>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let offer: &[u8] = match server.credentials {
        None => &[VERSION, 1, NOBODY],
        Some(_) => &[VERSION, 2, NOBODY, PASSWORD],
    };
    write(io, offer).await.map_err(&ended)?;
    let [version, chosen] = read(io).await.map_err(&ended)?;
    check_version(server, version)?;
    let no = |why: &str| Err(ProxyFailed::refused(format!("{server} {why}"), None, true));
    match (chosen, &server.credentials) {
        (NOBODY, _) => Ok(()),
        (PASSWORD, Some((user, password))) => {
            write(io, &who(user, password)).await.map_err(&ended)?;
            let [_, status] = read(io).await.map_err(&ended)?;
            if status == 0 { Ok(()) } else { no("does not take the user name and password") }
        }
        (NONE_WILL_DO, None) => no("wants to know who is asking, and no user name is set"),
        (NONE_WILL_DO, Some(_)) => no("takes neither a user name and password nor nobody's"),
        _ => Err(no_socks(server)),
    }
}

/// `Proxy` holds both to 255 bytes.
fn who(user: &[u8], password: &[u8]) -> Vec<u8> {
    let mut who = vec![1];
    for text in [user, password] {
        let text = &text[..text.len().min(255)];
        who.push(text.len() as u8);
        who.extend(text);
    }
    who
}

fn request(host: &str, port: u16) -> Option<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(NAME);
            request.push(u8::try_from(host.len()).ok()?);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Some(request)
}

fn check_version(server: &ProxyServer, version: u8) -> Result<(), ProxyFailed> {
    if version == VERSION { Ok(()) } else { Err(no_socks(server)) }
}

fn no_socks(server: &ProxyServer) -> ProxyFailed {
    ProxyFailed::broken(server, "answered with what is not SOCKS5", None)
}

/// What comes of the origin may be another thing the next time; what the proxy does not allow will not.
fn refused(server: &ProxyServer, host: &str, port: u16, reply: u8) -> ProxyFailed {
    let (what, for_good) = match reply {
        1 => ("general failure", false),
        2 => ("not allowed by its rules", true),
        3 => ("network unreachable", false),
        4 => ("host unreachable", false),
        5 => ("connection refused", false),
        6 => ("TTL expired", false),
        7 => ("it does not support CONNECT", true),
        8 => ("it does not support this type of address", true),
        _ => ("a reply that RFC 1928 does not have", false),
    };
    let message = format!("{what} (reply {reply}), by {server} for {host}:{port}");
    ProxyFailed::refused(message, None, for_good)
}

async fn skip_name(io: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let [length] = read(io).await?;
    let mut rest = [0; 255 + 2];
    io.read_exact(&mut rest[..usize::from(length) + 2]).await.map(drop)
}

/// Exactly as many: what follows is the origin's.
async fn read<const N: usize, IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Flushed, for where TLS lies below.
async fn write(io: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    io.write_all(bytes).await?;
    io.flush().await
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::proxy::Proxy;

    use super::super::proxied::tests::{ErrorOf, Other, server, through};
    use super::*;

    const TARGET: (&str, u16) = ("example.com", 443);
    const GREETING: &[u8] = &[5, 1, 0];
    const REQUEST: &[u8] = b"\x05\x01\0\x03\x0bexample.com\x01\xbb";

    fn proxy(url: &str) -> ProxyServer {
        server(Proxy::new(url).expect("a proxy"))
    }

    async fn agree(other: &mut Other) {
        other.hear(GREETING).await;
        other.say(&[5, NOBODY]).await;
    }

    async fn replied(reply: &[u8]) -> Result<(), ErrorOf> {
        through(proxy("socks5h://proxy"), TARGET, async |mut other| {
            agree(&mut other).await;
            other.hear(REQUEST).await;
            other.say(reply).await;
        })
        .await
    }

    #[tokio::test]
    async fn a_host_is_asked_for_as_what_it_is() {
        for (host, asked) in [
            ("example.com", &b"\x05\x01\0\x03\x0bexample.com\x1f\x90"[..]),
            ("10.1.2.3", &b"\x05\x01\0\x01\x0a\x01\x02\x03\x1f\x90"[..]),
            ("::1", &b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90"[..]),
            ("[::1]", &b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90"[..]),
        ] {
            let outcome = through(proxy("socks5://proxy"), (host, 8080), async |mut other| {
                agree(&mut other).await;
                other.hear(asked).await;
                other.say(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
                other.pong().await;
            });
            outcome.await.unwrap_or_else(|error| panic!("{host}: {error:?}"));
        }
    }

    #[tokio::test]
    async fn the_address_in_the_reply_is_skipped_whatever_kind_it_is() {
        for bound in [
            &[1, 0, 0, 0, 0, 0, 0][..],
            &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &[3, 0, 0, 0][..],
            &[[3, 255].as_slice(), &[b'a'; 257]].concat(),
        ] {
            let outcome = through(proxy("socks5h://proxy"), TARGET, async |mut other| {
                agree(&mut other).await;
                other.hear(REQUEST).await;
                other.say(&[&[5, 0, 0], bound].concat()).await;
                other.pong().await;
            });
            outcome.await.unwrap_or_else(|error| panic!("{bound:?}: {error:?}"));
        }
    }

    #[tokio::test]
    async fn who_is_asking_is_told_where_the_proxy_wants_it() {
        let proxy = proxy("socks5h://me:secret@proxy");
        let wanted = through(proxy.clone(), TARGET, async |mut other| {
            other.hear(&[5, 2, 0, 2]).await;
            other.say(&[5, 2]).await;
            other.hear(b"\x01\x02me\x06secret").await;
            other.say(&[1, 0]).await;
            other.hear(REQUEST).await;
            other.say(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            other.pong().await;
        });
        wanted.await.expect("a connection");
        let unwanted = through(proxy.clone(), TARGET, async |mut other| {
            other.hear(&[5, 2, 0, 2]).await;
            other.say(&[5, 0]).await;
            other.hear(REQUEST).await;
            other.say(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            other.pong().await;
        });
        unwanted.await.expect("a connection");
    }

    #[tokio::test]
    async fn a_proxy_that_does_not_know_who_is_asking_refuses_for_good() {
        let cases: [(&str, &[u8], &[u8], &str); 3] = [
            ("socks5h://me:secret@proxy", &[5, 2], &[1, 1], "does not take the user name and password"),
            ("socks5h://me:secret@proxy", &[5, 0xff], &[], "takes neither"),
            ("socks5h://proxy", &[5, 0xff], &[], "no user name is set"),
        ];
        for (url, chosen, status, text) in cases {
            let outcome = through(proxy(url), TARGET, async |mut other| {
                other.hear(&[5]).await;
                other.say(chosen).await;
                other.say(status).await;
                // It ends the connection only when it has heard all.
                other.rest().await;
            });
            let error = outcome.await.expect_err(text);
            assert_eq!(error.kind, ErrorKind::Proxy { status: None, refused: true });
            assert!(error.text.contains(text), "{}", error.text);
        }
    }

    #[tokio::test]
    async fn each_reply_has_its_words() {
        for (reply, text, refused) in [
            (1, "general failure", false),
            (2, "not allowed by its rules", true),
            (3, "network unreachable", false),
            (4, "host unreachable", false),
            (5, "connection refused", false),
            (6, "TTL expired", false),
            (7, "it does not support CONNECT", true),
            (8, "it does not support this type of address", true),
            (77, "a reply that RFC 1928 does not have", false),
        ] {
            let error = replied(&[5, reply, 0, 1]).await.expect_err(text);
            assert_eq!(error.kind, ErrorKind::Proxy { status: None, refused }, "{text}");
            let expected = format!("{text} (reply {reply}), by socks5h://proxy:1080 for example.com:443");
            assert_eq!(error.text, expected);
        }
    }

    #[tokio::test]
    async fn what_is_not_socks_is_told_as_the_proxys_failure() {
        for (reply, text) in [
            (&b""[..], "ended the connection before it answered"),
            (b"\x05\0", "ended the connection before it answered"),
            (b"\x05\0\0\x01\0", "ended the connection before it answered"),
            (b"\x05\0\0\x03\xffabc", "ended the connection before it answered"),
            (b"\x05\0\0\x09\0\0\0\0", "answered with what is not SOCKS5"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answered with what is not SOCKS5"),
        ] {
            let error = replied(reply).await.expect_err(text);
            assert_eq!(error.kind, ErrorKind::Proxy { status: None, refused: false });
            assert!(error.text.starts_with(&format!("socks5h://proxy:1080 {text}")), "{}", error.text);
        }
        for chosen in [&b"HT"[..], b"\x05\x02", b"\x05\x01", b"\x04\0"] {
            let outcome = through(proxy("socks5h://proxy"), TARGET, async |mut other| {
                other.hear(GREETING).await;
                other.say(chosen).await;
            });
            let error = outcome.await.expect_err("no SOCKS");
            assert!(error.text.ends_with("answered with what is not SOCKS5"), "{}", error.text);
        }
    }

    #[tokio::test]
    async fn a_name_that_socks_cannot_say_is_refused() {
        let host = "a".repeat(256);
        let outcome = through(proxy("socks5h://proxy"), (&host, 1), async |_| {});
        assert_eq!(
            outcome.await.expect_err("too long").kind,
            ErrorKind::Proxy { status: None, refused: true }
        );
    }
}
