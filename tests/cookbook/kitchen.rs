// What docs/cookbook.md's Rust programs run against: each includes this file, and has a server of its own on the
// loopback, over TLS, that is all of `*.example`. Small on purpose, for it is compiled once for each of them.

#[allow(dead_code, unused_imports, clippy::disallowed_methods)]
mod kitchen {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, OnceLock};
    use std::time::{Duration, Instant};

    use dualfetch::tls::Tls;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::rustls::server::WebPkiClientVerifier;
    use tokio_rustls::rustls::{RootCertStore, ServerConfig};

    /// A session whose names are the kitchen's.
    pub trait AtHome {
        fn at_home(self) -> Self;
    }

    impl AtHome for dualfetch::Config {
        fn at_home(self) -> Self {
            self.tls(Tls::new().add_roots(&kitchen().ca)).there()
        }
    }

    /// The names alone, for a program that says itself whom it trusts.
    pub trait There {
        fn there(self) -> Self;
    }

    impl There for dualfetch::Config {
        fn there(self) -> Self {
            HOSTS.iter().fold(self, |config, host| config.resolve(format!("{host}.example"), [address()]))
        }
    }

    const HOSTS: [&str; 8] = ["api", "blog", "files", "login", "news", "proxy", "shop", "vault"];

    /// A request as the kitchen saw it.
    #[derive(Clone, Debug)]
    pub struct Asked {
        pub at: Instant,
        pub method: String,
        /// Host, path and query.
        pub url: String,
        pub headers: BTreeMap<String, String>,
        pub body: Vec<u8>,
    }

    impl Asked {
        pub fn header(&self, name: &str) -> &str {
            self.headers.get(name).map_or("", String::as_str)
        }

        pub fn text(&self) -> String {
            String::from_utf8_lossy(&self.body).into_owned()
        }
    }

    /// What was asked so far, each as `GET shop.example/1`.
    pub fn asked() -> Vec<String> {
        requests().iter().map(|asked| format!("{} {}", asked.method, asked.url)).collect()
    }

    pub fn requests() -> Vec<Asked> {
        kitchen().seen.lock().unwrap().clone()
    }

    /// The most requests that were under way at once.
    pub fn peak() -> usize {
        kitchen().busy.lock().unwrap().1
    }

    pub fn address() -> std::net::SocketAddr {
        ([127, 0, 0, 1], kitchen().port).into()
    }

    /// A new folder, which is the current one from here on, and gone with the value. Each program is a process.
    pub fn in_a_folder() -> Folder {
        let folder = std::env::temp_dir().join(format!("dualfetch-kitchen-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::env::set_current_dir(&folder).unwrap();
        Folder(folder)
    }

    pub struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Writes the CA's certificate, and a client's with its key.
    pub fn write_certificates() {
        let kitchen = kitchen();
        std::fs::write("ca.pem", &kitchen.ca).unwrap();
        std::fs::write("me.pem", &kitchen.client.0).unwrap();
        std::fs::write("me.key", &kitchen.client.1).unwrap();
    }

    struct Kitchen {
        port: u16,
        ca: String,
        client: (String, String),
        seen: Mutex<Vec<Asked>>,
        /// Now, and at most.
        busy: Mutex<(usize, usize)>,
    }

    fn kitchen() -> &'static Kitchen {
        static KITCHEN: OnceLock<Arc<Kitchen>> = OnceLock::new();
        KITCHEN.get_or_init(open)
    }

    fn open() -> Arc<Kitchen> {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let signed = |names: Vec<String>| {
            let (params, key) = (CertificateParams::new(names).unwrap(), KeyPair::generate().unwrap());
            (params.signed_by(&key, &ca).unwrap(), key)
        };
        let (certificate, key) = signed(HOSTS.map(|host| format!("{host}.example")).to_vec());
        let (client, client_key) = signed(vec!["me".to_owned()]);
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.allow_unauthenticated().build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let kitchen = Arc::new(Kitchen {
            port: listener.local_addr().unwrap().port(),
            ca: ca.pem(),
            client: (client.pem(), client_key.serialize_pem()),
            seen: Mutex::default(),
            busy: Mutex::default(),
        });
        let (at_work, acceptor) = (Arc::clone(&kitchen), TlsAcceptor::from(Arc::new(config)));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(taken(Arc::clone(&at_work), acceptor.clone(), stream));
                }
            });
        });
        kitchen
    }

    /// A connection: over TLS, or of one who takes this for a proxy and asks for a tunnel first.
    async fn taken(kitchen: Arc<Kitchen>, acceptor: TlsAcceptor, mut stream: TcpStream) {
        let mut first = [0];
        if stream.peek(&mut first).await.is_ok() && first == *b"C" {
            let mut lines = BufReader::new(&mut stream).lines();
            while let Ok(Some(line)) = lines.next_line().await
                && !line.is_empty()
            {
                if let Some(rest) = line.strip_prefix("CONNECT ") {
                    let url = rest.split(' ').next().unwrap_or_default().to_owned();
                    let (at, method) = (Instant::now(), "CONNECT".to_owned());
                    let asked = Asked { at, method, url, headers: BTreeMap::new(), body: Vec::new() };
                    kitchen.seen.lock().unwrap().push(asked);
                }
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        }
        if let Ok(stream) = acceptor.accept(stream).await {
            let known = stream.get_ref().1.peer_certificates().is_some();
            let _ = served(&kitchen, BufReader::new(stream), known).await;
        }
    }

    async fn served<S>(kitchen: &Kitchen, mut stream: BufReader<S>, known: bool) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(asked) = read(&mut stream).await? {
            {
                let mut busy = kitchen.busy.lock().unwrap();
                busy.0 += 1;
                busy.1 = busy.1.max(busy.0);
            }
            let before = {
                let mut seen = kitchen.seen.lock().unwrap();
                let before = seen.iter().filter(|other| other.url == asked.url).count();
                seen.push(asked.clone());
                before
            };
            let plate = super::menu::plate(&asked, before, known);
            tokio::time::sleep(plate.after).await;
            // Before the answer: whoever has it may ask anew at once.
            kitchen.busy.lock().unwrap().0 -= 1;
            stream.write_all(&plate.head()).await?;
            for part in &plate.parts {
                stream.write_all(part).await?;
                stream.flush().await?;
            }
            if plate.cut {
                break;
            }
        }
        stream.shutdown().await
    }

    async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<Asked>> {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = Vec::new();
        if let Some(length) = headers.get("content-length") {
            body.resize(length.parse().unwrap(), 0);
            stream.read_exact(&mut body).await?;
        } else if headers.contains_key("transfer-encoding") {
            loop {
                let mut size = String::new();
                stream.read_line(&mut size).await?;
                let size = usize::from_str_radix(size.trim(), 16).unwrap();
                let from = body.len();
                body.resize(from + size, 0);
                stream.read_exact(&mut body[from..]).await?;
                stream.read_line(&mut String::new()).await?;
                if size == 0 {
                    break;
                }
            }
        }
        let host = headers.get("host").map_or("", String::as_str);
        let url = format!("{host}{target}");
        Ok(Some(Asked { at: Instant::now(), method, url, headers, body }))
    }

    /// An answer.
    pub struct Plate {
        pub status: u16,
        pub headers: Vec<(&'static str, String)>,
        pub parts: Vec<Vec<u8>>,
        pub after: Duration,
        /// Whether the connection ends with it, however long it was said to be.
        pub cut: bool,
    }

    impl Plate {
        pub fn new(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Self {
            let body = body.as_ref().to_vec();
            let headers = vec![("content-type", kind.to_owned()), ("content-length", body.len().to_string())];
            Self { status, headers, parts: vec![body], after: Duration::ZERO, cut: false }
        }

        pub fn html(page: impl AsRef<[u8]>) -> Self {
            Self::new(200, "text/html; charset=utf-8", page)
        }

        pub fn json(value: impl AsRef<[u8]>) -> Self {
            Self::new(200, "application/json", value)
        }

        pub fn text(text: impl AsRef<[u8]>) -> Self {
            Self::new(200, "text/plain", text)
        }

        pub fn events(stream: &str) -> Self {
            Self::new(200, "text/event-stream", stream)
        }

        pub fn status(mut self, status: u16) -> Self {
            self.status = status;
            self
        }

        pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
            self.headers.push((name, value.into()));
            self
        }

        pub fn after(mut self, milliseconds: u64) -> Self {
            self.after = Duration::from_millis(milliseconds);
            self
        }

        fn head(&self) -> Vec<u8> {
            let mut head = format!("HTTP/1.1 {} Dish\r\n", self.status);
            for (name, value) in &self.headers {
                head += &format!("{name}: {value}\r\n");
            }
            (head + "\r\n").into_bytes()
        }
    }
}

#[allow(unused_imports)]
use kitchen::{AtHome as _, There as _};
include!("menu.rs");
