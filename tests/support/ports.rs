//! Ports on which no server speaks.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A port that refuses every connection: bound, so that nobody else gets it, but not listening.
#[derive(Debug)]
pub struct Refusing {
    _socket: TcpSocket,
    address: SocketAddr,
}

impl Refusing {
    pub fn new() -> Self {
        let (socket, address) = bound();
        Self { _socket: socket, address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Default for Refusing {
    fn default() -> Self {
        Self::new()
    }
}

/// A port on which connecting neither succeeds nor fails: its accept queue is full and nobody accepts, so the
/// kernel drops each further SYN. (Linux; elsewhere a full queue may refuse.)
#[derive(Debug)]
pub struct Unanswering {
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
    address: SocketAddr,
}

impl Unanswering {
    pub async fn start() -> Self {
        let (socket, address) = bound();
        let listener = socket.listen(1).expect("listen on a loopback port");
        let mut queued = Vec::new();
        // A loopback connection that is not made within this time was not put in the queue.
        while let Ok(connected) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            queued.push(connected.expect("fill the accept queue"));
            assert!(queued.len() < 64, "this system does not bound its accept queue");
        }
        Self { _listener: listener, _queued: queued, address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn bound() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("bind a loopback port");
    let address = socket.local_addr().expect("the bound address");
    (socket, address)
}
