//! What one client of `serve` may take: connections, streams, memory, a connection that it has left without a word.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::served::{LOCAL, Served, answer, request};
use crate::support::h2::{
    self, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, REFUSED_STREAM, RST_STREAM, SETTINGS,
};
use crate::support::{CountingServer, PlainClient, within};

/// Speaks HTTP/2 and says no more than it is told to.
async fn connect(server: &Served) -> PlainClient {
    let mut client = PlainClient::connect(server.address).await;
    client.send([PREFACE, &h2::settings(&[])].concat()).await;
    client
}

fn get(stream: u32, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    // `:method: GET`, `:scheme: http`, then `:path` and `:authority` by their places in the table (RFC 7541, appendix A).
    let mut block = vec![0x82, 0x86, 0x04];
    h2::text(&mut block, path);
    block.push(0x01);
    h2::text(&mut block, "127.0.0.1");
    block.extend(h2::block(fields));
    h2::frame(HEADERS, END_HEADERS | END_STREAM, stream, &block).to_vec()
}

/// The next frame: kind, stream, and payload. None at the end.
async fn frame(client: &mut PlainClient) -> Option<(u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    client.0.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut payload = vec![0; length];
    client.0.read_exact(&mut payload).await.ok()?;
    Some((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_a_client_that_does_not_answer_a_ping_is_gone() {
    let upstream = CountingServer::start().await;
    let server =
        Served::start(&[&LOCAL[..], &["--idle-timeout", "300ms", "--timeout", "none"]].concat()).await;
    let mut client = connect(&server).await;
    client.send(get(1, &Served::fetch(&upstream.url(0, "/hang")), &[])).await;
    upstream.wait_in_flight(1).await;
    let mut kinds = Vec::new();
    let gone = async {
        while let Some((kind, ..)) = frame(&mut client).await {
            kinds.push(kind);
        }
    };
    within("its end", || server.log(), gone).await;
    assert!(kinds.contains(&PING), "it was asked: {kinds:?}");
    upstream.wait_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_more_requests_at_once_than_128_are_refused() {
    let upstream = CountingServer::start().await;
    let server = Served::start(&[&LOCAL[..], &["--queue-timeout", "none"]].concat()).await;
    let mut client = connect(&server).await;
    let path = Served::fetch(&upstream.url(0, "/hang"));
    for stream in 0..129 {
        client.send(get(2 * stream + 1, &path, &[])).await;
    }
    let (mut told, mut refused) = (None, None);
    let seen = async {
        while refused.is_none() {
            match frame(&mut client).await.expect("it goes on") {
                (SETTINGS, _, payload) if !payload.is_empty() => {
                    told = payload.chunks(6).find(|one| one[..2] == [0, 3]).map(|one| one[2..].to_vec());
                }
                (RST_STREAM, stream, payload) => refused = Some((stream, payload)),
                _ => {}
            }
        }
    };
    within("a refusal", || server.log(), seen).await;
    assert_eq!(told, Some(128_u32.to_be_bytes().to_vec()), "it is told beforehand");
    assert_eq!(refused, Some((257, REFUSED_STREAM.to_be_bytes().to_vec())));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections_and_gets_another_when_one_has_ended() {
    let server = Served::start(&["--max-connections-per-address", "2"]).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = PlainClient::get(server.address, "/healthz").await;
        client.response().await;
        held.push(client);
    }
    let mut third = PlainClient::connect(server.address).await;
    assert_eq!(third.rest().await.0, b"");
    server.tells("max_connections_per_address allows", 1).await;
    for client in &mut held {
        client.ask("GET", "/healthz").await;
        client.response().await;
    }
    held.pop();
    let served = async {
        loop {
            let mut client = PlainClient::connect(server.address).await;
            let _ = client.0.write_all(request("/healthz", "Connection: close\r\n").as_bytes()).await;
            let (bytes, _) = client.rest().await;
            if !bytes.is_empty() {
                return answer(&bytes).0;
            }
        }
    };
    assert_eq!(within("a place", || server.log(), served).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_16_kib_at_most() {
    let server = Served::start(&[]).await;
    for (length, status) in [(15_000, 200), (17_000, 431)] {
        let field = "b".repeat(length);
        let mut client = PlainClient::connect(server.address).await;
        let _ = client
            .0
            .write_all(request("/healthz", &format!("Connection: close\r\na: {field}\r\n")).as_bytes())
            .await;
        assert_eq!(answer(&client.rest().await.0).0, status, "{length}");

        let mut client = connect(&server).await;
        let whole = get(1, "/healthz", &[("a", &field)]);
        // A frame has 16 KiB at most, too.
        let (first, rest) = whole[9..].split_at((whole.len() - 9).min(12_000));
        client.send(h2::frame(HEADERS, END_STREAM, 1, first)).await;
        client.send(h2::frame(h2::CONTINUATION, END_HEADERS, 1, rest)).await;
        let told = async {
            loop {
                if let (HEADERS, 1, payload) = frame(&mut client).await.expect("an answer") {
                    return payload[0];
                }
            }
        };
        // `:status: 200` by its place in the table, or another one written out.
        let is_fine = within("an answer", || server.log(), told).await == 0x88;
        assert_eq!(is_fine, status == 200, "{length}");
    }
}
