//! What is read here and what multer reads, which nobody here wrote: the same of sound bodies, however they are cut, and
//! of damaged ones wherever both take them.

use bytes::Bytes;
use dualfetch::multipart::Reader;
use dualfetch::platform::scripted::Scripted;
use dualfetch::{HeaderMap, Result};
use futures_util::stream;

const BOUNDARY: &str = "b-0";

/// Header fields and content.
type Part = (Vec<(String, Vec<u8>)>, Vec<u8>);

#[test]
fn sound_bodies_are_read_as_multer_reads_them_wherever_they_are_cut() {
    let mut parts = 0;
    for seed in 0..1000 {
        let mut chance = Chance(seed);
        let body = chance.body();
        let ours = ours(&body, &mut chance).expect("sound");
        assert_eq!(Some(&ours), theirs(&body).as_ref(), "{}", body.escape_ascii());
        parts += ours.len();
    }
    assert!(parts > 2000, "{parts} parts");
}

#[test]
fn damaged_bodies_are_read_the_same_wherever_they_are_cut_and_never_otherwise_than_by_multer() {
    let (mut sound, mut broken) = (0, 0);
    for seed in 0..4000 {
        let mut chance = Chance(seed);
        let body = chance.damaged();
        let told = |result: Result<Vec<Part>>| result.map_err(|error| error.to_string());
        let whole = told(read(&[&body]));
        for _ in 0..3 {
            assert_eq!(told(ours(&body, &mut chance)), whole, "{}", body.escape_ascii());
        }
        match (whole, theirs(&body)) {
            (Ok(ours), Some(theirs)) if !is_told_apart(&body) => {
                assert_eq!(ours, theirs, "{}", body.escape_ascii());
                sound += 1;
            }
            (Ok(_), _) => {}
            (Err(_), _) => broken += 1,
        }
    }
    assert!(sound > 1000 && broken > 300, "{sound} sound, {broken} broken");
}

/// Where the two differ on purpose: a part that ends with its header fields, and a first boundary within a line, which
/// multer takes for content and for a boundary.
fn is_told_apart(body: &[u8]) -> bool {
    let empty = format!("\r\n\r\n--{BOUNDARY}");
    body.windows(empty.len()).any(|window| window == empty.as_bytes())
        || !body.starts_with(format!("--{BOUNDARY}").as_bytes())
}

fn ours(body: &[u8], chance: &mut Chance) -> Result<Vec<Part>> {
    let mut rest = body;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((1 + chance.below(40)).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    read(&pieces)
}

fn read(pieces: &[&[u8]]) -> Result<Vec<Part>> {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    Scripted::new(1).run(async {
        let mut parts =
            Reader::new(&format!("multipart/form-data; boundary={BOUNDARY}"), stream::iter(pieces))?;
        let mut told = Vec::new();
        while let Some(part) = parts.next().await? {
            let fields = fields(part.headers());
            told.push((fields, part.bytes().await?.to_vec()));
        }
        Ok(told)
    })
}

/// `None` where multer refuses it.
fn theirs(body: &[u8]) -> Option<Vec<Part>> {
    let body = Bytes::copy_from_slice(body);
    Scripted::new(1).run(async {
        let mut parts = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), BOUNDARY);
        let mut told = Vec::new();
        while let Some(part) = parts.next_field().await.ok()? {
            let fields = fields(part.headers());
            told.push((fields, part.bytes().await.ok()?.to_vec()));
        }
        Some(told)
    })
}

fn fields(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

/// A splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("small")
    }

    fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..self.below(7) {
            body.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
            if self.below(4) > 0 {
                let name = ["a", "two words", "ü", "x=y"][self.below(4)];
                body.extend_from_slice(
                    format!("Content-Disposition: form-data; name=\"{name}\"\r\n").as_bytes(),
                );
            } else {
                body.extend_from_slice(b"X: y\r\n");
            }
            if self.below(2) == 0 {
                body.extend_from_slice(b"content-type:text/plain \r\n");
            }
            body.extend_from_slice(b"\r\n");
            // Not at once a line end and hyphens: see `is_told_apart`.
            body.push(b'.');
            for _ in 0..self.below(12) {
                let piece: &[u8] = [
                    b"\r\n".as_slice(),
                    b"\r",
                    b"\n",
                    b"-",
                    b"--",
                    b"\r\n--",
                    b"\r\n--b",
                    b"\r\n--b-",
                    b"b-1",
                    b"\xff",
                    b"text",
                ][self.below(11)];
                body.extend_from_slice(piece);
            }
            // What would go on as a boundary.
            body.extend_from_slice(b".\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--").as_bytes());
        body.extend_from_slice([b"".as_slice(), b"\r\n", b"\r\nepilogue", b" "][self.below(4)]);
        body
    }

    fn damaged(&mut self) -> Vec<u8> {
        let mut body = self.body();
        for _ in 0..=self.below(2) {
            let at = self.below(body.len());
            match self.below(4) {
                0 => {
                    body.remove(at);
                }
                1 => body[at] = b"\r\n-b0: "[self.below(7)],
                2 => body.insert(at, b"\r\n-b0: "[self.below(7)]),
                _ if self.below(4) == 0 => body.truncate(at),
                _ => {}
            }
            if body.is_empty() {
                body.push(b'-');
            }
        }
        body
    }
}
