//! Many streams at once.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::server::{Server, healthz, resident_kb, within};
use super::upstream::{PIECE, Upstream};
use super::{MOST_HEALTHZ, MOST_KB, is_full, run, streams};

/// Samples of memory, and of `/healthz`, for as long as something lasts.
#[derive(Default)]
struct Watched {
    resident_kb: Vec<u64>,
    healthz: Vec<Duration>,
}

impl Watched {
    /// In a thread of its own, which waits for nothing that is the clients' or the upstream's.
    async fn during(server: &Server, seconds: u64) -> Self {
        let (address, id) = (server.address, server.id());
        let watching = tokio::task::spawn_blocking(move || {
            let (mut watched, until) = (Self::default(), Instant::now() + Duration::from_secs(seconds));
            while Instant::now() < until {
                watched.healthz.push(healthz(address));
                watched.resident_kb.push(resident_kb(id));
                std::thread::sleep(Duration::from_millis(10));
            }
            watched.healthz.sort();
            watched
        });
        watching.await.expect("it was watched to the end")
    }

    /// Says what was seen, for who reads along, and holds it to the bounds.
    fn is_kept(&self, what: &str) {
        let most = self.resident_kb.iter().copied().max().unwrap_or(0);
        let third = |nth: usize| {
            let size = self.resident_kb.len() / 3;
            self.resident_kb[nth * size..][..size].iter().sum::<u64>() / size as u64
        };
        let (first, last) = (third(0), third(2));
        let at = |share: usize| self.healthz[(self.healthz.len() - 1) * share / 100];
        println!(
            "{what}: {most} kB at most, {first} kB and in the end {last} kB; /healthz {:.1?} at the median, {:.1?} at p99, of {}",
            at(50),
            at(99),
            self.healthz.len()
        );
        assert!(most <= MOST_KB, "{what}: {most} kB were resident, more than {MOST_KB}");
        assert!(last <= first + first / 5 + 4096, "{what}: it grew from {first} kB to {last} kB");
        // What else this machine does meanwhile is nobody's fault, but for the full run it is to be quiet.
        assert!(!is_full() || at(99) <= MOST_HEALTHZ, "{what}: /healthz took {:?} at p99", at(99));
    }
}

#[test]
fn many_slow_streams_come_whole_and_take_little() {
    run(async {
        let (server, upstream) = (Server::start(&[]).await, Upstream::start().await);
        let (pieces, pause) = if is_full() { (200, 200) } else { (40, 150) };
        let url = upstream.url(&format!("/slow/{pieces}/{pause}"));
        let mut clients = JoinSet::new();
        for _ in 0..streams() {
            let stream = server.fetches(&url).await;
            clients.spawn(whole(stream, pieces));
        }
        let open = async {
            while upstream.open() < streams() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within("all streams", open).await;
        let seconds = u64::try_from(pieces).expect("a number") * pause / 1000 - 2;
        let watched = Watched::during(&server, seconds.saturating_sub(if is_full() { 5 } else { 1 })).await;
        assert_eq!(upstream.open(), streams(), "some ended early");
        let ended = within("their ends", clients.join_all()).await;
        assert_eq!(ended.iter().filter(|is_whole| **is_whole).count(), streams());
        watched.is_kept(&format!("{} slow streams", streams()));
    });
}

/// Reads it all, and whether it is what was sent.
async fn whole(mut stream: TcpStream, pieces: usize) -> bool {
    let mut bytes = Vec::new();
    if stream.read_to_end(&mut bytes).await.is_err() || !bytes.starts_with(b"HTTP/1.1 200 ") {
        return false;
    }
    let body = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|end| &bytes[end + 4..]);
    body.is_some_and(|body| {
        body.len() == pieces * PIECE.len() && body.chunks(PIECE.len()).all(|piece| piece == PIECE)
    })
}

/// The worst that many clients can do who are sent as much as they take: to take nothing.
#[test]
fn many_clients_that_read_nothing_take_little() {
    run(async {
        let (server, upstream) = (Server::start(&[]).await, Upstream::start().await);
        let mut clients = Vec::new();
        for _ in 0..streams() {
            clients.push(server.fetches(&upstream.url("/flood")).await);
        }
        for client in &mut clients {
            let mut start = [0; 4096];
            let read = within("a head", client.read(&mut start)).await.expect("an answer");
            assert!(start[..read].starts_with(b"HTTP/1.1 200 "));
        }
        let watched = Watched::during(&server, if is_full() { 20 } else { 3 }).await;
        assert_eq!(upstream.open(), streams(), "some were given up");
        watched.is_kept(&format!("{} clients that read nothing", streams()));
    });
}

#[test]
fn each_client_that_goes_away_frees_its_upstream_within_a_second() {
    run(async {
        let (server, upstream) = (Server::start(&[]).await, Upstream::start().await);
        let mut stay = Vec::new();
        for _ in 0..streams() / 2 {
            stay.push(server.fetches(&upstream.url("/slow/100000/200")).await);
        }
        let mut slowest = Duration::ZERO;
        for nth in 0..60 {
            let client = match nth % 4 {
                0 => server.fetches(&upstream.url("/slow/100000/200")).await,
                1 => server.fetches(&upstream.url("/flood")).await,
                2 => server.fetches(&upstream.url("/hang")).await,
                // Whose list has no end yet is not read from, and has to be heard all the same.
                _ => server.is_listed(&upstream.url("/hang")).await,
            };
            let opened = async {
                while upstream.open() <= stay.len() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            within("its upstream", opened).await;
            let since = Instant::now();
            drop(client);
            let freed = async {
                while upstream.open() > stay.len() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            within("its upstream's end", freed).await;
            slowest = slowest.max(since.elapsed());
        }
        println!(
            "60 clients that went away beside {} that stayed: the last upstream was free after {slowest:.1?}",
            stay.len()
        );
        assert!(!is_full() || slowest < Duration::from_secs(1), "{slowest:?}");
    });
}
