//! Below HTTP: connecting and TLS.

use crate::support::{Certificate, Gate, Script, faults};
use crate::visits::Bound;

use super::{Row, Server, Stage};

pub(super) fn connect() -> Vec<Row> {
    let row = |name, server| Row::new(Stage::Connect, name, server);
    vec![
        row("refused", Server::Refusing).seen("connect", "network", "connect"),
        row("neither accepted nor refused", Server::Unanswering)
            .natively_bound(Bound::Connect, "timeout connect")
            .elsewhere_bound(Bound::Total, "timeout total"),
        // Whether the kernel tells it while connecting or afterwards is a matter of timing: it is told as one thing.
        row("reset as soon as it stands", Server::plain(faults::reset_at_once())).seen(
            "disconnected",
            "network",
            "disconnected",
        ),
        row("closed as soon as it stands", Server::plain(Script::new().close())).seen(
            "disconnected",
            "network",
            "disconnected",
        ),
    ]
}

pub(super) fn tls() -> Vec<Row> {
    let row = |name, server| Row::new(Stage::Tls, name, server);
    let wrong = |name, certificate| {
        row(name, Server::Tls { certificate, alpn: &["h2", "http/1.1"], client_auth: false, scripts: fine() })
            .seen("tls", "network", "tls")
    };
    vec![
        row("plain HTTP where TLS is expected", Server::NoTls(faults::plain_where_tls()))
            .seen("tls", "network", "tls"),
        row("another protocol's greeting", Server::NoTls(faults::other_protocol()))
            .seen("tls", "network", "tls"),
        row("closed after the client's hello", Server::NoTls(hello().close())).seen(
            "disconnected",
            "network",
            "disconnected",
        ),
        row("closed inside the server's hello", Server::NoTls(hello().send(&SERVER_HELLO[..20]).close()))
            .seen("disconnected", "network", "disconnected"),
        row("reset after the client's hello", Server::NoTls(hello().reset())).seen(
            "disconnected",
            "network",
            "disconnected",
        ),
        row("reset inside the server's hello", Server::NoTls(hello().send(&SERVER_HELLO[..20]).reset()))
            .seen("disconnected", "network", "disconnected"),
        // `handshake_failure` (RFC 8446, section 6).
        row("an alert for an answer", Server::NoTls(hello().send(&[21, 3, 3, 0, 2, 2, 40][..]).close()))
            .seen("tls", "network", "tls"),
        row("a hello that is none", Server::NoTls(hello().send(&[22, 3, 3, 0, 4, 2, 0, 0, 0][..]).close()))
            .seen("tls", "network", "tls"),
        row("a hello of TLS 1.0", Server::NoTls(hello().send(SERVER_HELLO).close()))
            .seen("tls", "network", "tls"),
        row("silent after the client's hello", Server::NoTls(hello().expect_close()))
            .natively_bound(Bound::Connect, "timeout connect")
            .elsewhere_bound(Bound::Total, "timeout total"),
        row(
            "silent inside the server's hello",
            Server::NoTls(hello().send(&SERVER_HELLO[..20]).expect_close()),
        )
        .natively_bound(Bound::Connect, "timeout connect"),
        row("the client's hello is never read", Server::NoTls(Script::new().deaf(&Gate::new())))
            .natively_bound(Bound::Connect, "timeout connect"),
        wrong("a certificate of another name", Certificate::WrongHost),
        wrong("an expired certificate", Certificate::Expired),
        wrong("a certificate that is not yet valid", Certificate::NotYetValid),
        wrong("a self-signed certificate", Certificate::SelfSigned),
        wrong("a certificate of an unknown CA", Certificate::Untrusted),
        row("no protocol in common", secure(&["spdy/3"], false)).seen("tls", "network", "tls"),
        // By TLS 1.3 the client may have sent its request when it is told. Once hyper has read that, requests not yet
        // sent are told no more than that the connection is closed.
        row("a client's certificate wanted, HTTP/1.1", secure(&["http/1.1"], true))
            .natively("tls/disconnected"),
        row("a client's certificate wanted, HTTP/2", secure(&["h2"], true)).natively("tls/disconnected"),
        row("nothing, HTTP/1.1", secure(&["http/1.1"], false)).natively("ok"),
        row("nothing, no ALPN", secure(&[], false)).natively("ok"),
    ]
}

fn hello() -> Script {
    // A record's head and the start of what is in it: all that is sure to have come at once.
    Script::new().step(crate::support::Step::ReadBytes(64))
}

fn secure(alpn: &'static [&'static str], client_auth: bool) -> Server {
    Server::Tls { certificate: Certificate::Valid, alpn, client_auth, scripts: fine() }
}

fn fine() -> Vec<Script> {
    vec![faults::pages("<title>Fine</title>")]
}

/// A record with a server's hello by TLS 1.0, which nobody speaks any more.
const SERVER_HELLO: &[u8] = &[
    22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0xc0, 0x13, 0,
];
