//! A server on bare sockets that gives ranges of a file, takes uploads, and cuts connections off in places of its choice.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ring::digest;

/// Numbers by chance, the same ones each time.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) % bound
    }
}

pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    length: u64,
    /// After how many bytes of its body each of the next messages is cut off.
    cuts: Mutex<VecDeque<u64>>,
    requests: AtomicUsize,
    uploaded: Mutex<Vec<String>>,
}

impl Server {
    /// Serves this file, and cuts off so many of the first transfers of it.
    pub fn start(path: &Path, cuts: usize, seed: u64) -> Self {
        let length = std::fs::metadata(path).expect("the file").len();
        let mut chance = Chance::new(seed);
        // Short enough for each transfer to reach its place before the file is whole.
        let cuts = (0..cuts).map(|_| chance.below(length / 2 / cuts.max(1) as u64)).collect();
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            length,
            cuts: Mutex::new(cuts),
            requests: AtomicUsize::new(0),
            uploaded: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    pub fn cuts_left(&self) -> usize {
        self.shared.cuts.lock().expect("no panic").len()
    }

    /// What came whole, hashed.
    pub fn uploaded(&self) -> Vec<String> {
        self.shared.uploaded.lock().expect("no panic").clone()
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::with_capacity(64 * 1024, stream);
        while let Ok(Some(head)) = read_head(&mut reader) {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let answered = match head[0].split(' ').next() {
                Some("PUT") => self.take(&head, &mut reader, stream),
                _ => self.give(&head, stream),
            };
            if answered.is_err() {
                return;
            }
        }
    }

    fn give(&self, head: &[String], mut stream: &TcpStream) -> io::Result<()> {
        let range = field(head, "range").filter(|_| field(head, "if-range") == Some(TAG));
        let (from, to) = range.and_then(|range| self.range(range)).unwrap_or((0, self.length));
        let count = to - from;
        let status = match range {
            Some(_) => {
                format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", to - 1, self.length)
            }
            None => "200 OK".to_owned(),
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nETag: {TAG}\r\nAccept-Ranges: bytes\r\nContent-Length: {count}\r\n\r\n"
        )?;
        let cut = self.cuts.lock().expect("no panic").pop_front();
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        let sent = cut.map_or(count, |cut| cut.min(count));
        copy(&mut file.take(sent), &mut stream, |_| {})?;
        if cut.is_some() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    fn range(&self, range: &str) -> Option<(u64, u64)> {
        let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse().ok()?, last.parse::<u64>().map_or(self.length, |last| last + 1)))
    }

    fn take(&self, head: &[String], reader: &mut impl Read, mut stream: &TcpStream) -> io::Result<()> {
        let length: u64 =
            field(head, "content-length").and_then(|value| value.parse().ok()).expect("a length");
        if head[0].contains("/moved") {
            io::copy(&mut reader.take(length), &mut io::sink())?;
            return stream.write_all(b"HTTP/1.1 307 Moved\r\nLocation: /upload\r\nContent-Length: 0\r\n\r\n");
        }
        let cut = self.cuts.lock().expect("no panic").pop_front();
        let (count, hash) = sha256_of(reader, cut.unwrap_or(length));
        if count < length {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.uploaded.lock().expect("no panic").push(hash);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }
}

const TAG: &str = "\"one\"";

/// The request line and the fields.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Vec<String>>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => return Ok(Some(head)),
            line => head.push(line.to_owned()),
        }
    }
}

fn field<'h>(head: &'h [String], name: &str) -> Option<&'h str> {
    let mut fields = head.iter().filter_map(|line| line.split_once(':'));
    fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// How many bytes came, at most so many, and what they hash to.
pub fn sha256_of(reader: impl Read, most: u64) -> (u64, String) {
    let mut context = digest::Context::new(&digest::SHA256);
    let count =
        copy(&mut reader.take(most), &mut io::sink(), |piece| context.update(piece)).expect("it is read");
    let hash = context.finish();
    (count, hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn copy(from: &mut impl Read, to: &mut impl Write, mut seen: impl FnMut(&[u8])) -> io::Result<u64> {
    let (mut buffer, mut count) = (vec![0; 128 * 1024], 0);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(count),
            read => {
                seen(&buffer[..read]);
                to.write_all(&buffer[..read])?;
                count += read as u64;
            }
        }
    }
}
